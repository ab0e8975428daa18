"""Whose callback is it, when the account is lent by the platform to many salons?

The provider may name the account it means (one Meta app for many numbers); else it belongs to the
salon whose message it answers, or to the one that last wrote to this address. What finds no home
is looked at again for a day, because a report may overtake the message it speaks of.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from channels.registry import ADAPTERS
from notifications.keeping import Kept, insert, next_look
from notifications.sql import callbacks as sql
from tenants import rows
from tenants.scope import batch_scope, platform_scope

log = logging.getLogger(__name__)

SLICE = 500
KINDS = json.dumps({name: list(adapter.address_kinds) for name, adapter in ADAPTERS.items()})


def bring_home(now: datetime) -> int:
    """Hand what is due to the salons it belongs to; return how many were looked at."""
    with platform_scope("callbacks of lent accounts find their salon"):
        arguments = {"now": now, "most": SLICE, "kinds": KINDS}
        found = rows.fetch(sql.LENT_HOMES, arguments)
    homes = [
        Kept(tenant, account, key, event, now, row, kind="")  # this very job applies it
        for row, _, tenant, account, key, event in found
        if tenant is not None
    ]
    lost = [(row, attempt) for row, attempt, tenant, *_ in found if tenant is None]
    insert(homes)  # before they go: what is kept twice counts once
    _settle(homes, lost, now)
    return len(found)


def _settle(homes: Sequence[Kept], lost: Sequence[tuple[UUID, int]], now: datetime) -> None:
    """Forget what has come home and what nobody has claimed for a day; put the others off."""
    looks = {key: next_look(key, attempt, now) for key, attempt in lost}
    given_up = [key for key, due_at in looks.items() if due_at is None]
    later = {key: due_at for key, due_at in looks.items() if due_at is not None}
    if given_up:
        log.warning("callbacks of lent accounts found no salon", extra={"count": len(given_up)})
    with batch_scope(()):
        rows.run(sql.LENT_GONE, [[*(home.id for home in homes), *given_up]])
        if later:
            rows.run(sql.LENT_LATER, [list(later), list(later.values())])
