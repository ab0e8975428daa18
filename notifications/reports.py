"""What do providers' reports change? Everything that follows from them happens here, in order.

1. Messages move forward, and what is no state is noted in their story (`tracking`).
2. Costs are kept beside the message; how long it took to arrive is measured.
3. Effects on addresses and consents follow (`tracking_effects`).
4. A message that was sent and did not arrive gets another channel (`late_failures`).
Repetitions change nothing: states only move forward, a note is told once, and each message
remembers which effects it had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from channels.told import StatusEvent
from notifications import late_failures, tracking, tracking_effects
from notifications.callbacks import Received
from notifications.tracking import ARRIVED, REFUSED, REPORTED, Line, Tracked
from notifications.tracking_effects import SOFT_BOUNCE, Affected
from notifications.tracking_places import Destination, named, written_to
from notifications.tracking_reach import OVERTAKEN, UP_TO
from tenants.ids import created_at

EFFECTS = "effects"  # in what a message keeps beside its text
NOTED_BESIDE = frozenset({"clicked"})  # told of a letter that was read already
DEAREST, MOST_DIGITS = Decimal(100_000), 6  # more is no price of a message


@dataclass(slots=True)
class _Heard:
    """A report with the message that it is about. was: the message's state before it.

    lines: what it adds to the story. effect: on the address, unless the message had it before.
    """

    report: Received[StatusEvent]
    message: Tracked
    was: str
    lines: list[Line]
    effect: str


def apply(
    tenant_id: UUID,
    received: Sequence[Received[StatusEvent]],
    found: Mapping[UUID, Tracked] | None = None,
) -> set[UUID]:
    """Apply reports in one go; return the ids of those that are settled.

    Call inside the tenant's scope. found: what `tracking.find` gave for them, when it was called
    already. The message of one that is not settled may yet be written: try it again later.
    """
    found = tracking.find(tenant_id, received) if found is None else found
    heard = [_hear(one, found[one.id]) for one in received if one.id in found]
    strangers = [one for one in received if one.id not in found and _is_strangers(one)]
    lines = [line for one in heard for line in one.lines]
    tracking.write_states([line for line in lines if line.status != REPORTED])
    tracking.write_notes(tenant_id, [line for line in lines if line.status == REPORTED])
    _keep(tenant_id, heard)
    for one in heard:
        tracking.measure(one.message, one.was, created_at(one.report.id))
    dead = _apply_effects(tenant_id, [one for one in heard if one.effect], strangers)
    _follow(tenant_id, heard, dead)
    return {one.report.id for one in heard} | {one.id for one in strangers}


def _hear(report: Received[StatusEvent], message: Tracked) -> _Heard:
    event, was = report.event, message.state
    reason = event.reason or tracking_effects.reason_of(event.effect)
    lines = tracking.advance(message, event.state, reason, event.raw)
    effect = _effect(event, message, lines)
    if not lines and _is_notable(event):
        lines = tracking.note(message, reason, event.raw)
    if event.reach == UP_TO:
        for earlier in message.earlier:
            lines += tracking.advance(earlier, event.state)
    return _Heard(report, message, was, lines, effect)


def _effect(event: StatusEvent, message: Tracked, lines: Sequence[Line]) -> str:
    """Name the effect, once per message; a bounce that says nothing of the address is a soft one.

    A text that a mail server dislikes is not the address's fault.
    """
    if not event.effect:
        is_soft = event.state == "bounced" and event.reason != "permanent_content"
        return SOFT_BOUNCE if is_soft and lines else ""
    extra = message.extra or {}
    before = extra.get(EFFECTS, [])
    if event.effect in before:
        return ""
    message.extra = {**extra, EFFECTS: [*before, event.effect]}
    return event.effect


def _is_notable(event: StatusEvent) -> bool:
    """Say whether a report that moves nothing may still say something new."""
    return not event.state or bool(event.effect) or event.reason in NOTED_BESIDE


def _is_strangers(one: Received[StatusEvent]) -> bool:
    """Say whether a report is about an address, and no message of ours will turn up for it."""
    event = one.event
    is_named = bool(event.message_id or event.provider_id)
    return bool(event.address) and (not is_named or bool(event.effect and one.attempt >= OVERTAKEN))


def _keep(tenant_id: UUID, heard: Sequence[_Heard]) -> None:
    """Write costs, and which effects a message had, beside it."""
    kept: defaultdict[UUID, dict[str, Any]] = defaultdict(dict)
    for one in heard:
        if cost := _cost(one.report.event):
            kept[one.message.id] |= cost
        if one.report.event.effect:
            kept[one.message.id][EFFECTS] = (one.message.extra or {})[EFFECTS]
    tracking.write_extra(tenant_id, kept)


def _cost(event: StatusEvent) -> dict[str, str]:
    """Read a price; what is none is not kept."""
    try:
        amount = Decimal(event.cost or "NaN")
    except InvalidOperation:
        return {}
    if not amount.is_finite() or not 0 <= amount < DEAREST:
        return {}
    cost = f"{round(amount, MOST_DIGITS).normalize():f}"
    return {"cost": cost, "currency": event.currency[:3].upper()}


def _apply_effects(
    tenant_id: UUID, meant: Sequence[_Heard], strangers: Sequence[Received[StatusEvent]]
) -> set[UUID]:
    """Apply effects; return the messages whose own address is dead."""
    effects = {one.report.id: one.effect for one in meant}
    written = written_to(tenant_id, {one.report.id: _destination(one.message) for one in meant})
    lost = [one.report for one in meant if one.report.id not in written]
    told = named(tenant_id, [*lost, *(one for one in strangers if one.event.effect)])
    told |= {key: [place] for key, place in written.items()}
    effects |= {one.id: one.event.effect for one in strangers}
    tracking_effects.apply(
        tenant_id, [Affected(effects[key], places, key) for key, places in sorted(told.items())]
    )
    return {one.message.id for one in meant if one.effect == "dead" and one.report.id in told}


def _destination(message: Tracked) -> Destination:
    return Destination(message.subscriber_id, message.channel, message.address, message.mode)


def _follow(tenant_id: UUID, heard: Sequence[_Heard], dead: set[UUID]) -> None:
    """Start another channel for what has failed now, stop it for what arrived after all."""
    was = {one.message.id: one.was for one in reversed(heard)}  # before the first report
    failed, arrived = [], []
    for message in {one.message.id: one.message for one in heard}.values():
        if message.state in REFUSED and was[message.id] not in REFUSED:
            failed.append(message)
        elif message.state in ARRIVED and was[message.id] in REFUSED:
            arrived.append(message)
    late_failures.take_up(tenant_id, failed, dead)
    late_failures.call_off(tenant_id, arrived)
