"""Which messages of a batch say what another notification says at this address within the hour?"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from notifications import said_texts
from notifications.definition import TRY
from notifications.limits import key_of
from notifications.loading import Work
from notifications.outcomes import Task
from notifications.steps.send import Send

MINUTES = 60.0


def doubled(routed: Sequence[tuple[Work, Send]], now: datetime) -> set[int]:
    """Take what each message says; return the places of those that may not say it."""
    said: list[tuple[str, Task, datetime]] = []
    for work, send in routed:
        if minutes := _minutes(work):
            task = send.task
            task.said = _key(work, send)
            said.append((task.said, task, now + timedelta(minutes=minutes)))
    mine = said_texts.take(said)
    owners = {key: task.notification_id for key, task, _ in reversed(said)}
    return {
        index
        for index, (_, send) in enumerate(routed)
        if (key := send.task.said) and (key not in mine or owners[key] != send.task.notification_id)
    }


def _minutes(work: Work) -> float:
    """Say for how long a text must not be repeated; whoever tries texts repeats them on purpose."""
    if work.event.mode == "test" or work.salon.is_sandbox or work.definition.identifier == TRY:
        return 0.0
    return float(work.salon.limits.get("same_text_minutes", MINUTES))


def _key(work: Work, send: Send) -> str:
    content, outbound = send.outbound.content, send.outbound
    buttons = [part for one in content.buttons for part in (one.text, one.url, one.action)]
    place = (work.task.tenant_id.hex, "said", send.message.channel, outbound.address)
    return key_of("\0".join([*place, content.title, content.body, *buttons]))
