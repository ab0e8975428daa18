"""What a provider reports of messages that the engine has sent, applied as the job does it."""

from __future__ import annotations

from channels.told import StatusEvent
from notifications import reports
from notifications.callbacks import Received
from tenants.ids import uuid7
from tenants.scope import tenant_scope


def report(salon, message, state="", *, attempt=0, **fields):
    """Apply one report about a message; True when it is settled."""
    event = StatusEvent(str(uuid7()), state, message_id=str(message.pk), **fields)
    return apply(salon, Received(uuid7(), message.integration_id, event, attempt))


def report_address(salon, integration_id, effect, address, *, attempt=0, **fields):
    """Apply one report that names an address; True when it is settled."""
    event = StatusEvent(str(uuid7()), effect=effect, address=address, **fields)
    return apply(salon, Received(uuid7(), integration_id, event, attempt))


def apply(salon, *received) -> bool:
    """Apply reports in one batch; True when all are settled."""
    with tenant_scope(salon.pk):
        settled = reports.apply(salon.pk, received)
    return settled == {one.id for one in received}
