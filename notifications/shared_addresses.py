"""Whose is each event of a call, when accounts of several salons share one callback address?

An app at Meta has one address for all its numbers, whoever they belong to, and each event names its
number. An event of another number is handed to the account that has it, when that account's own
secret proves the call as well: salons that share an app share its secret, and nobody else can speak
for a number by naming it. What is nobody's here is dropped with a note.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence

from channels import callback_doors
from channels.callback_doors import Door
from channels.faults import FAULTS
from channels.told import AccountEvent, BadSignature, Callback, Told

log = logging.getLogger(__name__)


def split(door: Door, callback: Callback, told: Sequence[Told]) -> list[tuple[Door, list[Told]]]:
    """Give each account the events that are about it, in their order.

    door: whose address was called. News of the business account stay with it, as does everything
    where it has no number of its own; what came to a lent account finds its salon later.
    """
    own: list[Told] = []
    others: defaultdict[str, list[Told]] = defaultdict(list)
    for event in told:
        (others[event.route] if _is_anothers(door, event) else own).append(event)
    shares = [(door, own)]
    for route, events in others.items():
        owner = _owner(door, route, callback)
        if owner is None:
            extra = {"integration": str(door.id), "count": len(events)}
            log.warning("a callback speaks of a number that no account has", extra=extra)
        else:
            shares.append((owner, events))
    return shares


def _is_anothers(door: Door, event: Told) -> bool:
    if door.tenant_id is None or not (door.route and event.route):
        return False
    return event.route != door.route and not isinstance(event, AccountEvent)


def _owner(door: Door, route: str, callback: Callback) -> Door | None:
    """Find the account with this number whose secret proves the call."""
    return next(
        (one for one in callback_doors.by_route(door.provider, route) if _proves(one, callback)),
        None,
    )


def _proves(door: Door, callback: Callback) -> bool:
    try:
        door.adapter.read_callback(callback)
    except (BadSignature, *FAULTS):
        return False
    return True
