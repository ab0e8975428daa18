"""Whom does a visitor mean? The one client whose key, name, phone or e-mail the words fit."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from tenants.errors import InvalidFields
from tenants.models import Subscriber
from tenants.permissions import standing


def client_key(request: HttpRequest, words: str, mode: str) -> str:
    """Give the client's key. Raises InvalidFields, in the visitor's language.

    Who may not see clients must know the key.
    """
    rows = Subscriber.objects.filter(mode=mode)
    if rows.filter(subscriber_id=words).exists():
        return words
    found = _found(request, rows, words) if standing(request).may("view", "clients") else []
    if len(found) == 1:
        return found[0]
    refusal = _several() if found else _("There is no client “%(words)s”.") % {"words": words}
    raise InvalidFields(refusal, errors={"client": [refusal]})


def _found(request: HttpRequest, rows: QuerySet[Subscriber], words: str) -> list[str]:
    if not words:
        return []
    searched = admin.site.get_model_admin(Subscriber).get_search_results(request, rows, words)[0]
    return list(searched.values_list("subscriber_id", flat=True).distinct()[:2])


def _several() -> str:
    return _("Several clients fit: write the whole phone, e-mail or key.")
