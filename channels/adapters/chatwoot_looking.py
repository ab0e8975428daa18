"""What was said at the desk that nobody told us? Chatwoot calls once and never again.

Steps of calls, as in an exchange: yields requests and is sent their answers.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from channels.adapters.chatwoot_api import ChatwootApi
from channels.adapters.chatwoot_callbacks import (
    Inboxes,
    Words,
    conversation_event,
    listed,
)
from channels.request import HttpRequest, HttpResponse
from channels.told import Told

MOST_PAGES = 4  # of 25 conversations with news; the rest is for the next look
OVERLAP_S = 120.0  # what is told twice is kept once, what is missed is lost

Look = Generator[HttpRequest, HttpResponse, "Seen"]
Numbers = Generator[HttpRequest, HttpResponse, Mapping[str, str]]


@dataclass(slots=True)
class Seen:
    """What a look found. until: unix time of the newest activity; look from there next time."""

    until: float
    told: list[Told] = field(default_factory=list)


def look(api: ChatwootApi, inboxes: Inboxes, since: float) -> Look:
    """Read what happened in our inboxes since a moment (unix time)."""
    seen = Seen(since)
    for inbox in filter(None, (inboxes.mirror, inboxes.sending)):
        for page in range(1, MOST_PAGES + 1):
            rows = listed(api.read((yield api.conversations(inbox, page))), "payload")
            fresh = [row for row in rows if _activity(row) >= since - OVERLAP_S]
            for row in fresh:
                seen.until = max(seen.until, _activity(row))
                seen.told.append(conversation_event(row, str(_activity(row))))
                answer = yield api.messages(str(row.get("id")))
                messages = listed(api.read(answer), "payload")
                seen.told += _heard(messages, row, inbox, inboxes, since)
            if len(fresh) < len(rows) or not rows:
                break
    return seen


def numbers(api: ChatwootApi, conversation: str) -> Numbers:
    """Read which of our messages stand in a conversation: our id -> Chatwoot's number."""
    rows = listed(api.read((yield api.messages(conversation))), "payload")
    found = {Words(row, "", {}).ours: str(row.get("id")) for row in rows}
    return {ours: number for ours, number in found.items() if ours}


def _heard(
    messages: list[dict[str, Any]],
    row: Mapping[str, Any],
    inbox: str,
    inboxes: Inboxes,
    since: float,
) -> Iterator[Told]:
    for message in messages:
        if float(message.get("created_at") or 0) >= since - OVERLAP_S:
            words = Words(message, inbox, row)
            yield from words.heard(inboxes)
            yield from words.became(inboxes)


def _activity(row: Mapping[str, Any]) -> float:
    moment = row.get("last_activity_at") or row.get("timestamp") or 0
    return float(moment) if isinstance(moment, int | float) else 0.0
