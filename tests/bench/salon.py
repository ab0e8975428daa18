"""What is known of a salon of the bench? Its id, its key, and who its clients are."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Salon:
    """One copy. Its clients are called c-1 to c-<people>; client n has the chat first_chat + n."""

    id: UUID
    key: str
    people: int
    first_chat: int
