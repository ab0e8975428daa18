"""What does the Phone do with a deep link? It opens the salon's chat as a messenger would.

A client without an address in that messenger gets one made up, as a stranger's chat has: only the
link can tell the platform whose it is.
"""

from __future__ import annotations

import re
import secrets
from uuid import UUID

from channels.models import PhoneMessage
from channels.phone import CHATS, Event, door_of
from tenants.errors import BadRequest, NotFound
from tenants.ids import uuid7
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope

_PARAMETER = re.compile(r"[A-Za-z0-9_-]{0,64}")


def open_link(tenant_id: UUID, subscriber_id: UUID, tab: str, parameter: str) -> list[Event]:
    """Open the chat with a link's parameter ("" for none) on a client's phone."""
    if tab not in CHATS:
        raise BadRequest(f"The Phone opens no links in {tab!r}.")
    if not _PARAMETER.fullmatch(parameter):
        raise BadRequest("A link's parameter has up to 64 letters, digits, - and _.")
    door = door_of(tenant_id)
    with tenant_scope(tenant_id):
        if not Subscriber.objects.filter(tenant_id=tenant_id, pk=subscriber_id).exists():
            raise NotFound("There is no such client.")
        address = _address(tenant_id, subscriber_id, tab)
        row = PhoneMessage(
            tenant_id=tenant_id,
            message_id=uuid7(),
            integration_id=door.integration_id,
            channel=tab,
            address=address,
            content={"from": "client", "body": "/start"},
        )
        row.save(force_insert=True)
    return [{"type": "start", "key": str(row.message_id), "address": address, "value": parameter}]


def _address(tenant_id: UUID, subscriber_id: UUID, tab: str) -> str:
    rows = Address.objects.filter(tenant_id=tenant_id, subscriber_id=subscriber_id)
    known = rows.filter(kind=tab).order_by("-pk").first()
    if known is None and tab == "whatsapp":
        known = rows.filter(kind="phone").order_by("-pk").first()
    if known is not None:
        return str(known.value)
    number = secrets.randbelow(9_000_000) + 1_000_000
    return f"+7999{number}" if tab == "whatsapp" else f"7000{number}"
