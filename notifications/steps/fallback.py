"""Does a fallback have to speak? Only when what an earlier step sent did not do its work in time.

settings: {"of": an earlier step's key, "when": "not_delivered", "not_read" or "failed",
"after_s": from that message on}; channels and text are the step's own. A failure ends the wait at
once. Reports lock the notification first, and so does the timer, which looks again under the lock.
Who has to speak goes on as any channel step does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import datetime, timedelta
from typing import Any

from channels.integrations import Account
from notifications.definition import StepDefinition
from notifications.loading import Work
from notifications.models import StepKind
from notifications.outcomes import TIMER_RAN, Result, Skip, Wait
from notifications.sql import steps as sql
from notifications.steps.earlier import Earlier, earlier_locked
from notifications.steps.route import Route, choose
from tenants import rows

NOT_DELIVERED, NOT_READ, FAILED = "not_delivered", "not_read", "failed"
#: What a step that has a fallback does not wait for.
GIVES_WAY = frozenset({"stopped", "integration_paused", "provider_failing"})
#: An earlier step that was skipped for these could not reach the client by its channel; for any
#: other, she is not to be written to, or has the same words already.
NO_WAY = GIVES_WAY | {
    *("no_address", "suppressed", "no_integration", "policy_forbids", "window_closed"),
    *("preference", "no_consent", "consent_withdrawn"),
}
_LOST = frozenset({"failed", "bounced"})


def keep_needed(works: list[Work], now: datetime) -> tuple[list[Work], list[Result]]:
    """Part what may go on from what is not needed, or not yet; other steps go on."""
    asked = [work for work in works if work.step and work.step.kind == StepKind.FALLBACK]
    if not asked:
        return works, []
    known = earlier_locked(asked)
    held: dict[int, Result] = {}
    needed: list[tuple[Work, Earlier]] = []
    for work in asked:
        assert work.step is not None  # noqa: S101 (they were chosen so)
        of = known[work.task.notification_id].get(work.step.settings["of"], Earlier())
        outcome = _outcome(work, work.step, of, now)
        if outcome is None:
            needed.append((work, of))
        else:
            held[id(work)] = Result(work.task, outcome)
    _note_overtaken(needed)
    return [work for work in works if id(work) not in held], list(held.values())


def has_way(work: Work, accounts: Sequence[Account], now: datetime) -> bool:
    """Say whether a fallback of this step could speak now, or a fallback of that one."""
    keys = {work.step.key if work.step else ""}
    for position, step in enumerate(work.definition.steps):
        if step.kind == StepKind.FALLBACK and step.settings["of"] in keys:
            keys.add(step.key)
            other = copy(work)
            other.step = work.definition.step_for(position, work.person.id)
            if isinstance(choose(other, accounts, now), Route):
                return True
    return False


def _outcome(work: Work, step: StepDefinition, of: Earlier, now: datetime) -> Skip | Wait | None:
    settings = step.settings
    is_needed = _is_needed(of, settings["when"])
    if is_needed is None:
        until = _until(of, settings, now)
        if not work.task.flags & TIMER_RAN and until > now:
            return Wait(work.task.in_time(until), "fallback_wait", flags=TIMER_RAN)
        is_needed = settings["when"] != FAILED
    return None if is_needed else Skip("fallback_not_needed")


def _is_needed(of: Earlier, when: str) -> bool | None:
    """None: it may still change."""
    if not of.messages:
        return of.state == "failed" or of.reason in NO_WAY
    if of.state in _LOST:
        return True
    if of.state == "read" or (of.state == "delivered" and when != NOT_READ):
        return False
    return None


def _until(of: Earlier, settings: Mapping[str, Any], now: datetime) -> datetime:
    return (of.sent_at or now) + timedelta(seconds=float(settings.get("after_s", 0)))


def _note_overtaken(needed: list[tuple[Work, Earlier]]) -> None:
    """Note at the messages that somebody else spoke: what is told of them from now on is late."""
    pairs = [(key, work.task.tenant_id) for work, of in needed for key in of.messages]
    if pairs:
        rows.run(sql.OVERTAKEN, [[key for key, _ in pairs], [tenant for _, tenant in pairs]])
