"""What a new salon starts with: the Phone and the scenarios of a pack."""

from __future__ import annotations

from uuid import UUID

from channels.integrations import ensure_phone
from notifications.inbound_answers import PACK as ANSWERS
from notifications.seeding import seed


def equip(tenant_id: UUID, pack: str = "salon") -> None:
    """Give a salon its Phone and its workflows; call inside its scope."""
    ensure_phone(tenant_id)
    seed(tenant_id, pack)
    seed(tenant_id, ANSWERS)
