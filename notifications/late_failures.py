"""What happens when a message that was sent turns out not to have arrived?

1. Reports come under the lock of the notification: nobody else decides about it at this moment.
2. Where the step may go elsewhere, it is opened again, once: a line of open work at this very
   step, with what a refusal at sending time would have left behind. It reuses the marketing slot,
   which belongs to the notification. After expiry, after a day, or after somebody called it off,
   nothing is opened.
3. Where it may not, and nothing else of the notification arrived, the notification has failed; of
   a critical one staff hear.
4. A delivery that is told before the other channel took over stops it; after that, it is late.
The step of a workflow that goes on is done beside it: later steps are never done twice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifications import configs, escalation, hastening
from notifications.definition import Definition
from notifications.dispatch import wake_on_commit
from notifications.outcomes import (
    DAY_RESERVED,
    SLOT_RESERVED,
    SLOT_USED,
    SOMETHING_FAILED,
    SOMETHING_SENT,
)
from notifications.sql import late_failures as sql
from notifications.steps.route import covers
from notifications.tracking import Line, Tracked, write_extra, write_log
from tenants import rows
from tenants.ids import created_at
from tenants.limits import USUAL

LATEST = timedelta(days=1)  # what was to be said a day ago is said no more
OTHER_CHANNEL, OTHER_ADDRESS = "other_channel", "other_address"
REROUTED = "rerouted"


@dataclass(frozen=True, slots=True)
class _Case:
    """A failed message and what stands around it; positions as in sql.FACTS.

    addresses: kinds of the client's active ones. steps: of the messages that may have arrived.
    refused: kinds through which this step has tried already.
    """

    message_id: UUID
    state: str
    version_id: UUID
    queue: int
    expires_at: datetime | None
    is_canceled: bool
    addresses: Sequence[str]
    steps: Sequence[int]
    refused: Sequence[str]


def take_up(
    tenant_id: UUID,
    failed: Sequence[Tracked],
    dead: Collection[UUID] = (),
    now: datetime | None = None,
) -> None:
    """Open again the steps whose message has just failed, where they may go elsewhere.

    Call inside the tenant's scope, under the locks of `tracking.find`, after effects on addresses.
    dead: messages whose own address was switched off; others of its kind may be tried.
    """
    if not failed:
        return
    moment = now or datetime.now(UTC)
    found = rows.fetch(sql.FACTS, [tenant_id, [message.id for message in failed]])
    cases = {row[0]: _Case(*row) for row in found}
    versions = {case.version_id for case in cases.values()}
    definitions = configs.definitions([tenant_id], versions)
    opened: list[tuple[Tracked, _Case, Definition]] = []
    ended: list[Tracked] = []
    for message in failed:
        case = cases.get(message.id)
        definition = definitions.get(case.version_id) if case else None
        if case is None or definition is None:
            continue
        kinds = _left(message, case, is_dead=message.id in dead)
        latest = moment - _latest(tenant_id, definition)
        if (
            created_at(message.id) > latest
            and _is_open(message, case, moment)
            and _reaches(message, definition, kinds)
        ):
            opened.append((message, case, definition))
        elif not case.steps:
            ended.append(message)
    _open(tenant_id, opened, dead)
    again = {message.id for message, *_ in opened}
    hastening.failed(tenant_id, [message for message in failed if message.id not in again])
    _end(tenant_id, ended)


def call_off(tenant_id: UUID, arrived: Sequence[Tracked]) -> None:
    """Stop what was opened for messages that have arrived after all, if it has not begun."""
    again = [message for message in arrived if (message.extra or {}).get("fallback")]
    if again:
        columns = [[one.notification_id for one in again], [one.step for one in again]]
        rows.run(sql.CALL_OFF, [*columns, tenant_id])


def _left(message: Tracked, case: _Case, *, is_dead: bool) -> set[str]:
    """Name the kinds of address that are left for this step."""
    return set(case.addresses).difference(case.refused, () if is_dead else (message.channel,))


def _is_open(message: Tracked, case: _Case, now: datetime) -> bool:
    is_expired = case.expires_at is not None and now >= case.expires_at
    is_over = case.is_canceled or case.state in ("canceled", "merged")
    return not (is_expired or is_over or message.step in case.steps)


def _latest(tenant_id: UUID, definition: Definition) -> timedelta:
    """Say how old a message may be; marketing must still hold the slot that it reuses."""
    if definition.category != "mk":
        return LATEST
    limits = configs.salons([tenant_id])[tenant_id].limits
    days = limits.get("mk_window_days", USUAL["mk_window_days"])
    return min(LATEST, timedelta(days=float(days)))


def _reaches(message: Tracked, definition: Definition, kinds: Collection[str]) -> bool:
    if message.step >= len(definition.steps):
        return False
    words = definition.steps[message.step].channels
    return any(covers(word, kind) for word in words for kind in kinds)


def _open(
    tenant_id: UUID,
    opened: Sequence[tuple[Tracked, _Case, Definition]],
    dead: Collection[UUID],
) -> None:
    if not opened:
        return
    arguments = {
        "tenant": tenant_id,
        "notifications": [message.notification_id for message, *_ in opened],
        "steps": [message.step for message, *_ in opened],
        "queues": [case.queue for _, case, _ in opened],
        "flags": [_flags(case, definition) for _, case, definition in opened],
        "lasts": [m.step + 1 >= len(definition.steps) for m, _, definition in opened],
    }
    rows.run(sql.OPEN, arguments)
    how = {m.id: OTHER_ADDRESS if m.id in dead else OTHER_CHANNEL for m, *_ in opened}
    write_extra(tenant_id, {key: {"fallback": word} for key, word in how.items()})
    write_log([Line(message, REROUTED, how[message.id]) for message, *_ in opened])
    wake_on_commit(case.queue for _, case, _ in opened)


def _flags(case: _Case, definition: Definition) -> int:
    """Give the line what the same step would have left: its limits are reserved already."""
    flags = SOMETHING_FAILED | SLOT_RESERVED | DAY_RESERVED
    if definition.category == "mk":
        flags |= SLOT_USED
    return flags | (SOMETHING_SENT if case.steps else 0)


def _end(tenant_id: UUID, ended: Sequence[Tracked]) -> None:
    """Let notifications of which nothing arrived fail; of critical ones staff hear."""
    if not ended:
        return
    found = rows.fetch(sql.END, [tenant_id, list({one.notification_id for one in ended})])
    escalation.undeliverable([(row[0], tenant_id) for row in found])
