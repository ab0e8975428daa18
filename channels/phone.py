"""What lies on the Phone, the built-in sandbox that plays every client's phone, and what she does.

The life of a message:
1. A worker's sandbox adapter posts it; the salon's switches may refuse it (`fault_for`).
2. `receive` keeps it once; channels.phone_reports tells the platform "delivered".
3. The page shows it; `read`, `press` and `reply` keep what the client does and give the events
   that go to the platform through the same callback as a real provider's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from channels.adapters.sandbox import SandboxAdapter
from channels.integrations import ensure_phone
from channels.models import Integration, PhoneMessage, PhoneSwitch
from channels.secrets import decrypt
from tenants.errors import BadRequest, NotFound
from tenants.ids import uuid7
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope

#: Tabs of the page -> kinds of Address behind each.
TABS: Mapping[str, tuple[str, ...]] = {
    "telegram": ("telegram",),
    "whatsapp": ("whatsapp",),
    "max": ("max",),
    "vk": ("vk",),
    "instagram": ("instagram",),
    "sms": ("phone",),
    "email": ("email",),
    "push": ("push", "fcm", "apns", "web_push"),
    "work": ("slack", "discord", "teams", "mattermost", "ntfy"),
}
TAB_OF_KIND = {"sms": "sms", "email": "email", "push": "push"}
CHATS = ("telegram", "whatsapp", "max", "vk", "instagram")
#: Faults of the whole phone; the others belong to one app on it.
WHOLE_PHONE = frozenset({PhoneSwitch.Fault.NO_NETWORK, PhoneSwitch.Fault.SLOW})
#: After these the platform has given the address up; switching them off brings it back.
GIVEN_UP = frozenset({PhoneSwitch.Fault.NOT_REGISTERED, PhoneSwitch.Fault.BLOCKED})
#: Their providers tell at once that a client has blocked the salon; others only refuse messages.
TELL_OF_BLOCKS = frozenset({"telegram", "vk", "max"})
#: What counts when several switches are on.
ORDER = (
    PhoneSwitch.Fault.NO_NETWORK,
    PhoneSwitch.Fault.NOT_REGISTERED,
    PhoneSwitch.Fault.BLOCKED,
    PhoneSwitch.Fault.WINDOW_CLOSED,
    PhoneSwitch.Fault.SLOW,
)
REPLY_LIMIT = 4096

Event = dict[str, str]


@dataclass(frozen=True, slots=True)
class Door:
    """The salon's sandbox integration: where messages come in and reports go out."""

    tenant_id: UUID
    integration_id: UUID
    token: str
    secret: str


def find_door(integration_id: UUID) -> Door | None:
    """Find the Phone behind an integration's id, whichever salon's it is."""
    with connection.cursor() as cursor:
        cursor.execute("select kolokol_integration_tenant(%s)", [integration_id])
        tenant_id = cursor.fetchone()[0]
    if tenant_id is None:
        return None
    with tenant_scope(tenant_id):
        row = Integration.objects.filter(
            tenant_id=tenant_id, pk=integration_id, provider=SandboxAdapter.provider
        ).first()
    return row and _door(row)


def door_of(tenant_id: UUID) -> Door:
    """Open the salon's own Phone."""
    return _door(ensure_phone(tenant_id))


def fault_for(tenant_id: UUID, body: Mapping[str, Any]) -> str:
    """Say which fault the recipient's phone plays now, if any."""
    with tenant_scope(tenant_id):
        tab = _tab(tenant_id, body)
        people = _addresses(tenant_id, tab, str(body["address"])).values("subscriber_id")
        switches = PhoneSwitch.objects.filter(
            tenant_id=tenant_id, subscriber_id__in=people, channel__in=("", tab)
        )
        on = set(switches.values_list("fault", flat=True))
    return next((str(fault) for fault in ORDER if fault in on), "")


def receive(door: Door, body: Mapping[str, Any]) -> None:
    """Keep a message; one that comes again is kept once. body: as SandboxAdapter writes it."""
    words = ("title", "body", "html", "image_url", "buttons", "language")
    with tenant_scope(door.tenant_id):
        _keep(
            door,
            UUID(str(body["id"])),
            _tab(door.tenant_id, body),
            str(body["address"]),
            {word: body.get(word, "") for word in words},
        )


def show_answer(door: Door, message_id: UUID, text: str) -> None:
    """Show under a message what the platform answered to a press on it."""
    with tenant_scope(door.tenant_id):
        rows = PhoneMessage.objects.filter(tenant_id=door.tenant_id, message_id=message_id)
        if message := rows.first():
            content = {"from": "answer", "to": str(message.pk), "body": text}
            _keep(door, uuid7(), message.channel, message.address, content)


def read(tenant_id: UUID, keys: Iterable[UUID]) -> list[Event]:
    """Mark messages as read; those that were not give an event each."""
    with tenant_scope(tenant_id):
        rows = PhoneMessage.objects.select_for_update().filter(
            tenant_id=tenant_id, pk__in=list(keys)
        )
        unread = [row for row in rows.order_by("pk") if not ({"read", "from"} & row.content.keys())]
        for row in unread:
            row.content = {**row.content, "read": True}
            row.save(update_fields=["content"])
    return [_event("read", f"{row.message_id}:read", row) for row in unread]


def press(tenant_id: UUID, key: UUID, index: int) -> list[Event]:
    """Press a message's button: a link is only marked, an action is an event each time."""
    with tenant_scope(tenant_id):
        row: PhoneMessage | None = (
            PhoneMessage.objects.select_for_update().filter(tenant_id=tenant_id, pk=key).first()
        )
        buttons = (row.content.get("buttons") or []) if row else []
        if row is None or not 0 <= index < len(buttons):
            raise NotFound("There is no such button.")
        button = buttons[index]
        row.pressed = (button.get("action") or button.get("text", ""))[:64]
        row.save(update_fields=["pressed"])
    if button.get("url") or not button.get("action"):
        return []
    return [_event("button", str(uuid7()), row, value=button["action"])]


def reply(tenant_id: UUID, tab: str, address: str, text: str) -> list[Event]:
    """Write back to the salon from one of the client's addresses."""
    text = _clean(text)
    if tab not in TABS:
        raise BadRequest(f"The Phone has no tab {tab!r}.")
    door = door_of(tenant_id)
    with tenant_scope(tenant_id):
        messages = PhoneMessage.objects.filter(tenant_id=tenant_id, channel=tab, address=address)
        if not (_addresses(tenant_id, tab, address).exists() or messages.exists()):
            raise NotFound("Nobody on this Phone has this address.")
        row = _keep(door, uuid7(), tab, address, {"from": "client", "body": text})
    return [{"type": "text", "key": str(row.message_id), "address": address, "value": text}]


def set_switch(
    tenant_id: UUID, subscriber_id: UUID, tab: str, *, fault: str, is_on: bool
) -> list[Event]:
    """Turn a fault on or off; blocking and its end are told, where messengers tell of them."""
    if fault not in PhoneSwitch.Fault.values or (tab not in TABS and tab != ""):
        raise BadRequest("The Phone has no such switch.")
    channel = "" if fault in WHOLE_PHONE else tab
    with tenant_scope(tenant_id):
        if not Subscriber.objects.filter(tenant_id=tenant_id, pk=subscriber_id).exists():
            raise NotFound("There is no such client.")
        of = {"tenant_id": tenant_id, "subscriber_id": subscriber_id, "channel": channel}
        if is_on:
            _, is_new = PhoneSwitch.objects.get_or_create(**of, fault=fault)
            is_told = is_new and fault == PhoneSwitch.Fault.BLOCKED and tab in TELL_OF_BLOCKS
            return _told(tenant_id, subscriber_id, tab, "blocked") if is_told else []
        gone, _ = PhoneSwitch.objects.filter(**of, fault=fault).delete()
        if not gone or fault not in GIVEN_UP:
            return []
        return _told(tenant_id, subscriber_id, channel, "unblocked")


def _told(tenant_id: UUID, subscriber_id: UUID, tab: str, kind: str) -> list[Event]:
    rows = Address.objects.filter(tenant_id=tenant_id, subscriber_id=subscriber_id)
    values = rows.filter(kind__in=TABS[tab]).values_list("value", flat=True) if tab else []
    return [{"type": kind, "key": str(uuid7()), "address": value, "value": ""} for value in values]


def _event(kind: str, key: str, row: PhoneMessage, value: str = "") -> Event:
    return {
        "type": kind,
        "key": key,
        "message_id": str(row.message_id),
        "address": row.address,
        "value": value,
    }


def _door(row: Integration) -> Door:
    secret = decrypt(row.credentials)["secret"]
    return Door(row.tenant_id, row.pk, row.callback_token, secret)


def _tab(tenant_id: UUID, body: Mapping[str, Any]) -> str:
    """Choose the app that shows a message; the address tells messengers apart."""
    named = str(body.get("address_kind", ""))
    for tab, kinds in TABS.items():
        if named in kinds:
            return tab
    kind = str(body.get("kind", ""))
    if kind in TAB_OF_KIND:
        return TAB_OF_KIND[kind]
    rows = Address.objects.filter(
        tenant_id=tenant_id, value=str(body.get("address", "")), kind__in=CHATS
    )
    known = set(rows.values_list("kind", flat=True))
    return next((tab for tab in CHATS if tab in known), CHATS[0])


def _addresses(tenant_id: UUID, tab: str, value: str) -> Any:
    return Address.objects.filter(tenant_id=tenant_id, kind__in=TABS[tab], value=value)


def _keep(
    door: Door, message_id: UUID, tab: str, address: str, content: dict[str, Any]
) -> PhoneMessage:
    row = PhoneMessage(
        tenant_id=door.tenant_id,
        message_id=message_id,
        integration_id=door.integration_id,
        channel=tab,
        address=address,
        content=content,
    )
    PhoneMessage.objects.bulk_create([row], ignore_conflicts=True)
    return row


def _clean(text: str) -> str:
    text = text.strip()
    if not text or len(text) > REPLY_LIMIT or "\x00" in text:
        raise BadRequest(f"A reply has 1 to {REPLY_LIMIT} characters.")
    return text
