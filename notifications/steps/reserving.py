"""Take what a batch of messages needs: words and units of clients first, salons' days last."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifications import limits
from notifications.gates import next_day
from notifications.loading import Work
from notifications.outcomes import (
    DAY_RESERVED,
    SLOT_RESERVED,
    SLOT_USED,
    Result,
    Skip,
    Wait,
)
from notifications.steps.saying import Saying
from notifications.steps.send import Send

MOST_SHARERS = 5


def reserve(routed: Sequence[tuple[Work, Send]], now: datetime) -> list[Result | Send]:
    """Take it for each; give what may be sent, and how the others are held."""
    counted, saying = _Counted(now), Saying(now)
    own = [counted.client(index, *pair) for index, pair in enumerate(routed)]
    needs: list[limits.Need] = []
    for index, (work, send) in enumerate(routed):
        said, is_new = saying.entry(work, send), not work.task.flags & (SLOT_RESERVED | SLOT_USED)
        send.task.said = said
        if said or is_new:
            for need in own[index]:
                need.said, need.units = said, int(is_new)
            needs += own[index]
        if not work.task.flags & DAY_RESERVED:
            needs.append(counted.day(index, work))
    refused = limits.reserve(needs)
    return [
        _held(work, refused.get(index), now) or _marked(send, own[index])
        for index, (work, send) in enumerate(routed)
    ]


class _Counted:
    """By which limits the messages of one batch are counted; each limit is read once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        # By salon, as one object per batch: its id would be hashed in Python.
        self._clients: dict[tuple[int, str, str, str], limits.Limit] = {}
        self._days: dict[tuple[int, str, str], tuple[limits.Limit, str]] = {}  # with its key

    def client(self, index: int, work: Work, send: Send) -> list[limits.Need]:
        mode, kind, category = work.event.mode, send.outbound.kind, work.definition.category
        place = (id(work.salon), mode, kind, category)
        limit = self._clients.get(place)
        if limit is None:
            limit = self._clients[place] = limits.client_limit(
                work.task.tenant_id,
                mode=mode,
                channel=kind,
                category=category,
                limits=work.salon.limits,
                now=self._now,
            )
        return [limit.need(index, whom) for whom in _whom(work, send)]

    def day(self, index: int, work: Work) -> limits.Need:
        mode, category = work.event.mode, work.definition.category
        place = (id(work.salon), mode, category)
        known = self._days.get(place)
        if known is None:
            end = next_day(self._now, work.salon.zone)
            limit = limits.day_limit(
                work.task.tenant_id,
                mode=mode,
                category=category,
                limits=work.salon.limits,
                day_end=end,
            )
            known = self._days[place] = (limit, limit.key(str(end.date())))
        limit, key = known
        return limit.counted(index, key)


def _whom(work: Work, send: Send) -> list[str]:
    """Say who counts a message: the client, and whoever shares the phone it goes to.

    One counter for most, and who comes to share the phone later finds what was sent to it. Where
    too many share it (a made-up number), the address itself is counted.
    """
    sharers = send.sharers
    if not sharers:
        return [work.person.id.hex]
    if len(sharers) > MOST_SHARERS:
        return [work.person.id.hex, f"{send.message.channel}:{send.outbound.address}"]
    return [work.person.id.hex, *(sharer.hex for sharer in sharers)]


def _marked(send: Send, needs: Sequence[limits.Need]) -> Send:
    if not send.task.flags & SLOT_USED:
        send.task.counters = [need.key for need in needs]
    send.task.flags |= SLOT_RESERVED | DAY_RESERVED
    return send


def _held(work: Work, need: limits.Need | None, now: datetime) -> Result | None:
    if need is None:
        return None
    if need.reason in ("frequency_cap", "duplicate"):
        return Result(work.task, Skip(need.reason))
    until = now + timedelta(minutes=10) if need.reason == "hourly_cap" else need.ends_at
    return Result(work.task, Wait(until, need.reason))
