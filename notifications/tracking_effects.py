"""What does a report mean for the address itself, and for what the client agreed to?

The table below is all there is. An address means its value: whoever shares it within the salon and
the mode shares its fate. Somebody who said no stays suppressed, whatever providers tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from notifications.sql import tracking as sql
from notifications.tracking_places import Place
from tenants import consents, events, rows
from tenants.consents import Word
from tenants.ids import created_at, floor_id
from tenants.models import Purpose

SOFT_BOUNCE, SOFT_BOUNCES = "soft_bounce", "soft_bounces"
# A full mailbox may be emptied; one that was full five times within two weeks is given up.
MOST_BOUNCES, WITHIN = 5, timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Effect:
    """What changes. state, reason: what an active address becomes; reason "" leaves it alone.

    again: its state when the same comes once more. ends_advertising: for all channels.
    """

    state: str = "active"
    reason: str = ""
    again: str = ""
    ends_advertising: bool = False


#: Effect -> what changes. subscriber.address_changed tells of each address that stops being
#: active, subscriber.unsubscribed of each consent that ends here.
EFFECTS: Mapping[str, Effect] = {
    "dead": Effect("inactive", "permanent_recipient"),
    SOFT_BOUNCES: Effect("inactive", SOFT_BOUNCES),
    # once: no more marketing; again: nothing at all, because mail servers count complaints
    "complaint": Effect(reason="complaint", again="suppressed", ends_advertising=True),
    "unsubscribed": Effect(ends_advertising=True),
}


@dataclass(frozen=True, slots=True)
class Affected:
    """An effect on an address; it may be written in several ways. callback: which told it."""

    effect: str
    places: Sequence[Place]
    callback: UUID


@dataclass(slots=True)
class _Address:
    """A locked row of one of the clients who share it."""

    id: UUID
    subscriber_id: UUID
    kind: str
    state: str
    reason: str
    is_changed: bool = False

    def suffer(self, effect: Effect) -> None:
        if self.state != "active" or not effect.reason:
            return
        is_again = effect.again and self.reason == effect.reason
        self.state = effect.again if is_again else effect.state
        self.reason = effect.reason
        self.is_changed = True


def reason_of(effect: str) -> str:
    """Say an effect as a reason, for reports that give none."""
    known = EFFECTS.get(effect)
    return (known.reason if known else "") or effect


def apply(tenant_id: UUID, told: Sequence[Affected], now: datetime | None = None) -> None:
    """Apply effects in their order.

    Call inside the tenant's scope, after notifications were locked and messages written.
    """
    given_up = _given_up(tenant_id, [one for one in told if one.effect == SOFT_BOUNCE], now)
    known = [one for one in (*told, *given_up) if one.effect in EFFECTS]
    if not known:
        return
    addresses = _lock(tenant_id, known)
    for one, shared in zip(known, addresses, strict=True):
        for address in shared:
            address.suffer(EFFECTS[one.effect])
    _write(tenant_id, {address.id: address for shared in addresses for address in shared})
    for one, shared in zip(known, addresses, strict=True):
        if EFFECTS[one.effect].ends_advertising:
            _end_advertising(tenant_id, one, shared)


def _lock(tenant_id: UUID, known: Sequence[Affected]) -> list[list[_Address]]:
    """Lock the addresses of all effects at once, in id order; give them by effect."""
    found = rows.fetch(sql.AFFECTED, {"tenant": tenant_id, **_columns(known)})
    of_id = {row[1]: _Address(*row[1:]) for row in found}
    addresses: list[list[_Address]] = [[] for _ in known]
    for index, key, *_ in found:
        addresses[index].append(of_id[key])
    return addresses


def _columns(affected: Sequence[Affected]) -> dict[str, list[object]]:
    asked = [(index, place) for index, one in enumerate(affected) for place in one.places]
    return {
        "places": [index for index, _ in asked],
        "kinds": [place.kind for _, place in asked],
        "values": [place.value for _, place in asked],
        "modes": [place.mode for _, place in asked],
        "masks": [place.masked for _, place in asked],
    }


def _write(tenant_id: UUID, addresses: Mapping[UUID, _Address]) -> None:
    changed = [one for _, one in sorted(addresses.items()) if one.is_changed]
    if not changed:
        return
    columns = zip(*((one.id, one.state, one.reason) for one in changed), strict=True)
    rows.run(sql.SET_STATES, [*map(list, columns), tenant_id])
    events.tell(
        tenant_id,
        [
            (
                events.ADDRESS_CHANGED,
                events.SubscriberNews(one.subscriber_id, one.kind, one.state, one.reason),
            )
            for one in changed
            if one.state != "active"
        ],
    )


def _end_advertising(tenant_id: UUID, one: Affected, shared: Iterable[_Address]) -> None:
    """Withdraw what was not withdrawn yet: the ledger has a row per change of mind."""
    asked = {(tenant_id, address.subscriber_id, "") for address in shared}
    standing = asked - consents.withdrawn(asked)
    people = sorted({subscriber for _, subscriber, _ in standing})
    word = Word(
        purpose=Purpose.ADVERTISING,
        given=False,
        source=one.effect,
        actor="provider",
        evidence=f"callback:{one.callback}",
    )
    consents.record(tenant_id, people, word)


def _given_up(tenant_id: UUID, bounced: Sequence[Affected], now: datetime | None) -> list[Affected]:
    """Say which addresses have bounced softly too often since they were last named or changed."""
    if not bounced:
        return []
    since = floor_id((now or datetime.now(UTC)) - WITHIN)
    found = rows.fetch(sql.BOUNCES, {"tenant": tenant_id, "since": since, **_columns(bounced)})
    messages: list[set[UUID]] = [set() for _ in bounced]
    for index, changed_at, message in found:
        if created_at(message) >= changed_at:
            messages[index].add(message)
    return [
        Affected(SOFT_BOUNCES, one.places, one.callback)
        for one, counted in zip(bounced, messages, strict=True)
        if len(counted) >= MOST_BOUNCES
    ]
