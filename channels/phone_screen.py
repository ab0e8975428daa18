"""What does the Phone's page show: the salon's clients, their tabs, messages as they come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from channels.models import PhoneMessage, PhoneSwitch
from channels.phone import TABS
from tenants.ids import created_at, floor_id
from tenants.models import Address, Subscriber, Tenant
from tenants.scope import tenant_scope

CLIENTS_SHOWN = 100
MESSAGES_SHOWN = 300
# Ids are made before their transactions commit, so a later one may be seen first.
OVERLAP = timedelta(seconds=3)
BEGINNING = datetime.fromtimestamp(0, UTC)  # an empty page asks for what came after it

_TAB_OF = {kind: tab for tab, kinds in TABS.items() for kind in kinds}


def clients(tenant_id: UUID, query: str = "") -> dict[str, Any]:
    """List the people on this Phone, those with addresses nobody has too.

    A demo salon shows everyone; another one shows the clients of its test mode, because nothing
    of its live clients comes here.
    """
    with tenant_scope(tenant_id):
        salon = Tenant.objects.get(pk=tenant_id)
        rows = Subscriber.objects.filter(tenant_id=tenant_id)
        if not salon.is_sandbox:
            rows = rows.filter(mode="test")
        for word in query.split()[:3]:
            rows = rows.filter(first_name__icontains=word) | rows.filter(last_name__icontains=word)
        written_to, strangers = _written_to(tenant_id)
        people = list(rows.filter(pk__in=written_to).order_by("created_at", "pk"))
        others = rows.exclude(pk__in=written_to).order_by("created_at", "pk")
        people += others[: max(0, CLIENTS_SHOWN - len(people))]
        ids = [person.pk for person in people]
        tabs = _tabs(tenant_id, ids)
        switches = _switches(tenant_id, ids)
    shown = [
        {
            "id": str(person.pk),
            "name": f"{person.first_name} {person.last_name}".strip() or person.subscriber_id,
            "language": person.language or salon.language,
            "mode": person.mode,
            "tabs": tabs[person.pk],
            "switches": switches[person.pk],
        }
        for person in people
    ]
    return {"salon": salon.name, "clients": shown + ([] if query else strangers)}


def messages(
    tenant_id: UUID, after: UUID | None, seen: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Give what came after a message, oldest first, but for those that the page has seen."""
    with tenant_scope(tenant_id):
        rows = PhoneMessage.objects.filter(tenant_id=tenant_id)
        if after is None:
            found = list(rows.order_by("-pk")[:MESSAGES_SHOWN])[::-1]
        else:
            since = floor_id(max(created_at(after) - OVERLAP, BEGINNING))
            found = list(rows.filter(pk__gt=since).order_by("pk")[:MESSAGES_SHOWN])
    return [_shown(row) for row in found if str(row.pk) not in seen and row.pk != after]


def letter(tenant_id: UUID, key: UUID) -> str | None:
    """Give the HTML of an e-mail, if the message has one."""
    with tenant_scope(tenant_id):
        row = PhoneMessage.objects.filter(tenant_id=tenant_id, pk=key).first()
    return str(row.content.get("html") or "") or None if row else None


def _shown(row: PhoneMessage) -> dict[str, Any]:
    content = row.content
    return {
        "id": str(row.pk),
        "tab": row.channel,
        "address": row.address,
        "at": row.received_at.isoformat(),
        "pressed": row.pressed,
        "from": content.get("from", "salon"),
        "to": content.get("to", ""),
        "title": content.get("title") or "",
        "body": content.get("body") or "",
        "image_url": content.get("image_url") or "",
        "buttons": content.get("buttons") or [],
        "is_letter": bool(content.get("html")),
        "is_read": bool(content.get("read")),
    }


def _tabs(tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, dict[str, list[str]]]:
    tabs: dict[UUID, dict[str, list[str]]] = defaultdict(dict)
    rows = Address.objects.filter(tenant_id=tenant_id, subscriber_id__in=list(ids))
    for person, kind, value in rows.order_by("pk").values_list("subscriber_id", "kind", "value"):
        if kind in _TAB_OF:
            tabs[person].setdefault(_TAB_OF[kind], []).append(value)
    return tabs


def _switches(tenant_id: UUID, ids: Iterable[UUID]) -> dict[UUID, list[list[str]]]:
    switches: dict[UUID, list[list[str]]] = defaultdict(list)
    rows = PhoneSwitch.objects.filter(tenant_id=tenant_id, subscriber_id__in=list(ids))
    for person, channel, fault in rows.values_list("subscriber_id", "channel", "fault"):
        switches[person].append([channel, fault])
    return switches


def _written_to(tenant_id: UUID) -> tuple[set[UUID], list[dict[str, Any]]]:
    """Find who got the last messages, and the addresses that no client has: tests by hand."""
    rows = PhoneMessage.objects.filter(tenant_id=tenant_id).order_by("-pk")[:MESSAGES_SHOWN]
    pairs = dict.fromkeys((row.channel, row.address) for row in rows if row.channel in TABS)
    rows = Address.objects.filter(tenant_id=tenant_id, value__in=[value for _, value in pairs])
    owners: dict[tuple[str, str], set[UUID]] = defaultdict(set)
    for person, kind, value in rows.values_list("subscriber_id", "kind", "value"):
        owners[_TAB_OF.get(kind, ""), value].add(person)
    strangers = [_stranger(tab, value) for tab, value in pairs if (tab, value) not in owners]
    return set().union(*(owners.get(pair, set()) for pair in pairs)), strangers


def _stranger(tab: str, value: str) -> dict[str, Any]:
    return {
        "id": f"{tab}:{value}",
        "name": value,
        "language": "",
        "mode": "",
        "tabs": {tab: [value]},
        "switches": [],
    }
