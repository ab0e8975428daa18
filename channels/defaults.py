"""How does the platform's staff keep the accounts that it lends to all salons?

Workers use a change within a second (channels.default_accounts).
"""

from __future__ import annotations

import secrets as random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from channels import default_accounts
from channels.accounts import open_adapter
from channels.credentials import merged, read_account, shown
from channels.models import DefaultIntegration
from channels.probing import verdict
from channels.secrets import encrypt
from tenants.errors import Conflict, NotFound
from tenants.scope import current, support_scope


def add_default(
    provider: str,
    credentials: Mapping[str, object],
    *,
    identifier: str,
    name: str = "",
    kind: str = "",
    position: int = 0,
) -> DefaultIntegration:
    """Add an account of the platform; raises InvalidFields and Conflict."""
    wanted = read_account(provider, credentials, identifier=identifier, kind=kind)
    row = DefaultIntegration(
        provider=provider,
        kind=wanted.kind,
        identifier=identifier,
        name=name or identifier,
        position=position,
        credentials=encrypt(wanted.credentials),
        callback_token=random.token_urlsafe(32),
        connect_at=datetime.now(UTC),
    )
    try:
        with staff():
            row.save(force_insert=True)
    except IntegrityError as error:
        if "defaultintegration_identifier" not in str(error):
            raise
        raise Conflict(f"The default integration {identifier!r} exists already.") from error
    return row


def update_default(
    key: UUID, credentials: Mapping[str, object], *, name: str = "", position: int | None = None
) -> None:
    """Replace what is named, keep the rest; raises NotFound and InvalidFields."""
    with staff():
        row = _locked(key)
        row.name = name or row.name
        row.position = row.position if position is None else position
        if credentials:
            row.credentials = merged(row.provider, row.credentials, credentials)
            row.connect_at = datetime.now(UTC)
        row.save(update_fields=["name", "position", "credentials", "connect_at"])


def check_default(key: UUID) -> DefaultIntegration:
    """Ask the provider whether the account works; see integrations.check_integration."""
    with staff():
        row = _locked(key)
    state, reason = verdict(open_adapter(row.pk, row.provider, row.credentials))
    changes: dict[str, object] = {"state": state, "state_reason": reason}
    if row.state == DefaultIntegration.State.PAUSED and state == DefaultIntegration.State.ACTIVE:
        changes["connect_at"] = datetime.now(UTC)  # its provider may have given us up meanwhile
    with staff():
        rows = DefaultIntegration.objects.filter(pk=key)
        rows.exclude(state=DefaultIntegration.State.DISABLED).update(**changes)
        row.refresh_from_db()
    return row


def set_default_disabled(key: UUID, is_disabled: bool) -> None:
    """Lend an account no longer, or again; raises NotFound."""
    state = DefaultIntegration.State.DISABLED if is_disabled else DefaultIntegration.State.ACTIVE
    with staff():
        row = _locked(key)
        row.state, row.state_reason, row.connect_at = state, "", datetime.now(UTC)
        row.save(update_fields=["state", "state_reason", "connect_at"])


def delete_default(key: UUID) -> None:
    """Forget an account of the platform; raises NotFound."""
    with staff():
        _locked(key).delete()


def shown_default(key: UUID) -> dict[str, str]:
    """Give the fields that a screen may show; raises NotFound."""
    with staff():
        row = _locked(key)
    return shown(row.provider, row.credentials)


@contextmanager
def staff() -> Iterator[None]:
    """Act as the platform's staff: no other role may write these rows and read their secrets."""
    scope = current()
    if scope is not None and scope.kind == "support":
        with transaction.atomic():
            yield
    else:
        with support_scope("the platform's own accounts"):
            yield
    default_accounts.forget()


def _locked(key: UUID) -> DefaultIntegration:
    row = DefaultIntegration.objects.select_for_update().filter(pk=key).first()
    if row is None:
        raise NotFound("There is no such default integration.")
    return row
