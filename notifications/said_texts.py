"""Who said this text to this address within the hour? The notification that did may say it again.

So a doubled trigger ends at its first message, while retries, fallbacks, further steps and whatever
is sent again by hand belong to the same notification and pass; a worker that died lets its message
pass, too. Taken, not checked: the counter of the client, and of each who shares her address, is
reserved for the message anyway and holds the words, an entry of 16 bytes for each: a digest of
the words (8), the second until when they must not be repeated (4), the end of the notification's
id (4). Transactional and marketing messages are counted apart, so their words are, too.

The database joins what is there with what comes: kolokol_said in migrations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final
from uuid import UUID

SIZE: Final = 16
_WORDS: Final = 8
_OWNER: Final = 12


def entry(text: str, until: bytes, notification_id: UUID) -> bytes:
    """Note who says a text to a place; until: as 4 bytes."""
    words = hashlib.blake2b(text.encode(), digest_size=_WORDS).digest()
    return words + until + notification_id.bytes[-4:]


def joined(entries: Sequence[bytes] | None) -> bytes | None:
    """Join what a batch says at one counter; of two that say the same the first has the words."""
    if not entries:
        return None
    if len(entries) == 1:
        return entries[0]
    first: dict[bytes, bytes] = {}
    for one in entries:
        first.setdefault(one[:_WORDS], one)
    return b"".join(first.values())


def is_free(said: bytes, mine: bytes) -> bool:
    """Tell whether these words are this notification's, among all that were said there."""
    return any(
        said[at + _OWNER : at + SIZE] == mine[_OWNER:]
        for at in range(0, len(said), SIZE)
        if said[at : at + _WORDS] == mine[:_WORDS]
    )
