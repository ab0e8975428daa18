"""How are a salon's accounts at providers added, changed, checked and rested.

Secrets are written only: no verb here gives them back. Reading for sending (`accounts`,
`integrations_of`) stands in channels.accounts and can be imported from here.
"""

from __future__ import annotations

import secrets as random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Q

from channels import callback_doors
from channels.accounts import Account, accounts, integrations_of, open_adapter
from channels.adapters.sandbox import SandboxAdapter
from channels.credentials import merged, read_account, shown
from channels.models import Integration
from channels.probing import verdict
from channels.registry import ADAPTERS
from channels.secrets import decrypt, encrypt
from tenants.errors import Conflict, NotFound
from tenants.scope import tenant_scope

__all__ = [
    "Account",
    "accounts",
    "add_integration",
    "change_integration",
    "check_integration",
    "delete_integration",
    "ensure_phone",
    "find_integration",
    "freeze",
    "integrations_of",
    "pause",
    "set_disabled",
    "set_primary",
    "shown_credentials",
    "update_credentials",
]

PHONE = "phone"  # identifier of a salon's one sandbox integration
ANY_KIND = "any"


def add_integration(  # noqa: PLR0913 (the columns of one row, named by the caller)
    tenant_id: UUID,
    provider: str,
    credentials: Mapping[str, object],
    *,
    identifier: str,
    name: str = "",
    kind: str = "",
    position: int = 0,
) -> Integration:
    """Add a salon's account; raises InvalidFields, and Conflict for a known identifier.

    kind: may be left out when the provider has only one.
    """
    wanted = read_account(provider, credentials, identifier=identifier, kind=kind)
    row = Integration(
        tenant_id=tenant_id,
        provider=provider,
        kind=wanted.kind,
        identifier=identifier,
        name=name or identifier,
        position=position,
    )
    return _insert(row, wanted.credentials)


def update_credentials(
    tenant_id: UUID, integration_id: UUID, credentials: Mapping[str, object]
) -> None:
    """Replace the fields that are named, keep the others; raises NotFound, InvalidFields."""
    with tenant_scope(tenant_id):
        row = _locked(tenant_id, integration_id)
        _put(row, merged(row.provider, row.credentials, credentials))
        row.connect_at = datetime.now(UTC)
        row.save(update_fields=["credentials", "route", "connect_at"])
    callback_doors.forget()


def shown_credentials(row: Integration) -> dict[str, str]:
    """Give what a screen may show: open fields as they are, secret ones as dots when set."""
    return shown(row.provider, row.credentials)


def set_disabled(tenant_id: UUID, integration_id: UUID, is_disabled: bool) -> None:
    """Switch an account off, or on again; raises NotFound."""
    state = Integration.State.DISABLED if is_disabled else Integration.State.ACTIVE
    with tenant_scope(tenant_id):
        row = _locked(tenant_id, integration_id)
        row.state, row.state_reason, row.connect_at = state, "", datetime.now(UTC)
        row.save(update_fields=["state", "state_reason", "connect_at"])


def check_integration(tenant_id: UUID, integration_id: UUID) -> Integration:
    """Ask the provider whether the account works; the answer becomes active or paused.

    A provider that cannot be reached changes nothing and raises its DeliveryError. A disabled
    account stays disabled. No transaction of this verb is open during the call.
    """
    row = find_integration(tenant_id, integration_id)
    state, reason = verdict(open_adapter(row.id, row.provider, row.credentials))
    changes: dict[str, object] = {"state": state, "state_reason": reason}
    if row.state == Integration.State.PAUSED and state == Integration.State.ACTIVE:
        changes["connect_at"] = datetime.now(UTC)  # its provider may have given us up meanwhile
    with tenant_scope(tenant_id):
        _open_rows(tenant_id, integration_id).update(**changes)
        row.refresh_from_db()
    return row


def find_integration(tenant_id: UUID, integration_id: UUID) -> Integration:
    """Find a salon's account; raises NotFound."""
    with tenant_scope(tenant_id):
        rows = Integration.objects.filter(tenant_id=tenant_id, pk=integration_id)
        row: Integration | None = rows.first()
    if row is None:
        raise NotFound("There is no such integration.")
    return row


def change_integration(
    tenant_id: UUID, integration_id: UUID, *, name: str = "", position: int | None = None
) -> None:
    """Rename an account, or move it in the order; raises NotFound."""
    with tenant_scope(tenant_id):
        row = _locked(tenant_id, integration_id)
        row.name, row.position = (
            name or row.name,
            row.position if position is None else position,
        )
        row.save(update_fields=["name", "position"])


def set_primary(tenant_id: UUID, integration_id: UUID) -> None:
    """Put an account first among those of its kind, the others behind in their order."""
    with tenant_scope(tenant_id):
        chosen = _locked(tenant_id, integration_id)
        same = Integration.objects.filter(tenant_id=tenant_id, kind=chosen.kind)
        rows = list(same.select_for_update().order_by("position", "pk"))
        rows.sort(key=lambda row: row.pk != chosen.pk)
        for position, row in enumerate(rows):
            row.position = position
        Integration.objects.bulk_update(rows, ["position"])


def delete_integration(tenant_id: UUID, integration_id: UUID) -> None:
    """Forget an account and its credentials; messages keep its id. Raises NotFound."""
    with tenant_scope(tenant_id):
        _locked(tenant_id, integration_id).delete()


def pause(tenant_id: UUID, integration_id: UUID, reason: str) -> bool:
    """Stop an account that its provider refuses; runs in the caller's scope.

    Says whether this call did it: the first of many failures tells the staff.
    """
    rows = Integration.objects.filter(
        tenant_id=tenant_id, pk=integration_id, state=Integration.State.ACTIVE
    )
    return bool(rows.update(state=Integration.State.PAUSED, state_reason=reason[:200]))


def freeze(tenant_id: UUID, integration_id: UUID, until: datetime) -> bool:
    """Let an account rest as its provider asked; runs in the caller's scope.

    Never shortens a rest; says whether this call made it longer.
    """
    rows = Integration.objects.filter(tenant_id=tenant_id, pk=integration_id)
    later = rows.filter(Q(frozen_until=None) | Q(frozen_until__lt=until))
    return bool(later.update(frozen_until=until))


def ensure_phone(tenant_id: UUID) -> Integration:
    """Give the salon its one sandbox integration; the same one whenever it is called."""
    with tenant_scope(tenant_id):
        rows = Integration.objects.filter(tenant_id=tenant_id, identifier=PHONE)
        if row := rows.first():
            return _phone(row)
        secret = {"secret": random.token_urlsafe(32)}
        row = Integration(
            tenant_id=tenant_id,
            provider=SandboxAdapter.provider,
            kind=ANY_KIND,
            identifier=PHONE,
            name="Телефон / Phone",
        )
        try:
            return _insert(row, secret)
        except Conflict:  # somebody was faster
            return _phone(rows.get())


def _phone(row: Integration) -> Integration:
    if row.provider != SandboxAdapter.provider:
        raise Conflict(f"The identifier {PHONE!r} is kept for the Phone: rename that integration.")
    return row


def _insert(row: Integration, credentials: Mapping[str, str]) -> Integration:
    _put(row, encrypt(credentials))
    row.callback_token, row.connect_at = random.token_urlsafe(32), datetime.now(UTC)
    try:
        with tenant_scope(row.tenant_id):
            row.save(force_insert=True)
    except IntegrityError as error:
        if "integration_identifier" not in str(error):
            raise
        raise Conflict(f"The integration {row.identifier!r} exists already.") from error
    return row


def _put(row: Integration, token: str) -> None:
    row.credentials = token
    row.route = ADAPTERS[row.provider].route_of(decrypt(token))


def _locked(tenant_id: UUID, integration_id: UUID) -> Integration:
    rows = Integration.objects.select_for_update()
    row: Integration | None = rows.filter(tenant_id=tenant_id, pk=integration_id).first()
    if row is None:
        raise NotFound("There is no such integration.")
    return row


def _open_rows(tenant_id: UUID, integration_id: UUID) -> Any:
    rows = Integration.objects.filter(tenant_id=tenant_id, pk=integration_id)
    return rows.exclude(state=Integration.State.DISABLED)
