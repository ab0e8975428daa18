"""What does a provider tell of the salon's account, and what changes here?

WhatsApp decides by itself which texts may go and which of them it counts as marketing: a text that
it pauses runs no longer from the next message on. A warning is for people: it stands in the log.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from channels import whatsapp
from channels.adapters.whatsapp_templates import STATES, Known
from channels.told import AccountEvent
from notifications.callbacks import Received

log = logging.getLogger(__name__)

UNKNOWN_TEMPLATE = "unknown_template"


def apply(
    tenant_id: UUID, received: Sequence[Received[AccountEvent]], now: datetime
) -> dict[UUID, str]:
    """Apply what accounts tell; return a note for each, "" where something was known by name.

    Call inside the tenant's scope.
    """
    notes: dict[UUID, str] = {}
    of_account: defaultdict[UUID, list[tuple[UUID, Known]]] = defaultdict(list)
    for one in received:
        known = _read(one.event)
        if known is None:
            notes[one.id] = _warn(one)
        else:
            of_account[one.integration_id].append((one.id, known))
    for account, told in sorted(of_account.items()):
        names = whatsapp.take(tenant_id, account, [known for _, known in told], now)
        notes |= {key: "" if known.name in names else UNKNOWN_TEMPLATE for key, known in told}
    return notes


def _read(event: AccountEvent) -> Known | None:
    """Read an event of a template; None for any other."""
    match event.kind:
        case "template_state":
            state, category = STATES.get(event.value.upper(), ""), ""
        case "template_category":
            state, category = "", event.value.lower()
        case _:
            return None
    reason = "" if event.reason.upper() == "NONE" else event.reason
    return Known("", event.name, event.language, state, category, reason)


def _warn(one: Received[AccountEvent]) -> str:
    words = {"integration": str(one.integration_id), "kind": one.event.kind}
    log.warning("a provider warns of an account", extra=words | {"value": one.event.value[:100]})
    return one.event.kind
