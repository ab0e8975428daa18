"""What a channel step hands to the gateway."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from channels.contract import Outbound
from channels.integrations import Account
from notifications.outcomes import MessageRow, Task


@dataclass(slots=True)
class Send:
    """A prepared message: not sent before hand-over has marked its line of work.

    detour: why it does not go where it should have gone first.
    sharers: other clients who are reached at the same address; a few of them where they are many.
    is_marked: prepare did that already, because there was a slot for it.
    """

    task: Task
    account: Account
    outbound: Outbound
    message: MessageRow
    address_id: UUID | None
    detour: str = ""
    sharers: Sequence[UUID] | None = None
    is_marked: bool = False
