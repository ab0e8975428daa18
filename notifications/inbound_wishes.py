"""What happens when a client wants no marketing any more, or wants it again?

STOP withdraws the consent to advertising of everybody who shares the address, for all channels,
and is confirmed once. The same choice in the provider's own settings is about that channel only
and needs no confirmation: she has seen it there. START never grants anything: it makes the
platform ask, and only a yes to that question is a consent. Neither touches messages about visits.
"""

from __future__ import annotations

from uuid import UUID

from notifications.inbound_answers import CONSENT, STOPPED, answer, daily
from notifications.inbound_people import Heard, Owner
from tenants import consents
from tenants.consents import Word
from tenants.models import Purpose

STOP_WORD, PROVIDER = "stop_word", "provider"


def stop(tenant_id: UUID, heard: Heard) -> None:
    """Withdraw consent, because she wrote so."""
    fresh = _withdraw(tenant_id, heard, channel="", source=STOP_WORD)
    if fresh:
        answer(fresh[0], STOPPED, str(heard.id), heard.at)


def opt_out(tenant_id: UUID, heard: Heard) -> None:
    """Withdraw consent, because the provider tells of her choice."""
    for kind in {owner.kind for owner in heard.owners}:
        _withdraw(tenant_id, heard, channel=kind, source=PROVIDER)


def start(tenant_id: UUID, heard: Heard) -> None:
    """Ask whether she agrees, unless she has said yes; once a day."""
    for owner in heard.owners[:1]:
        if not consents.agrees(tenant_id, owner.subscriber, owner.kind):
            answer(owner, CONSENT, daily(owner, heard.at), heard.at)


def _withdraw(tenant_id: UUID, heard: Heard, *, channel: str, source: str) -> list[Owner]:
    """Write it for those who have not withdrawn yet; give them."""
    people = {owner.subscriber: owner for owner in heard.owners if channel in ("", owner.kind)}
    gone = consents.withdrawn([(tenant_id, key, channel) for key in people])
    fresh = [owner for key, owner in people.items() if (tenant_id, key, channel) not in gone]
    word = Word(
        purpose=Purpose.ADVERTISING,
        given=False,
        source=source,
        actor="client",
        channel=channel,
        evidence=heard.evidence,
        at=heard.at,
    )
    consents.record(tenant_id, [owner.subscriber for owner in fresh], word)
    return fresh
