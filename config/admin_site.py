"""The admin's site: who lists all models, with the visitor's rights to each? The page that asks.

Django lists them for every page, a twelfth of its work; here the menu (config.menu) stands on all
pages, and the list on the first one only.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import sites
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from unfold.apps import BasicAppConfig
from unfold.sites import UnfoldAdminSite


class Site(UnfoldAdminSite):  # type: ignore[misc]  # unfold has no types
    """The admin, with a list of models that waits until it is read."""

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """List the models by room, or those of one; a list in either case."""
        listed = super().get_app_list
        if app_label is not None:
            return listed(request, app_label)
        return SimpleLazyObject(lambda: listed(request))


class LookConfig(BasicAppConfig):  # type: ignore[misc]  # unfold has no types
    """Unfold, with our site."""

    def ready(self) -> None:
        """Put it in Django's place, before the models' pages are registered."""
        admin.site = sites.site = Site()
