"""Which reports move their message forward and mean nothing else? All salons' are applied at once.

Most of what providers tell is "delivered" and "read". A transaction of each salon would cost more
than these reports do, so those of a whole slice share one, as deliveries do when they are settled.
What is not plain is left alone, for the salon's own transaction: effects on addresses, costs, news
of several messages, refusals and what arrives after one, messages that are not found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from channels.told import StatusEvent
from notifications import tracking
from notifications.callbacks import Received, read_event
from notifications.sql import callbacks as sql
from notifications.tracking import REFUSED, Line, Tracked
from tenants import rows
from tenants.ids import created_at
from tenants.scope import batch_scope


def apply(salons: Mapping[UUID, Sequence[UUID]], now: datetime) -> set[UUID]:
    """Apply what is plain among kept callbacks, given by salon; return what is settled.

    Opens a scope of its own. Repetitions and any order change nothing, as in `tracking`.
    """
    tenants = list(salons)
    with batch_scope(tenants):
        received = _lock(tenants, [key for keys in salons.values() for key in keys], now)
        named = tracking.name(received)
        found = tracking.lock(
            tenants, {message for message, _ in named.values()}, {of for _, of in named.values()}
        )
        known = [(one, found.get(named[one.id][0])) for _, one in received if one.id in named]
        plain = [(one, sent) for one, sent in known if sent and sent.state not in REFUSED]
        tracking.write_states([line for one, sent in plain for line in _hear(one, sent)])
        settled = {one.id for one, _ in plain}
        if settled:
            rows.run(sql.CLOSE_PLAIN, [now, tenants, list(settled)])
    return settled


def _lock(
    tenants: Sequence[UUID], ids: Sequence[UUID], now: datetime
) -> list[tuple[UUID, Received[StatusEvent]]]:
    found = rows.fetch(sql.LOCK_PLAIN, [tenants, ids, now])
    return [
        (tenant, Received(key, account, event))
        for tenant, key, account, told in found
        if isinstance(event := read_event(told), StatusEvent)
    ]


def _hear(report: Received[StatusEvent], message: Tracked) -> list[Line]:
    event, was = report.event, message.state
    lines = tracking.advance(message, event.state, event.reason, event.raw)
    tracking.measure(message, was, created_at(report.id))
    return lines
