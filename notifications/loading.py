"""Gather what a batch of claimed work needs to be decided: plain values, no more queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from channels.integrations import Account, accounts
from notifications import configs, gates, stops
from notifications.configs import Salon
from notifications.definition import Definition, StepDefinition
from notifications.events import subscribed as subscribed_events
from notifications.outcomes import SOMETHING_FAILED, Heard, Task
from notifications.sql import digests
from notifications.sql import loading as sql
from tenants import rows


@dataclass(frozen=True, slots=True)
class EventFacts:
    """The event of a notification. contexts: by language, what all its recipients' texts share."""

    id: UUID
    mode: str
    transaction_id: str
    version_id: UUID
    location_id: UUID | None
    payload: Mapping[str, Any]
    overrides: Mapping[str, Any]
    expires_at: datetime | None
    is_canceled: bool
    contexts: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)


@dataclass(slots=True)
class AddressFacts:
    """One address; state "suppressed" also when somebody else's same value is.

    sharers: other clients with the same value, a few of them where they are many; None: nobody.
    """

    id: UUID | None
    kind: str
    value: str
    state: str
    window_until: datetime | None = None
    sharers: Sequence[UUID] | None = None


@dataclass(slots=True)
class Person:
    """The subscriber, with language and zone resolved."""

    id: UUID
    subscriber_id: str
    kind: str
    first_name: str
    last_name: str
    language: str
    zone: ZoneInfo
    preferred_channel: str
    data: Mapping[str, Any]
    last_visit_at: datetime | None
    addresses: list[AddressFacts] = field(default_factory=list)
    wishes: Sequence[gates.Wish] | None = None  # most have none


@dataclass(slots=True)
class Gathered:
    """One event of a digest; texts leave it out when it has expired."""

    payload: Mapping[str, Any]
    expires_at: datetime | None


@dataclass(slots=True)
class Work:
    """A task with everything around it.

    Not frozen, like all that is made once per message: freezing costs more than it guards here.
    """

    task: Task
    state: str
    salon: Salon
    event: EventFacts
    definition: Definition
    person: Person
    failed: frozenset[str] = frozenset()  # kinds of address that are closed to this very message
    off: frozenset[str] = frozenset()  # channels that the client does not want for it
    stopped: frozenset[str] = frozenset()  # what of it somebody has stopped; "": everything
    gathered: Sequence[Gathered] = ()  # what it is told for, when it is the first of a digest
    step: StepDefinition | None = field(init=False)  # None when the workflow is through

    def __post_init__(self) -> None:
        self.step = self.definition.step_for(self.task.step, self.person.id)
        if self.step is not None:
            self.task.goes_on = self.step.goes_on


_GONE: tuple[EventFacts | None, Definition | None] = (None, None)


@dataclass(slots=True)
class Batch:
    """Loaded work, tasks whose client is gone, and the salons' accounts."""

    works: list[Work]
    orphans: list[Task]
    accounts: Mapping[UUID, Sequence[Account]]


def load(tasks: Sequence[Task]) -> Batch:
    """Load a batch; call inside its tenants' scope."""
    salons = configs.salons(task.tenant_id for task in tasks)
    tenants = list(salons)
    found = _notifications(tasks)
    events = _events({row[1] for row in found.values()}, tenants)
    failed = _failed_channels([task for task in tasks if task.flags & SOMETHING_FAILED])
    definitions = configs.definitions(tenants, {e.version_id for e in events.values()})
    told = {key: (event, definitions.get(event.version_id)) for key, event in events.items()}
    subscribed = subscribed_events()
    works: list[Work] = []
    orphans: list[Task] = []
    for task in tasks:
        row = found.get(task.due_id)
        event, definition = told.get(row[1], _GONE) if row else _GONE
        if row is None or event is None or definition is None:
            orphans.append(task)
            continue
        salon = salons[task.tenant_id]
        task.steps = len(definition.steps)
        task.category = definition.category
        task.is_critical = definition.is_critical
        task.expires_at = event.expires_at
        refused = failed.get(task.due_id, frozenset())
        if names := salon.hears.get(event.mode) or subscribed:
            task.heard = Heard(names | subscribed, event.id, row[3], event.mode)
        works.append(Work(task, row[2], salon, event, definition, _person(row, salon), refused))
    _close(works)
    _add_addresses(works)
    _add_gathered([work for work in works if work.definition.gathers], tenants)
    return Batch(works, orphans, accounts({key: salon.version for key, salon in salons.items()}))


def _notifications(tasks: Sequence[Task]) -> dict[int, rows.Row]:
    """Read each line's notification and its client."""
    wanted = [
        [task.due_id for task in tasks],
        [task.tenant_id for task in tasks],
        [task.notification_id for task in tasks],
    ]
    return {row[0]: row for row in rows.fetch(sql.NOTIFICATIONS, wanted)}


def _close(works: Sequence[Work]) -> None:
    """Note what is stopped, and what clients do not want; critical messages ask no client."""
    everywhere = stops.of_platform()
    for work in works:
        if everywhere or work.salon.stops:
            held = (*everywhere, *work.salon.stops)
            work.stopped = gates.stopped(held, work.definition.category)
        if work.person.wishes and not work.definition.is_critical:
            head = work.salon.workflows.get(work.definition.identifier)
            key = head.id if head else None
            work.off = gates.unwanted(work.person.wishes, key, work.definition.category)


def _add_gathered(works: Sequence[Work], tenants: list[UUID]) -> None:
    """Add what digests have gathered; one query where some workflow of the batch has one.

    A digest is of use as long as one of its events is.
    """
    if not works:
        return
    found: dict[UUID, list[Gathered]] = defaultdict(list)
    firsts = [work.task.notification_id for work in works]
    for key, payload, expires_at in rows.fetch(digests.EVENTS, [tenants, firsts]):
        found[key].append(Gathered(payload, expires_at))
    for work in works:
        if told := found.get(work.task.notification_id):
            ends = [one.expires_at for one in told if one.expires_at]
            work.gathered = told
            work.task.expires_at = max(ends) if len(ends) == len(told) else None


def _failed_channels(tasks: Sequence[Task]) -> dict[int, frozenset[str]]:
    if not tasks:
        return {}
    found: dict[int, set[str]] = defaultdict(set)
    for due_id, channel in rows.fetch(
        sql.FAILED,
        [
            [task.due_id for task in tasks],
            [task.tenant_id for task in tasks],
            [task.notification_id for task in tasks],
            [task.step for task in tasks],
        ],
    ):
        found[due_id].add(channel)
    return {key: frozenset(kinds) for key, kinds in found.items()}


def _events(event_ids: set[UUID], tenants: list[UUID]) -> dict[UUID, EventFacts]:
    return {row[0]: EventFacts(*row) for row in rows.fetch(sql.EVENTS, [list(event_ids), tenants])}


def _person(row: rows.Row, salon: Salon) -> Person:
    _, _, _, key, own_key, kind, first, last, language, zone, preferred, data, visit, wishes = row
    return Person(
        key,
        own_key,
        kind,
        first,
        last,
        language or salon.language,
        _zone(zone) if zone else salon.zone,
        preferred,
        data,
        visit,
        [],
        wishes,
    )


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _add_addresses(works: Sequence[Work]) -> None:
    tenants = [work.task.tenant_id for work in works]
    people = [work.person.id for work in works]
    for row in rows.fetch(sql.ADDRESSES, [tenants, people]):
        works[row[0] - 1].person.addresses.append(AddressFacts(*row[1:]))
