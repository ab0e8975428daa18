"""What do messages of one event to similar clients have in common? It is decided once per batch.

Similar are those who differ in nothing that rules, route and choice of text look at.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from channels.accounts import Account
from notifications.definition import Texts
from notifications.gates import quiet_until
from notifications.loading import Person, Work
from notifications.outcomes import Fail, Skip, Wait
from notifications.rendering import RenderError
from notifications.steps.route import Route, choose, own_server
from notifications.steps.text import Words, words_for
from tenants.limits import USUAL


@dataclass(frozen=True, slots=True)
class Plan:
    """Which way such messages take, and in which words.

    place: of the address among the client's own; None: the salon's server, which knows her key.
    """

    account: Account
    place: int | None
    detour: str
    words: Words

    def route(self, person: Person) -> Route:
        """Give the way to one of these clients."""
        address = own_server(person) if self.place is None else person.addresses[self.place]
        return Route(self.account, address, self.detour)


Held = Skip | Wait | Fail


class Plans:
    """The plans of one batch. texts: what is published now."""

    def __init__(self, texts: Mapping[UUID, Texts], now: datetime) -> None:
        self._texts = texts
        self._now = now
        self._known: dict[Hashable, Plan | Held] = {}

    def of(self, work: Work, accounts: Sequence[Account]) -> Plan | Held:
        """Give the plan for a message, or why it does not go now; reserves nothing."""
        key = _likeness(work)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._made(work, accounts)
        return found

    def _made(self, work: Work, accounts: Sequence[Account]) -> Plan | Held:
        held = _rule(work, self._now)
        if held is not None:
            return held
        route = choose(work, accounts, self._now)
        if not isinstance(route, Route):
            return route
        try:
            words = words_for(work, self._texts, route.address.kind)
        except RenderError as error:
            return Fail("render_failed", detail=str(error))
        return Plan(route.account, _place(work.person, route), route.detour, words)


def _likeness(work: Work) -> Hashable:
    """Name all that a plan may depend on; events and steps live as long as the batch."""
    person = work.person
    return (
        id(work.event),
        id(work.step),
        work.task.expires_at,
        person.kind,
        person.language,
        person.zone.key,
        person.preferred_channel,
        work.failed,
        work.off,
        work.stopped,
        tuple([(address.kind, address.state) for address in person.addresses]),
    )


def _place(person: Person, route: Route) -> int | None:
    places = (place for place, own in enumerate(person.addresses) if own is route.address)
    return next(places, None)


def _rule(work: Work, now: datetime) -> Skip | Wait | None:
    """Apply what needs no database: staff and marketing, quiet hours."""
    if work.definition.category == "mk" and work.person.kind == "staff":
        return Skip("staff_get_no_marketing")
    hours = _quiet(work)
    until = quiet_until(now, work.person.zone, hours) if hours else None
    return Wait(until, "quiet_hours") if until else None


def _quiet(work: Work) -> Sequence[str] | None:
    """Name the hours in which it waits: of tx only where the salon has set some."""
    if work.event.mode == "test":
        return None  # a developer at night wants to see the text, and nobody is woken
    if work.definition.category == "tx" and work.definition.is_critical:
        return None
    word = "quiet" if work.definition.category == "mk" else "quiet_tx"
    hours: Sequence[str] | None = work.salon.limits.get(word, USUAL[word])
    return hours
