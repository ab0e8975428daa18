"""How does a chat become a client's own address? By a link made for her, or by her own phone.

A chat that belongs to another client is never taken over: people hand telephones on, and a family
may share one, which only the salon can know. It becomes a case for the staff.
"""

from __future__ import annotations

import contextlib
import logging
from uuid import UUID

from notifications.escalation import NewCase, open_case
from notifications.inbound_answers import LINKED, answer
from notifications.inbound_people import Heard, Owner
from notifications.models import Cause
from notifications.sql import inbound as sql
from tenants import links, rows
from tenants.addressing import Refused, normalise
from tenants.audience import set_address
from tenants.events import LINKED as CHAT_LINKED
from tenants.events import UPDATED, SubscriberNews, tell
from tenants.models import Address, Subscriber

log = logging.getLogger(__name__)

UNKNOWN_LINK, UNKNOWN_CHAT = "unknown_link", "unknown_chat"
TAKEN, UNKNOWN_PHONE, SHARED_PHONE = "address_taken", "unknown_phone", "shared_phone"
LANGUAGES = frozenset({"ru", "en"})


def by_token(tenant_id: UUID, heard: Heard, token: str) -> str:
    """Redeem a link's token for the chat that brought it; give a note, "" when she is linked.

    The same link opened again in the same chat changes nothing.
    """
    link = links.take(tenant_id, token, heard.kinds, heard.modes, heard.at)
    if link is None:
        return _refused(heard, UNKNOWN_LINK)
    if _is_hers(heard, link.subscriber, link.channel):
        return ""
    if link.refused:
        return _refused(heard, link.refused)
    links.use_up(tenant_id, link, heard.at)
    return _tie(tenant_id, heard, link.subscriber, link.channel)


def by_phone(tenant_id: UUID, heard: Heard) -> str:
    """Tie the chat to the one client with the phone that the provider vouches for."""
    try:
        phone = normalise("phone", heard.event.value)
    except Refused:
        return UNKNOWN_PHONE
    people = [row[0] for row in rows.fetch(sql.OF_PHONE, [tenant_id, phone, list(heard.modes)])]
    kind = heard.kinds[0]
    if len(people) != 1:
        return SHARED_PHONE if people else UNKNOWN_PHONE
    return "" if _is_hers(heard, people[0], kind) else _tie(tenant_id, heard, people[0], kind)


def unknown(heard: Heard) -> str:
    """Note that somebody opened the salon's chat of whom nothing is known; give the note."""
    extra = {"callback": str(heard.id), "integration": str(heard.integration_id)}
    log.info("somebody unknown opened the chat", extra=extra)
    return UNKNOWN_CHAT


def _tie(tenant_id: UUID, heard: Heard, subscriber: UUID, kind: str) -> str:
    person = Subscriber.objects.get(pk=subscriber)
    if any(owner.kind == kind and owner.mode == person.mode for owner in heard.owners):
        _ask_staff(tenant_id, heard, person, kind)
        return TAKEN
    value = _written(kind, heard.event.address)
    if set_address(tenant_id, subscriber, kind, value):
        tell(tenant_id, [(CHAT_LINKED, SubscriberNews(subscriber, kind, "active"))])
    _seed(tenant_id, heard, subscriber)
    answer(_owner(tenant_id, subscriber, kind, value), LINKED, str(heard.id), heard.at)
    return ""


def _ask_staff(tenant_id: UUID, heard: Heard, person: Subscriber, kind: str) -> None:
    case = NewCase(
        tenant_id=tenant_id,
        cause=Cause.ADDRESS_TAKEN,
        mode=person.mode,
        subscriber_id=person.pk,
        subject=("subscriber", heard.owners[0].subscriber_id),
        channel=kind,
    )
    open_case(case, heard.at)


def _refused(heard: Heard, why: str) -> str:
    extra = {"callback": str(heard.id), "integration": str(heard.integration_id), "reason": why}
    log.warning("a link was refused", extra=extra)
    return why


def _is_hers(heard: Heard, subscriber: UUID, kind: str) -> bool:
    return any(one.subscriber == subscriber and one.kind == kind for one in heard.owners)


def _written(kind: str, address: str) -> str:
    """Write an address in its one form; a provider's own id may have none."""
    with contextlib.suppress(Refused):
        return normalise(kind, address)
    return address


def _seed(tenant_id: UUID, heard: Heard, subscriber: UUID) -> None:
    first, _, last = heard.event.name.strip().partition(" ")
    language = heard.event.language.replace("-", "_").partition("_")[0].lower()
    arguments = {
        "tenant": tenant_id,
        "subscriber": subscriber,
        "first": first[:150],
        "last": last.strip()[:150],
        "language": language if language in LANGUAGES else "",
    }
    if rows.run(sql.SEED_PERSON, arguments):
        tell(tenant_id, [(UPDATED, SubscriberNews(subscriber))])


def _owner(tenant_id: UUID, subscriber: UUID, kind: str, value: str) -> Owner:
    row = Address.objects.select_related("subscriber").get(
        tenant_id=tenant_id, subscriber_id=subscriber, kind=kind, value=value
    )
    who = row.subscriber
    return Owner(who.pk, who.subscriber_id, row.pk, kind, value, row.state, who.mode, who.language)
