"""What each kind of step does with a batch of work that stands at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from channels.integrations import Account
from notifications.loading import Work
from notifications.outcomes import Result
from notifications.steps import (
    ab_split,
    channel,
    condition,
    delay,
    digest,
    escalate,
    in_app,
    reply,
    throttle,
)
from notifications.steps.send import Send

# What is decided at once is a Result, what must leave the machine a Send.
Handler = Callable[
    [Sequence[Work], Mapping[UUID, Sequence[Account]], datetime], Sequence[Result | Send]
]

HANDLERS: Mapping[str, Handler] = {
    "delay": delay.prepare,
    "condition": condition.prepare,
    "ab_split": ab_split.prepare,
    "escalate": escalate.prepare,
    "wait_for_reply": reply.prepare,
    "digest": digest.prepare,
    "throttle": throttle.prepare,
    "in_app": in_app.prepare,
    "email": channel.prepare,
    "sms": channel.prepare,
    "chat": channel.prepare,
    "push": channel.prepare,
    "webhook": channel.prepare,
    "fallback": channel.prepare,
}
# All batches lock in this order: clients' limits and salons' days come last.
ORDER: Sequence[Handler] = tuple(dict.fromkeys(HANDLERS.values()))
