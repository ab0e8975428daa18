"""What should be done about an account that its provider refuses: which fields, found where?"""

from __future__ import annotations

from uuid import UUID

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from channels.credentials import is_required
from channels.field_words import LABELS, hint, name_of
from channels.models import DefaultIntegration, Integration, ProviderAccount
from channels.registry import ADAPTERS
from tenants.scope import tenant_scope

_REFUSED = _("%(provider)s refuses the account “%(account)s” (%(reason)s).")
_CHECK = _("Check %(field)s.")
_FOUND = _("Check %(field)s: %(where)s.")
_PAID = _("See at the provider whether the account is locked or unpaid.")
_THEN = _("Then: Channels, “%(account)s”, Save and check.")
_THEN_PLATFORM = _("Then the platform's staff: Default channels, “%(account)s”, Save and check.")


def advice(tenant_id: UUID, language: str) -> list[str]:
    """Say what to do about each account that a salon uses and its provider refuses."""
    paused = {"state": ProviderAccount.State.PAUSED}
    with tenant_scope(tenant_id):
        own = list(Integration.objects.filter(tenant_id=tenant_id, **paused))
        kinds = Integration.objects.filter(tenant_id=tenant_id).values_list("kind", flat=True)
        lent = DefaultIntegration.objects.filter(**paused).exclude(kind__in=list(kinds))
        rows: list[ProviderAccount] = [*own, *lent.defer("credentials")]
    with translation.override(language):
        return [line for row in rows if row.provider in ADAPTERS for line in _lines(row, language)]


def _lines(row: ProviderAccount, language: str) -> list[str]:
    outcome, _colon, words = row.state_reason.partition(": ")
    is_told = outcome in ("auth_pause", "provider_pause")  # by the engine; a check gives words only
    known = {
        "provider": name_of(row.provider),
        "account": row.name,
        "reason": words if is_told else row.state_reason,
    }
    then = _THEN_PLATFORM if isinstance(row, DefaultIntegration) else _THEN
    todo = [_PAID] if outcome == "provider_pause" else _fields(row.provider, language)
    return [str(_REFUSED % known), *map(str, todo), str(then % known)]


def _fields(provider: str, language: str) -> list[str]:
    """Name what proves who we are: secrets, and what has a hint; else all that must be there."""
    adapter = ADAPTERS[provider]
    sent = [name for name in adapter.fields if name not in adapter.for_callbacks]
    wheres = {name: hint(provider, name, language) for name in sent}
    named = [
        name
        for name in sent
        if wheres[name] or (adapter.fields[name] and name not in adapter.generated)
    ] or [name for name in sent if is_required(adapter, name)]
    return [_told(name, wheres[name]) for name in named]


def _told(name: str, where: str) -> str:
    params = {"field": f"{LABELS.get(name, name)} ({name})", "where": where}
    return str((_FOUND if where else _CHECK) % params)
