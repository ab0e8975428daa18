"""Reserve what is limited: a client's marketing slot, messages per hour, a salon's day.

Limits are reserved, not checked: one conditional upsert per batch with sorted keys (check, then
insert let 50 of 50 through; unsorted keys met in deadlocks). Salons' quotas come last before the
commit, because every worker wants those rows; what is given back was locked already.

A client's counter also carries what was said to her within the hour (said_texts), so that this
costs no row, no index entry and no statement of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from notifications.said_texts import is_free, joined
from tenants import rows
from tenants.limits import USUAL

HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Need:
    """One unit of one limit that one message needs. index: the message's place in the batch.

    is_last: every worker wants this counter, so that it is locked after all others.
    said: what it says to whom counts here (said_texts). units: 0 when it has its unit already.
    """

    index: int
    tenant_id: UUID
    key: str
    limit: int
    ends_at: datetime
    reason: str
    is_last: bool = False
    said: bytes = b""
    units: int = 1


@dataclass(slots=True)
class Limit:
    """One limit of a salon, the same for a whole batch; who is counted makes it a Need."""

    tenant_id: UUID
    word: str
    mode: str
    most: int
    ends_at: datetime
    reason: str
    is_last: bool = False

    def __post_init__(self) -> None:
        self.word = f"{self.tenant_id.hex}\0{self.mode}\0{self.word}\0"

    def need(self, index: int, whom: str) -> Need:
        """Name the unit that one message needs of it."""
        return self.counted(index, key_of(self.word + whom))

    def key(self, whom: str) -> str:
        """Name its counter for one who is counted."""
        return key_of(self.word + whom)

    def counted(self, index: int, key: str) -> Need:
        """Name the unit of a counter whose key is known."""
        return Need(index, self.tenant_id, key, self.most, self.ends_at, self.reason, self.is_last)


def key_of(text: str) -> str:
    """Digest what is limited, and whom, into a counter's id: a UUID as 32 hex digits.

    Text, because each key is hashed and compared several times, which UUIDs do in Python.
    """
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def client_limit(
    tenant_id: UUID,
    *,
    mode: str,
    channel: str,
    category: str,
    limits: Mapping[str, Any],
    now: datetime,
) -> Limit:
    """Give the limit of a client; who shares her address is counted with her."""
    if category == "mk":
        most = int(limits.get("mk_per_window", USUAL["mk_per_window"]))
        ends_at = now + timedelta(days=float(limits.get("mk_window_days", USUAL["mk_window_days"])))
        return Limit(tenant_id, "mk", mode, most, ends_at, "frequency_cap")
    most = int(limits.get("per_hour", USUAL["per_hour"]))
    return Limit(tenant_id, f"hour:{channel}", mode, most, now + HOUR, "hourly_cap")


def day_limit(
    tenant_id: UUID, *, mode: str, category: str, limits: Mapping[str, Any], day_end: datetime
) -> Limit:
    """Give the salon's limit of this day."""
    word = f"{category}_per_day"
    most = int(limits.get(word, USUAL[word]))
    return Limit(tenant_id, word, mode, most, day_end, f"daily_{category}_limit", is_last=True)


# A window that has ended starts anew; `granted` tells this statement's own share.
_RESERVE = """
insert into notifications_counter as c (id, tenant_id, used, granted, most, ends_at, said)
select u.id, u.tenant_id, least(u.wanted, u.most), least(u.wanted, u.most), u.most, u.ends_at,
  u.said
from unnest(%s::uuid[], %s::uuid[], %s::int[], %s::int[], %s::timestamptz[], %s::bytea[])
  u(id, tenant_id, wanted, most, ends_at, said)
on conflict (id) do update set
  granted = case when c.ends_at <= now() then excluded.granted
    else greatest(0, least(excluded.granted, excluded.most - c.used)) end,
  used = case when c.ends_at <= now() then excluded.granted
    else c.used + greatest(0, least(excluded.granted, excluded.most - c.used)) end,
  most = excluded.most,
  ends_at = case when c.ends_at <= now() then excluded.ends_at else c.ends_at end,
  said = case when c.said is null then excluded.said
    else kolokol_said(c.said, excluded.said, excluded.said) end
returning replace(c.id::text, '-', ''), c.granted, c.said
"""
_RELEASE = """
with u as materialized (
  select k.id, k.tenant_id, sum(k.units) as back, string_agg(k.said, ''::bytea) as unsaid
  from unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bytea[]) k(id, tenant_id, units, said)
  group by 1, 2
), held as materialized (
  select c.id, u.back, u.unsaid from notifications_counter c
  join u on u.id = c.id and u.tenant_id = c.tenant_id order by c.id for update of c
)
update notifications_counter c set used = greatest(0, c.used - held.back),
  said = kolokol_said(c.said, held.unsaid, null)
from held where c.id = held.id
"""


def reserve(needs: Sequence[Need]) -> dict[int, Need]:
    """Take one unit for each need; return, by message, the first that was refused.

    Who says what another has said there is refused with the reason "duplicate", before any limit.
    A message's needs stand in the order in which they may be refused. What a refused one took of
    its other limits is given back, and so is what was taken for it and not used.
    """
    if not needs:
        return {}
    taken: list[Need] = []
    left, refused = _take(needs)
    repeated = set(refused)
    for need in needs:
        if need.index in refused or not need.units:
            continue
        if left[need.key] > 0:
            left[need.key] -= 1
            taken.append(need)
        else:
            refused[need.index] = need
    if refused:
        of_key = {need.key: need for need in needs}
        unused = [of_key[key] for key, count in left.items() for _ in range(count)]
        back = unused + [need for need in taken if need.index in refused]
        unsaid = [need for need in needs if need.index in repeated and need.said]
        give_back(
            [(need.key, need.tenant_id, 1, b"") for need in back]
            + [(need.key, need.tenant_id, 0, need.said) for need in unsaid]
        )
    return refused


def _take(needs: Sequence[Need]) -> tuple[dict[str, int], dict[int, Need]]:
    """Take it; give how many units of each counter came, and which messages are duplicates."""
    of_key: dict[str, Need] = {}
    wanted: dict[str, int] = {}
    said: dict[str, list[bytes]] = {}
    for need in needs:
        key = need.key
        of_key[key] = need
        wanted[key] = wanted.get(key, 0) + need.units
        if need.said:
            said.setdefault(key, []).append(need.said)
    columns = [
        (key, n.tenant_id, wanted[key], n.limit, n.ends_at, joined(said.get(key)))
        for key, n in sorted(of_key.items(), key=_place)
    ]
    left: dict[str, int] = {}
    heard: dict[str, bytes] = {}
    for key, granted, words in rows.fetch(_RESERVE, [list(c) for c in zip(*columns, strict=True)]):
        left[key], heard[key] = granted, words
    return left, {
        need.index: replace(need, reason="duplicate")
        for need in reversed(needs)
        if need.said and heard[need.key] != need.said and not is_free(heard[need.key], need.said)
    }


def _place(pair: tuple[str, Need]) -> tuple[bool, str]:
    """Lock in one order everywhere: first by kind, then by key."""
    return pair[1].is_last, pair[0]


def release(needs: Sequence[Need]) -> None:
    """Give units back that were taken and not used."""
    give_back([(need.key, need.tenant_id, 1, b"") for need in needs])


def give_back(taken: Sequence[tuple[str, UUID, int, bytes]]) -> None:
    """Give back (key, tenant, units, words) that an earlier statement took; no words stay said."""
    if taken:
        rows.run(_RELEASE, [list(column) for column in zip(*taken, strict=True)])
