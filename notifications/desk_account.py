"""Which account is a salon's desk? Its first active one at Chatwoot."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from channels.accounts import Account, integrations_of
from channels.adapters.chatwoot import ChatwootAdapter
from channels.adapters.chatwoot_api import Gone
from channels.errors import Permanent
from channels.flights import Sent
from channels.models import Integration
from notifications.models import DeskThread
from tenants.models import Tenant
from tenants.scope import batch_scope, tenant_scope

log = logging.getLogger(__name__)

PROVIDER: Final = ChatwootAdapter.provider
UNSURE: Final = "?"  # is being written at the desk, or was when its visitor died


@dataclass(frozen=True, slots=True)
class Desk:
    """A salon's account at Chatwoot, opened."""

    tenant_id: UUID
    account: Account

    @property
    def adapter(self) -> ChatwootAdapter:
        """Give the account's adapter as what it is."""
        adapter = self.account.adapter
        assert isinstance(adapter, ChatwootAdapter)  # noqa: S101 (chosen by provider)
        return adapter

    def threads(self, clients: Sequence[UUID]) -> Mapping[UUID, str]:
        """Give clients' conversations in the inbox for cases; call inside the tenant's scope."""
        rows = DeskThread.objects.filter(
            tenant_id=self.tenant_id,
            integration_id=self.account.id,
            inbox=self.adapter.desk_inbox,
            subscriber_id__in=clients,
        )
        return dict(rows.values_list("subscriber_id", "conversation"))

    def forget(self, conversation: str) -> None:
        """Forget a conversation that was deleted there, so that the next visit opens another."""
        with tenant_scope(self.tenant_id):
            DeskThread.objects.filter(
                tenant_id=self.tenant_id,
                integration_id=self.account.id,
                conversation=conversation,
            ).delete()

    def took(self, sent: Sent, conversation: str = "") -> bool:
        """Say whether it was taken; raises the error that would meet the next one, too."""
        if isinstance(sent.error, Gone) and conversation:
            self.forget(conversation)
        elif isinstance(sent.error, Permanent):
            log.warning("a desk refuses a line", extra={"reason": sent.error.detail})
        elif sent.error is not None:
            raise sent.error
        return sent.receipt is not None


def desk_of(tenant_id: UUID) -> Desk | None:
    """Open the salon's desk; None when it has none of its own."""
    with batch_scope([tenant_id]):  # accounts are for workers only
        version = Tenant.objects.values_list("config_version", flat=True).get(pk=tenant_id)
        accounts = integrations_of(tenant_id, version)
    for account in accounts:
        is_own = account.provider == PROVIDER and not account.is_default
        if is_own and account.state == Integration.State.ACTIVE:
            return Desk(tenant_id, account)
    return None
