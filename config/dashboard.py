"""The pages of RQ's queues, for the platform's superusers only.

django-rq asks for is_staff, which every member of a salon has: whoever passes could empty a queue.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import django_rq.urls
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern

View = Callable[..., HttpResponseBase]


def platform_only(view: View) -> View:
    """Let platform superusers pass; others get 403, strangers the login page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (request.user.is_active and request.user.is_superuser):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def _guarded(pattern: URLPattern) -> URLPattern:
    return URLPattern(
        pattern.pattern, platform_only(pattern.callback), pattern.default_args, pattern.name
    )


app_name = "django_rq"  # its own pages reverse their names in this namespace
urlpatterns = [_guarded(pattern) for pattern in django_rq.urls.urlpatterns]
