"""Accept triggers of many salons that wait at the same moment, in one transaction.

For the plain ones: a key that was let in a moment ago, one person who is only named, a workflow
that is kept here. What was known of key and salon is proven by the statement that writes. Where it
does not hold any more, or the name is new, nothing is written and the call goes the longer way:
notifications.trigger, in a transaction of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from notifications import configs
from notifications.commands import Command
from notifications.definition import Definition
from notifications.dispatch import wake_soon
from notifications.sql import triggering as sql
from notifications.trigger import Acceptance, Accepted, check, summary
from tenants.auth import Caller
from tenants.errors import Longer
from tenants.ids import uuid7
from tenants.scope import fetch_at_once
from tenants.together import Together

_ENCODER: Final = json.JSONEncoder(ensure_ascii=False)
PATIENCE_MS: Final = 200  # for another transaction that writes the same transaction id


@dataclass(frozen=True, slots=True)
class _Assumed:
    """A trigger that was checked by what was known of its caller a moment ago."""

    caller: Caller
    accepted: Accepted


def accept_jointly(caller: Caller, command: Command, now: datetime) -> Acceptance:
    """Accept one trigger outside a transaction; raises Longer, and then has written nothing."""
    salon = configs.kept_salon(caller)
    if salon is None or not _is_plain(command):
        raise Longer
    accepted = check(salon, command, now, _kept)
    if isinstance(accepted, Acceptance):
        raise Longer
    outcome = desk.ask(_Assumed(caller, accepted))
    if isinstance(outcome, Exception):
        raise OperationalError("nobody knows whether the trigger is kept") from outcome
    if not outcome:
        raise Longer
    return Acceptance(command.transaction_id)


def _is_plain(command: Command) -> bool:
    """Tell whether it is for one person only, and writes nothing about anybody."""
    if len(command.people) != 1 or command.topics or command.actor is not None:
        return False
    return not (command.people[0].fields or command.people[0].addresses)


def _kept(_tenant_id: UUID, version_id: UUID) -> Definition:
    found = configs.kept_definition(version_id)
    if found is None:
        raise Longer
    return found


def _accept_all(wanted: Sequence[_Assumed]) -> Sequence[bool | Exception]:
    """Write what holds; tell each whether it is written, or that nobody knows."""
    try:
        written = _write(wanted)
    except (OperationalError, InterfaceError) as error:
        # With a living connection it was a lock of others, and nothing is written: let each wait
        # for himself, on the longer way.
        return [False if connection.is_usable() else error] * len(wanted)
    wake_soon(one.accepted.queue for one in wanted)
    return [one.accepted.event_id in written for one in wanted]


def _write(wanted: Sequence[_Assumed]) -> set[UUID]:
    """Write what holds and give its ids; once more, to no harm, if the connection was lost."""
    lines = _ENCODER.encode([_line(one) for one in wanted])
    tenants = {one.caller.tenant_id for one in wanted}
    try:
        return _written(tenants, lines)
    except (OperationalError, InterfaceError):
        if connection.is_usable():
            raise
        connection.close()
        return _written(tenants, lines)


def _written(tenants: set[UUID], lines: str) -> set[UUID]:
    found = fetch_at_once(tenants, sql.ACCEPT_ASSUMED, [lines], patience_ms=PATIENCE_MS)
    return {row[0] for row in found}


def _line(one: _Assumed) -> dict[str, Any]:
    who, accepted, command = one.caller, one.accepted, one.accepted.command
    return {
        "tenant": who.tenant_id.hex,
        "key": who.key_id.hex,
        "mode": who.mode,
        "scopes": who.scopes,
        "config": who.config_version,
        "name": command.people[0].subscriber_id,
        "id": accepted.event_id.hex,
        "told": uuid7().hex,
        "transaction": command.transaction_id,
        "workflow": accepted.workflow_id.hex,
        "version": accepted.definition.version_id.hex,
        "location": accepted.location_id and accepted.location_id.hex,
        "payload": command.payload,
        "overrides": command.overrides,
        "recipients": summary(command),
        "queue": accepted.queue,
        "state": accepted.state,
        "due": accepted.due_at.isoformat(),
        "expires": accepted.expires_at and accepted.expires_at.isoformat(),
    }


desk = Together(_accept_all)
