"""What became of a notification's earlier steps? Of several messages of a step the best counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from notifications.loading import Work
from notifications.sql import steps as sql
from tenants import rows
from tenants.ids import created_at

_BEST = ("failed", "bounced", "unknown", "sent", "delivered", "read")
ANSWERED = "answered"


@dataclass(slots=True)
class Earlier:
    """One step. state: its best message's, else how it ended; answers: what was pressed, in order.

    sent_at: when its newest message left.
    """

    state: str = ""
    reason: str = ""
    channel: str = ""
    answers: list[str] = field(default_factory=list)
    messages: list[UUID] = field(default_factory=list)
    sent_at: datetime | None = None

    @property
    def words(self) -> Mapping[str, str | None]:
        """Say it as conditions ask for it; Liquid takes an empty text for true."""
        return {
            "state": self.state or None,
            "reason": self.reason or None,
            "channel": self.channel or None,
            "answer": self.answers[-1] if self.answers else None,
        }


def earlier(works: Sequence[Work]) -> Mapping[UUID, Mapping[str, Earlier]]:
    """Read it for a batch, by notification and key of the step; call inside the batch's scope."""
    if not works:
        return {}
    keys = {
        work.task.notification_id: [step.key for step in work.definition.steps] for work in works
    }
    found: dict[UUID, dict[str, Earlier]] = {key: defaultdict(Earlier) for key in keys}
    arguments = [list(keys), [work.task.tenant_id for work in works]]
    for key, place, state, reason, channel, *message in rows.fetch(sql.EARLIER, arguments):
        if place < len(keys[key]):
            _add(found[key][keys[key][place]], (state, reason, channel), *message)
    return found


def earlier_locked(works: Sequence[Work]) -> Mapping[UUID, Mapping[str, Earlier]]:
    """Lock the notifications as reports and presses do, then read: both sides see each other."""
    tenants = list({work.task.tenant_id for work in works})
    rows.fetch(sql.LOCK, [[work.task.notification_id for work in works], tenants])
    return earlier(works)


def _add(
    one: Earlier, told: tuple[str, str, str], message_id: UUID | None, sent: UUID | None
) -> None:
    state, reason, _ = told
    if state == ANSWERED:
        one.answers.append(reason)
        return
    if message_id is None or sent is None:
        if not one.messages:
            one.state, one.reason, one.channel = told
        return
    if not one.messages or _rank(state) >= _rank(one.state):
        one.state, one.reason, one.channel = told
    one.messages.append(message_id)
    one.sent_at = created_at(sent)


def _rank(state: str) -> int:
    return _BEST.index(state)
