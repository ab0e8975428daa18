"""What does a message say, to whom, and until when may nobody else say it there?"""

from __future__ import annotations

import struct
from datetime import datetime, timedelta

from notifications import said_texts
from notifications.definition import TRY
from notifications.loading import Work
from notifications.steps.send import Send
from tenants.limits import USUAL


class Saying:
    """What the messages of one batch say; each salon's time is read once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        # By salon and workflow, as one object per batch: their ids would be hashed in Python.
        self._until: dict[tuple[int, str, int], bytes] = {}

    def entry(self, work: Work, send: Send) -> bytes:
        """Note it for the client's counter; nothing where words may be repeated."""
        if send.message.channel == "url":
            return b""  # the salon's server hears of each event
        place = (id(work.salon), work.event.mode, id(work.definition))
        until = self._until.get(place)
        if until is None:
            until = self._until[place] = self._end(work)
        if not until:
            return b""
        return said_texts.entry(_text(send), until, work.task.notification_id)

    def _end(self, work: Work) -> bytes:
        minutes = _minutes(work)
        until = self._now + timedelta(minutes=minutes)
        return struct.pack("!I", int(until.timestamp())) if minutes else b""


def _minutes(work: Work) -> float:
    """Say for how long a text must not be repeated; whoever tries texts repeats them on purpose."""
    if work.event.mode == "test" or work.salon.is_sandbox or work.definition.identifier == TRY:
        return 0.0
    return float(work.salon.limits.get("same_text_minutes", USUAL["same_text_minutes"]))


def _text(send: Send) -> str:
    content = send.outbound.content
    buttons = [part for one in content.buttons for part in (one.text, one.url, one.action)]
    address = (send.message.channel, send.outbound.address)
    return "\0".join([*address, content.title, content.body, *buttons])
