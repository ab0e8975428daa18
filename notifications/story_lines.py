"""What does a story consist of? The plain values that readers of a story are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened. step: its key; detail: the provider's masked answer.

    What only a message has (channel to text) is empty on lines without one. cost: a decimal, with
    its currency, on a message's first line, where the provider has told it.
    """

    id: UUID
    time: datetime
    status: str
    position: int = 0
    step: str = ""
    reason: str = ""
    detail: str = ""
    message: UUID | None = None
    channel: str = ""
    provider: str = ""
    provider_id: str = ""
    address: str = ""
    language: str = ""
    title: str = ""
    text: str = ""
    cost: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class StepOutline:
    """A step as the workflow's version has it."""

    key: str
    kind: str
    template: str


@dataclass(frozen=True, slots=True)
class NotificationStory:
    """One notification. subscriber: the salon's own key.

    state: a NotificationState, or "queued" while it waits for a worker. waits_until, waits_for:
    set while it is delayed. standing: the position of the step that is open now.
    zone, language: the salon's.
    """

    notification: UUID
    event: UUID
    mode: str
    transaction_id: str
    state: str
    reason: str
    subscriber: str
    subscriber_id: UUID
    first_name: str
    last_name: str
    workflow: str
    workflow_id: UUID
    names: Mapping[str, str]
    is_critical: bool
    steps: tuple[StepOutline, ...]
    payload: Mapping[str, Any]
    recipients: list[Any]
    zone: str
    language: str
    lines: tuple[StoryLine, ...]
    standing: int | None = None
    waits_until: datetime | None = None
    waits_for: str = ""
    finished_at: datetime | None = None
