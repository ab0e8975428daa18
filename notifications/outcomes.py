"""How a notification leaves a step: a closed set of plain values.

Every line that the engine settles is one of these; `notifications.settling` has one match over
them, closed by assert_never, so a new outcome does not type-check until it is handled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

END = 32_767  # where a step sends what is to go no further

# Due.flags
TIMER_RAN = 1
SLOT_RESERVED = 2  # the client's limits are reserved for this step
SOMETHING_SENT = 4
SOMETHING_FAILED = 8
DAY_RESERVED = 16  # the salon's day is: a step counts once, however many attempts it needs
MAYBE_SENT = 64  # a lost answer was asked for again once: another one stays unknown
BESIDE = 128  # this step only, beside a notification that goes on or is over: it closes nothing
SLOT_USED = 32  # the mk slot belongs to the notification: its further steps reuse it
WAITS_FOR_ROOM = 256  # leased and prepared, not handed over: the gateway had no slot for it


@dataclass(slots=True)
class MessageRow:
    """A message as it is written at settle."""

    id: UUID
    channel: str
    provider: str
    state: str
    language: str
    title: str
    body: str
    integration_id: UUID | None = None
    provider_id: str = ""
    template_version_id: UUID | None = None
    address: str = ""
    extra: dict[str, Any] | None = None
    reason: str = ""


@dataclass(slots=True)
class Done:
    """The step is over. message: what it sent, if it sent; detail: the provider's masked answer.

    reason: why it went where it went, for the log. to: the step to go on with, if not the next.
    """

    message: MessageRow | None = None
    detail: str = ""
    reason: str = ""
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now; costs no attempt. flags: bits to remember."""

    until: datetime
    reason: str
    flags: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """The attempt failed; another one follows."""

    at: datetime
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Skip:
    """We chose not to send; the reason is as visible as a sent message. to: as with Done."""

    reason: str
    detail: str = ""
    to: int | None = None


@dataclass(frozen=True, slots=True)
class Reroute:
    """This address is dead: switch it off and take the next one at once.

    since: an address that was named anew after this moment stays on.
    """

    address_id: UUID
    state: str
    reason: str
    message: MessageRow
    detail: str = ""
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Heal:
    """The recipient has moved: write the new address down and send there at once."""

    address_id: UUID
    new_value: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Fail:
    """The step cannot succeed; the notification ends here and can be replayed by hand.

    It goes on where the step's own settings say so.
    """

    reason: str
    message: MessageRow | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The notification ends without a message because somebody called it off."""

    reason: str


@dataclass(frozen=True, slots=True)
class Merge:
    """The notification ends inside another one (digest)."""

    into: UUID


@dataclass(frozen=True, slots=True)
class Drop:
    """Open work without a notification that could use it: it was finished elsewhere."""


Outcome = Done | Wait | Retry | Skip | Reroute | Heal | Fail | Cancel | Merge | Drop


@dataclass(frozen=True, slots=True)
class Heard:
    """What somebody wants to hear of a notification, and whose it is. names: of events."""

    names: frozenset[str]
    event: UUID
    subscriber: UUID
    mode: str


@dataclass(slots=True)
class Task:
    """One claimed piece of open work, on its way through prepare, send and settle.

    due_id: its line's number. range_id: set while it has no line, but is one of a range.
    """

    due_id: int
    tenant_id: UUID
    notification_id: UUID
    step: int
    attempt: int
    claims: int
    flags: int
    message_id: UUID | None  # set: it may have been sent; when claimed, by an earlier attempt
    batch_id: UUID
    queue: int
    range_id: int | None = None
    steps: int = 1  # of the workflow, known after loading
    goes_on: bool = False  # a failure of this step does not end the notification
    category: str = "tx"
    is_critical: bool = True  # unless loading knows better
    expires_at: datetime | None = None
    freeze: tuple[UUID, datetime] | None = None  # integration and until when
    pause: tuple[UUID, str] | None = None  # integration and why
    counters: list[str] = field(default_factory=list)
    said: bytes = b""  # what it says to whom, as a digest, from when that was taken
    heard: Heard | None = None  # nobody listens to most

    @property
    def sending_id(self) -> UUID:
        """Name the message that this lease may send, as kolokol_message_id does."""
        return self.message_id or UUID(int=self.batch_id.int >> 48 << 48 | self.due_id)

    def in_time(self, until: datetime) -> datetime:
        """Give the end of a wait that something may end before, even if it is of no use then."""
        return until if self.expires_at is None else min(until, self.expires_at)


@dataclass(slots=True)
class Result:
    """A task and how it left its step."""

    task: Task
    outcome: Outcome
