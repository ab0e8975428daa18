"""What is the same about the events of all mail providers: bounces, and our id in what they return?

A bounce is hard only where the provider's own event says that nobody lives there: most providers
call a full mailbox or a spam filter a bounce too.
"""

from __future__ import annotations

import re

from channels.adapters.callback_reading import as_object, object_of, objects_of, text
from channels.adapters.email_letter import METADATA_KEY
from channels.adapters.fates import DEAD, DISLIKED, FULL, GIVEN_UP, Fate

_FULL = re.compile(r"\b[45]\.2\.2\b|quota|mailbox.{0,8}full", re.IGNORECASE)
_POLICY = re.compile(r"\b5\.7\.\d")


def bounce(is_hard: bool, words: str) -> Fate:
    """Tell what a bounce means. words: of the receiving server."""
    if _FULL.search(words):
        return FULL
    if _POLICY.search(words):
        return DISLIKED
    return DEAD if is_hard else GIVEN_UP


def our_id(metadata: object) -> str:
    """Find our message's id in what the provider gives back; JSON is read first."""
    told = object_of(metadata) if isinstance(metadata, str) else as_object(metadata)
    return text(told.get(METADATA_KEY))


def our_id_in_headers(headers: object) -> str:
    """Find our message's id in a letter's headers, given as a list of names and values."""
    for one in objects_of(headers):
        if text(one.get("name")).lower() == "x-metadata":
            return our_id(text(one.get("value")))
    return ""
