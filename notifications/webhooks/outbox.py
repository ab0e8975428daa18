"""Which endpoints are told of an event? A line for each, written with the change itself.

For salons without an endpoint this is one short statement, and none at all where the caller knows
from `notifications.configs` that nobody hears.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.news import AppointmentNews, News, Told
from notifications.sql import webhooks as sql
from notifications.webhooks.waking import ask_for_job
from tenants import rows
from tenants.bodies import iso, present
from tenants.events import SubscriberNews
from tenants.ids import uuid7

MOST_BYTES = 20_000  # of a body: the advice of Standard Webhooks

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Listening:
    """An endpoint that is switched on. events: names it wants; empty for all."""

    id: UUID
    tenant_id: UUID
    mode: str
    events: Sequence[str]

    def wants(self, one: Told, mode: str) -> bool:
        """Ask whether it hears of this event."""
        is_its = one.tenant_id == self.tenant_id and mode == self.mode
        return is_its and (not self.events or one.name in self.events)


@dataclass(frozen=True, slots=True)
class Line:
    """A delivery to be written."""

    tenant_id: UUID
    endpoint_id: UUID
    event_id: UUID
    name: str
    body: str


def write(told: Sequence[Told]) -> None:
    """Write what endpoints are to be told; call in the scope and the transaction of the change.

    Raises ValueError for a body above 20 KB.
    """
    if not told:
        return
    tenants = list({one.tenant_id for one in told})
    listening = [Listening(*row) for row in rows.fetch(sql.LISTENING, [tenants])]
    wanted = [one for one in told if any(not e.events or one.name in e.events for e in listening)]
    if not wanted:
        return
    now = datetime.now(UTC)
    lines: list[Line] = []
    for one, mode, data in _described(wanted):
        event_id, body = uuid7(), event_body(one.name, data, now)
        lines += [
            Line(one.tenant_id, endpoint.id, event_id, one.name, body)
            for endpoint in listening
            if endpoint.wants(one, mode)
        ]
    write_lines(lines)


def write_lines(lines: Sequence[Line]) -> list[UUID]:
    """Write deliveries that are due at once, ask for somebody to send them; return their ids."""
    ids = sorted(uuid7() for _ in lines)
    if lines:
        columns = [
            [line.tenant_id for line in lines],
            [line.endpoint_id for line in lines],
            [line.event_id for line in lines],
            [line.name for line in lines],
            [line.body for line in lines],
        ]
        rows.run(sql.WRITE, [ids, *columns])
        transaction.on_commit(ask_for_job)
    return ids


def event_body(name: str, data: Mapping[str, Any], now: datetime) -> str:
    """Write an event as it will be signed and sent, at each attempt the same; see MOST_BYTES."""
    body = json.dumps({"type": name, "timestamp": iso(now), "data": data}, ensure_ascii=False)
    if len(body.encode()) > MOST_BYTES:
        raise ValueError(f"the data of {name} is larger than {MOST_BYTES} bytes")
    return body


def _described(told: Sequence[Told]) -> list[tuple[Told, str, Json]]:
    """Give each event its mode and its data; what belongs to a deleted client is left out."""
    messages = _messages(told)
    people = _people(told)
    found: list[tuple[Told, str, Json]] = []
    for place, one in enumerate(told):
        news = one.news
        if isinstance(news, AppointmentNews):
            found.append((one, news.mode, dict(news.data)))
        elif isinstance(news, News) and place in messages:
            said = {"state": news.state, "reason": news.reason, "action": news.action}
            found.append((one, news.mode, messages[place] | present(said)))
        elif isinstance(news, SubscriberNews) and news.subscriber in people:
            key, mode = people[news.subscriber]
            said = {"channel": news.channel, "state": news.state, "reason": news.reason}
            found.append((one, mode, {"subscriberId": key, **present(said)}))
    return found


def _messages(told: Sequence[Told]) -> dict[int, Json]:
    asked = [
        (place, one.tenant_id, one.news.notification, one.news.message)
        for place, one in enumerate(told)
        if isinstance(one.news, News)
    ]
    if not asked:
        return {}
    columns = [list(column) for column in zip(*asked, strict=True)]
    return {
        place: present(
            {
                "notificationId": str(notification),
                "transactionId": transaction_id,
                "workflow": workflow,
                "subscriberId": subscriber,
                "messageId": str(message) if message else None,
                "channel": str(CHANNEL_OF_ADDRESS.get(channel, channel)) if channel else None,
                "provider": provider,
            }
        )
        for place, notification, transaction_id, workflow, subscriber, message, channel, provider
        in rows.fetch(sql.MESSAGES, columns)
    }  # fmt: skip


def _people(told: Sequence[Told]) -> dict[UUID, tuple[str, str]]:
    asked = {one.news.subscriber for one in told if isinstance(one.news, SubscriberNews)}
    if not asked:
        return {}
    tenants = list({one.tenant_id for one in told})
    found = rows.fetch(sql.SUBSCRIBERS, [tenants, list(asked)])
    return {key: (subscriber_id, mode) for key, subscriber_id, mode in found}
