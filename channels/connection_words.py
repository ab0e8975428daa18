"""What is a salon told about its provider's callbacks, and what should it do?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from channels.field_words import name_of
from channels.models import ProviderAccount
from channels.registering import Connection, status
from channels.registry import ADAPTERS

_WORDS: Mapping[str, Any] = {
    "silent": _("%(provider)s does not call back."),
    "manual": _("%(provider)s is told this address by hand: %(place)s."),
    "waiting": _("%(provider)s is told this address within a minute."),
    "no_https": _(
        "Providers call addresses that begin with https:// only, and the platform's own does not. "
        "The operator sets PUBLIC_URL."
    ),
    "refused": _(
        "%(provider)s refuses to call this address (%(reason)s). Check the account's keys and "
        "their rights, and this place: %(place)s."
    ),
    "unreachable": _(
        "%(provider)s could not be reached (%(reason)s). We try again every few minutes."
    ),
}
_CONNECTED = _("%(provider)s calls this address.")
_SINCE = _("%(provider)s calls this address: told on %(moment)s.")
_ANY_PLACE = _("in the settings of its webhooks")


def standing(row: ProviderAccount) -> str:
    """Say how an account stands, in the visitor's language."""
    return words(row, status(row))


def words(row: ProviderAccount, connection: Connection) -> str:
    """Say what came of connecting, or what stands, in the visitor's language."""
    told = {"provider": name_of(row.provider), "reason": connection.reason, "place": _place(row)}
    if connection.state in _WORDS:
        return str(_WORDS[connection.state] % told)
    if row.connected_at is None:
        return str(_CONNECTED % told)
    moment = date_format(localtime(row.connected_at), "SHORT_DATETIME_FORMAT")
    return str(_SINCE % (told | {"moment": moment}))


def _place(row: ProviderAccount) -> str:
    russian, english = ADAPTERS[row.provider].callback_place
    place = russian if (get_language() or "").startswith("ru") else english
    return place or str(_ANY_PLACE)
