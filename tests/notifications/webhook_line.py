"""A salon whose software listens: its endpoint, what is on the way, and who sends it."""

from __future__ import annotations

from dataclasses import dataclass

from channels.guard import AddressGuard
from channels.transport import open_transport
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import endpoints
from notifications.webhooks.sending import Sender
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.notifications.conftest import change
from tests.notifications.receiver import Receiver


def new_sender() -> Sender:
    """Make a sender that may reach loopback."""
    return Sender(open_transport(40, AddressGuard(("127.0.0.1",))))


def forget_deliveries() -> None:
    """Leave nothing for the next test to send."""
    change("update notifications_webhookdelivery set state = 'failed' where state = 'pending'")


@dataclass
class Line:
    """One endpoint of a salon."""

    salon: Tenant
    receiver: Receiver
    endpoint: WebhookEndpoint
    secret: str

    @classmethod
    def of(cls, salon: Tenant, receiver: Receiver, *events: str, mode: str = "live") -> Line:
        with tenant_scope(salon.pk):
            values = {"url": receiver.url, "events": list(events)}
            return cls(salon, receiver, *endpoints.add_endpoint(salon.pk, mode, values))

    @property
    def rows(self) -> list[WebhookDelivery]:
        with tenant_scope(self.salon.pk):
            rows = WebhookDelivery.objects.filter(endpoint_id=self.endpoint.pk)
            return list(rows.order_by("pk"))

    @property
    def states(self) -> list[tuple[str, int, int | None]]:
        return [(row.state, row.attempts, row.status) for row in self.rows]

    @property
    def types(self) -> list[str]:
        return [row.type for row in self.rows]

    def test(self, times: int = 1) -> None:
        """Write test events."""
        with tenant_scope(self.salon.pk):
            for _ in range(times):
                endpoints.send_test(self.endpoint)

    def reload(self) -> WebhookEndpoint:
        with tenant_scope(self.salon.pk):
            self.endpoint.refresh_from_db()
        return self.endpoint

    def hurry(self) -> None:
        """Let what waits be due now."""
        change(
            "update notifications_webhookdelivery set due_at = now() - interval '1 ms'"
            " where endpoint_id = %s and state = 'pending'",
            [self.endpoint.pk],
        )
        self.set(not_before=None)

    def set(self, **fields) -> None:
        with tenant_scope(self.salon.pk):
            WebhookEndpoint.objects.filter(pk=self.endpoint.pk).update(**fields)
