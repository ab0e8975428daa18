"""Accept triggers: check, resolve recipients, write the promise; nothing is sent from here.

One statement besides the key's own for recipients that are only named; one read more when they are
described, one for topics. It inserts events, notifications and open work. After the commit nothing
may lose them; the wake-up that follows is only haste.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from notifications import configs
from notifications.commands import Command
from notifications.configs import Salon
from notifications.definition import Definition
from notifications.dispatch import wake_on_commit
from notifications.events import subscribed
from notifications.leaving import leave_digests
from notifications.models import QUEUES, DueState
from notifications.sql import triggering as sql
from tenants import rows
from tenants.audience import upsert_subscribers
from tenants.auth import Caller
from tenants.errors import InvalidFields, InvalidPayload, PlatformError
from tenants.ids import uuid7
from tenants.people import SubscriberInput

NORMAL = QUEUES.index("normal")

_Fan = tuple[UUID, UUID | None, list[str]]  # event, topic (None: everybody), whom to leave out


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The answer to one trigger; status is of the wire contract's closed list."""

    transaction_id: str
    status: str = "processed"
    errors: tuple[str, ...] = ()


@dataclass(slots=True)
class Accepted:
    """A checked command on its way into the database."""

    command: Command
    workflow_id: UUID
    definition: Definition
    queue: int
    state: int
    due_at: datetime
    expires_at: datetime | None
    location_id: UUID | None
    event_id: UUID = field(default_factory=uuid7)


def accept(caller: Caller, command: Command, now: datetime) -> Acceptance:
    """Accept one trigger; raises InvalidFields or InvalidPayload and then writes nothing."""
    salon = _salon(caller)
    checked = check(salon, command, now)
    if isinstance(checked, Acceptance):
        return checked
    topics = _topics(caller, [command])
    _require_topics(command, topics)
    _write(caller, [checked], topics)
    return Acceptance(command.transaction_id)


def accept_many(
    caller: Caller, commands: Sequence[Command | PlatformError], now: datetime
) -> list[Acceptance]:
    """Accept what is good; a bad element becomes its own answer and does not sink the rest."""
    salon = _salon(caller)
    answers: list[Acceptance] = []
    accepted: dict[str, Accepted] = {}  # the same transaction id twice in one call is one event
    topics = _topics(caller, [c for c in commands if isinstance(c, Command)])
    for command in commands:
        checked = _answered(salon, command, topics, now)
        if isinstance(checked, Acceptance):
            answers.append(checked)
            continue
        accepted.setdefault(checked.command.transaction_id, checked)
        answers.append(Acceptance(checked.command.transaction_id))
    _write(caller, list(accepted.values()), topics)
    return answers


def _salon(caller: Caller) -> Salon:
    return configs.salons_at({caller.tenant_id: caller.config_version})[caller.tenant_id]


def _answered(
    salon: Salon, command: Command | PlatformError, topics: Mapping[str, UUID], now: datetime
) -> Accepted | Acceptance:
    try:
        if isinstance(command, PlatformError):
            raise command
        _require_topics(command, topics)
        return check(salon, command, now)
    except PlatformError as refused:
        sentences = [s for said in refused.errors.values() for s in said] or [refused.message]
        if isinstance(command, Command):
            return Acceptance(command.transaction_id, "error", tuple(sentences))
        return Acceptance(str(command.ctx.get("transactionId") or ""), "error", tuple(sentences))


def check(
    salon: Salon,
    command: Command,
    now: datetime,
    find: Callable[[UUID, UUID], Definition] = configs.definition,
) -> Accepted | Acceptance:
    """Check a command; raises InvalidFields or InvalidPayload. find: gives a published workflow."""
    head = salon.workflows.get(command.name)
    if head is None:
        sentence = f"workflow {command.name!r} does not exist in this salon"
        raise InvalidFields(f"{sentence}.", errors={"name": [sentence]})
    if not head.is_active:
        return Acceptance(command.transaction_id, "trigger_not_active")
    if head.version_id is None:
        return Acceptance(command.transaction_id, "no_workflow_steps_defined")
    definition = find(salon.id, head.version_id)
    if problems := definition.payload_errors(command.payload):
        raise InvalidPayload(
            "The payload does not fit the workflow's schema.",
            errors={f"payload.{name}" if name else "payload": [what] for name, what in problems},
        )
    due_at = command.due_at or now
    return Accepted(
        command=command,
        workflow_id=head.id,
        definition=definition,
        queue=_queue(command, definition),
        state=int(DueState.READY if due_at <= now else DueState.LATER),
        due_at=due_at,
        expires_at=_expiry(command, definition, due_at),
        location_id=_location(salon, command),
    )


def _queue(command: Command, definition: Definition) -> int:
    queue = definition.queue if command.queue is None else command.queue
    return max(queue, NORMAL) if definition.category == "mk" else queue


def _expiry(command: Command, definition: Definition, due_at: datetime) -> datetime | None:
    ends = [command.expires_at] if command.expires_at else []
    if definition.expires_after_s:
        ends.append(due_at + timedelta(seconds=definition.expires_after_s))
    return min(ends, default=None)


def _location(salon: Salon, command: Command) -> UUID | None:
    if not command.location:
        return None
    found = salon.place_ids.get(command.location)
    if found is None:
        sentence = f"location {command.location!r} does not exist in this salon"
        raise InvalidFields(f"{sentence}.", errors={"location": [sentence]})
    return found


def _write(caller: Caller, accepted: Sequence[Accepted], topics: Mapping[str, UUID]) -> None:
    if not accepted:
        return
    people = [p for one in accepted for p in one.command.people]
    actors = [one.command.actor for one in accepted if one.command.actor]
    # Who is only named is looked up by the statement that writes; who is described, may change.
    _upsert(caller, [*(p for p in people if p.fields or p.addresses), *actors])
    if not _insert(caller, accepted, topics):
        _upsert(caller, people)
        if not _insert(caller, accepted, topics):
            raise RuntimeError("subscribers vanished while an event was written for them")
    wake_on_commit(one.queue for one in accepted)


def _upsert(caller: Caller, people: Sequence[SubscriberInput]) -> None:
    if people:
        heard = _salon(caller).hears.get(caller.mode) or subscribed()
        upsert_subscribers(caller.tenant_id, caller.mode, people, is_heard=bool(heard))


def _insert(caller: Caller, accepted: Sequence[Accepted], topics: Mapping[str, UUID]) -> bool:
    """Write all, or nothing and return False when somebody is unknown."""
    names = list({p.subscriber_id for one in accepted for p in one.command.people})
    wide = [fan for one in accepted for fan in _fans(one, topics)]
    whose = {"tenant": caller.tenant_id, "mode": caller.mode, "names": names}
    if len(accepted) == 1 and not wide:
        statement = sql.ACCEPT_ONE_FOR_ONE if len(names) == 1 else sql.ACCEPT_ONE
        found = rows.fetch(statement, whose | _row(accepted[0]))
    else:
        found = rows.fetch(sql.ACCEPT_MANY, whose | _columns(accepted, wide))
    return bool(found[0][0] == len(names))


def _topics(caller: Caller, commands: Sequence[Command]) -> dict[str, UUID]:
    keys = {topic.key for command in commands for topic in command.topics}
    if not keys:
        return {}
    return dict(
        rows.fetch(
            "select key, id from tenants_topic"
            " where tenant_id = %s and mode = %s and key = any(%s)",
            [caller.tenant_id, caller.mode, list(keys)],
        )
    )


def _require_topics(command: Command, known: Mapping[str, UUID]) -> None:
    if missing := {topic.key for topic in command.topics} - known.keys():
        sentence = f"topic {sorted(missing)[0]!r} does not exist"
        raise InvalidFields(f"{sentence}.", errors={"to": [sentence]})


def _row(one: Accepted) -> dict[str, Any]:
    command = one.command
    return {
        "id": one.event_id,
        "transaction": command.transaction_id,
        "workflow": one.workflow_id,
        "version": one.definition.version_id,
        "location": one.location_id,
        "payload": json.dumps(command.payload),
        "overrides": _json(command.overrides),
        "recipients": json.dumps(summary(command)),
        "queue": one.queue,
        "state": one.state,
        "due": one.due_at,
        "expires": one.expires_at,
    }


def _columns(accepted: Sequence[Accepted], wide: Sequence[_Fan]) -> dict[str, Any]:
    told = [(one.event_id, name) for one in accepted for name in _named(one.command)]
    return {
        "ids": [one.event_id for one in accepted],
        "transactions": [one.command.transaction_id for one in accepted],
        "workflows": [one.workflow_id for one in accepted],
        "versions": [one.definition.version_id for one in accepted],
        "locations": [one.location_id for one in accepted],
        "payloads": [json.dumps(one.command.payload) for one in accepted],
        "overrides": [_json(one.command.overrides) for one in accepted],
        "recipients": [json.dumps(summary(one.command)) for one in accepted],
        "queues": [one.queue for one in accepted],
        "states": [one.state for one in accepted],
        "due": [one.due_at for one in accepted],
        "expires": [one.expires_at for one in accepted],
        "told": [uuid7() for _ in told],
        "told_events": [event for event, _ in told],
        "told_names": [name for _, name in told],
        "fan_events": [event for event, _, _ in wide],
        "fan_topics": [topic for _, topic, _ in wide],
        "fan_excludes": [json.dumps(exclude) for _, _, exclude in wide],
    }


def _json(mapping: Mapping[str, Any]) -> str:
    return json.dumps(mapping) if mapping else "{}"


def _named(command: Command) -> list[str]:
    """Name each recipient once; only topics and broadcasts leave the actor out."""
    return list(dict.fromkeys(person.subscriber_id for person in command.people))


def _fans(one: Accepted, topics: Mapping[str, UUID]) -> list[_Fan]:
    actor = [one.command.actor.subscriber_id] if one.command.actor else []
    if one.command.is_broadcast:
        return [(one.event_id, None, actor)]
    named = [person.subscriber_id for person in one.command.people]
    return [
        (one.event_id, topics[topic.key], [*topic.exclude, *actor, *named])
        for topic in one.command.topics
    ]


def summary(command: Command) -> list[Any]:
    """Say whom the caller addressed: ids and topics, no personal data."""
    if command.is_broadcast:
        return [{"type": "Broadcast"}]
    topics = [{"type": "Topic", "topicKey": topic.key} for topic in command.topics]
    return [*(person.subscriber_id for person in command.people), *topics]


def cancel(caller: Caller, transaction_id: str) -> bool:
    """Stop what waits of a transaction; True when at least one waiting piece was stopped."""
    events = rows.fetch(sql.CANCEL_EVENT, [caller.tenant_id, caller.mode, transaction_id])
    if not events:
        return False
    arguments = {"event": events[0][0], "tenant": caller.tenant_id}
    # Twice: what a claim was taking out of a chunk meanwhile is seen by a new statement only.
    stopped = [rows.fetch(sql.CANCEL_WAITING, arguments)[0][0] for _ in range(2)]
    gathers = configs.definition(caller.tenant_id, events[0][1]).gathers
    return any(stopped) | (gathers and leave_digests(caller.tenant_id, events[0][0]))
