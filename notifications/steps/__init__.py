"""What each kind of step does with a batch of work that stands at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from channels.integrations import Account
from notifications.loading import Work
from notifications.outcomes import Result
from notifications.steps import channel, delay, in_app
from notifications.steps.send import Send

# What is decided at once is a Result, what must leave the machine a Send.
Handler = Callable[
    [Sequence[Work], Mapping[UUID, Sequence[Account]], datetime], Sequence[Result | Send]
]

HANDLERS: Mapping[str, Handler] = {
    "in_app": in_app.prepare,
    "email": channel.prepare,
    "sms": channel.prepare,
    "chat": channel.prepare,
    "push": channel.prepare,
    "webhook": channel.prepare,
    "delay": delay.prepare,
}
