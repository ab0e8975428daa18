"""What has a client agreed to? One write function, one question of the gate, one for pages.

The newest word decides, by when it was said: of those about all channels and about this one. So an
import that comes late never brings back what was withdrawn meanwhile; of words of one moment a no
holds. Withdrawing the consent to keep personal data ends advertising too: nobody may be advertised
to whose data may not be used.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from tenants.errors import InvalidFields
from tenants.events import UNSUBSCRIBED, SubscriberNews, tell
from tenants.ids import uuid7
from tenants.models import AddressKind, Consent, Purpose, Subscriber
from tenants.rows import fetch

CLOCKS_DIFFER = timedelta(minutes=5)  # how far ahead a caller's clock may be
WITHDRAWN, NEVER_GIVEN = "consent_withdrawn", "no_consent"  # why advertising is refused
SHOWN = 100  # rows of one client's ledger on a page
LONGEST: Mapping[str, int] = {"textVersion": 64, "source": 32, "evidence": 200}
_WORD = re.compile(r"[\w.:/#-]*")  # a name or a reference: a sentence would hold personal data

_RECORD: Final = """
insert into tenants_consent (id, tenant_id, subscriber_id, purpose, channel, given, text_version,
  source, actor, evidence, at)
select u.id, %(tenant)s, s.id, %(purpose)s, %(channel)s, %(given)s, %(text_version)s, %(source)s,
  %(actor)s, %(evidence)s, %(at)s
from unnest(%(ids)s::uuid[], %(subscribers)s::uuid[]) u(id, subscriber_id)
join tenants_subscriber s on s.tenant_id = %(tenant)s and s.id = u.subscriber_id
returning subscriber_id
"""

# Most clients said one yes to everything: one look into the index of each.
_DOUBTFUL: Final = """
select u.subscriber_id from unnest(%s::uuid[], %s::uuid[]) u(tenant_id, subscriber_id)
cross join lateral (
  select bool_and(c.given) and bool_or(c.purpose = 'advertising' and c.channel = '') as is_sure
  from tenants_consent c where c.tenant_id = u.tenant_id and c.subscriber_id = u.subscriber_id) x
where x.is_sure is not true
"""

# Each purpose is asked for once; "for all channels" and "for this one" are one list by time, and
# within a moment by what was said: false comes first.
_REFUSED: Final = """
select u.tenant_id, u.subscriber_id, u.channel, ad.given is false or pd.given is false
from unnest(%s::uuid[], %s::uuid[], %s::text[]) u(tenant_id, subscriber_id, channel)
left join lateral (
  select c.given from tenants_consent c
  where c.tenant_id = u.tenant_id and c.subscriber_id = u.subscriber_id
    and c.purpose = 'advertising' and (c.channel in ('', u.channel) or u.channel = '' and c.given)
  order by c.at desc, c.given limit 1) ad on true
left join lateral (
  select c.given from tenants_consent c
  where c.tenant_id = u.tenant_id and c.subscriber_id = u.subscriber_id
    and c.purpose = 'personal_data' and (c.channel in ('', u.channel) or u.channel = '' and c.given)
  order by c.at desc, c.given limit 1) pd on true
where ad.given is not true or pd.given is false
"""

_AGREES: Final = """
select c.given from tenants_consent c
where c.tenant_id = %s and c.subscriber_id = %s and c.purpose = 'advertising'
  and c.channel in ('', %s) order by c.at desc, c.given limit 1
"""


@dataclass(frozen=True, slots=True)
class Word:
    """What was said: a yes or a no to one purpose. channel "": to all channels.

    source: where it was said (api, import, stop_word...). actor: who wrote it down (client, key,
    staff...). evidence: where the proof lies; neither holds personal data. at: when it was said,
    now if not given.
    """

    purpose: str
    given: bool
    source: str
    actor: str
    channel: str = ""
    text_version: str = ""
    evidence: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now for one purpose and channel."""

    purpose: str
    channel: str
    given: bool
    at: datetime


Asked = tuple[UUID, UUID, str]


def record(tenant_id: UUID, subscribers: Collection[UUID], word: Word) -> int:
    """Add what these clients said to the ledger, in the tenant's scope; return how many rows.

    subscribers: our ids; those of another salon are not written. Raises InvalidFields.
    """
    _check(word)
    who = list(dict.fromkeys(subscribers))
    arguments: dict[str, Any] = {
        "tenant": tenant_id,
        "ids": [uuid7() for _ in who],
        "subscribers": who,
        "purpose": word.purpose,
        "channel": word.channel,
        "given": word.given,
        "text_version": word.text_version,
        "source": word.source,
        "actor": word.actor,
        "evidence": word.evidence,
        "at": word.at or datetime.now(UTC),
    }
    written = [row[0] for row in fetch(_RECORD, arguments)] if who else []
    if not word.given:
        told = [SubscriberNews(key, word.channel, reason=word.source) for key in written]
        tell(tenant_id, [(UNSUBSCRIBED, one) for one in told])
    return len(written)


def doubtful(tenants: Sequence[UUID], subscribers: Sequence[UUID]) -> set[UUID]:
    """Name those of some clients who did more than say yes to advertising on all channels.

    The others may be advertised to; of these each channel has to be asked for.
    """
    return {row[0] for row in fetch(_DOUBTFUL, [list(tenants), list(subscribers)])}


def refusals(asked: Collection[Asked]) -> dict[Asked, str]:
    """Tell which of (tenant, subscriber, kind of address) may not be advertised to, and why.

    kind "": all of them, where a later yes to any one of them still stands.
    Runs in the scope of these tenants. Who never agreed is refused like who took it back.
    """
    if not asked:
        return {}
    tenants, subscribers, channels = (list(part) for part in zip(*asked, strict=True))
    return {
        (row[0], row[1], row[2]): WITHDRAWN if row[3] else NEVER_GIVEN
        for row in fetch(_REFUSED, [tenants, subscribers, channels])
    }


def withdrawn(asked: Collection[Asked]) -> set[Asked]:
    """Tell for which of them advertising was said no to. Who never said anything is not there."""
    return {key for key, why in refusals(asked).items() if why == WITHDRAWN}


def agrees(tenant_id: UUID, subscriber: UUID, channel: str) -> bool:
    """Ask whether the last word about advertising on this channel was a yes."""
    found = fetch(_AGREES, [tenant_id, subscriber, channel])
    return bool(found and found[0][0])


def standing(subscriber: Subscriber) -> list[Standing]:
    """Tell what holds now: per purpose for all channels, then for each that was named since."""
    rows = ledger(subscriber).reverse()
    return list(_fold(rows))


def ledger(subscriber: Subscriber) -> Any:
    """Give all rows of a client, the newest word first."""
    rows = Consent.objects.filter(tenant_id=subscriber.tenant_id, subscriber_id=subscriber.pk)
    return rows.order_by("-at", "given", "-id")


def read_word(raw: Mapping[str, Any], *, source: str, actor: str) -> Word:
    """Read what a caller of the API or a command wrote; raises InvalidFields for each wrong field.

    source: said when the caller names none.
    """
    errors: dict[str, list[str]] = {}
    given = raw.get("given")
    if not isinstance(given, bool):
        errors["given"] = ["given must be true or false"]
    word = Word(
        purpose=_one_of(raw, "purpose", Purpose.values, errors),
        given=given is True,
        source=_text(raw, "source", errors) or source,
        actor=actor,
        channel=_one_of(raw, "channel", ["", *AddressKind.values], errors),
        text_version=_text(raw, "textVersion", errors),
        evidence=_text(raw, "evidence", errors),
        at=_moment(raw.get("at"), errors),
    )
    if errors:
        raise _refused(errors)
    return word


def _fold(rows: Iterable[Consent]) -> Sequence[Standing]:
    """Let each row replace what it is about: one about all channels replaces them all."""
    stands: dict[tuple[str, str], Standing] = {}
    for row in rows:
        if not row.channel:
            stands = {key: one for key, one in stands.items() if key[0] != row.purpose}
        stands[row.purpose, row.channel] = Standing(row.purpose, row.channel, row.given, row.at)
    return [stands[key] for key in sorted(stands)]


def _check(word: Word) -> None:
    if word.at is not None and word.at > datetime.now(UTC) + CLOCKS_DIFFER:
        raise _refused({"at": ["at must not be in the future"]})


def _refused(errors: dict[str, list[str]]) -> InvalidFields:
    return InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)


def _one_of(
    raw: Mapping[str, Any], name: str, allowed: Sequence[str], errors: dict[str, list[str]]
) -> str:
    value = raw.get(name) or ""
    if value not in allowed:
        errors[name] = [f"{name} must be one of {', '.join(word for word in allowed if word)}"]
        return ""
    return str(value)


def _text(raw: Mapping[str, Any], name: str, errors: dict[str, list[str]]) -> str:
    value, most = raw.get(name) or "", LONGEST[name]
    if isinstance(value, str) and len(value) <= most and _WORD.fullmatch(value):
        return value
    errors[name] = [f"{name} must be at most {most} letters, digits and . _ : / # -, no spaces"]
    return ""


def _moment(value: object, errors: dict[str, list[str]]) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        errors["at"] = ["at must be a time with its zone such as 2026-11-22T10:00:00+03:00"]
        return None
    if moment > datetime.now(UTC) + CLOCKS_DIFFER:
        errors["at"] = ["at must not be in the future"]
    return moment
