"""How is a client's messenger tied to her? By a token that is good once, for one channel.

1. `issue` makes a token per channel; the database keeps its digest only.
2. The client opens the deep link, and her messenger brings the token back from her own chat.
3. `take` locks the token and says whose it is, or why it is not taken; `use_up` ends it in the
   same transaction as what it was good for.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from tenants.models import LinkToken
from tenants.rows import fetch, run

#: Days that a link in a message is good for: the client may look at it after a weekend.
GOOD_FOR: Final = timedelta(days=7)
BYTES: Final = 24  # 32 characters: Telegram takes 64 of this alphabet, the tightest of all
TOKEN: Final = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32}(?![A-Za-z0-9_-])")

_TAKE = """
select l.id, l.subscriber_id, s.mode, l.channel, l.used_at, l.expires_at from tenants_linktoken l
join tenants_subscriber s on s.tenant_id = l.tenant_id and s.id = l.subscriber_id
where l.tenant_id = %s and l.digest = %s for update of l
"""


@dataclass(frozen=True, slots=True)
class Link:
    """A token that somebody brought. subscriber: ours. refused: why it is good no more, or ""."""

    id: UUID
    subscriber: UUID
    channel: str
    refused: str


def issue(
    tenant_id: UUID, subscriber: UUID, channels: Iterable[str], now: datetime
) -> dict[str, str]:
    """Make a token for each channel, in the tenant's scope; nobody can read them again."""
    made = {channel: secrets.token_urlsafe(BYTES) for channel in channels}
    LinkToken.objects.bulk_create(
        LinkToken(
            tenant_id=tenant_id,
            subscriber_id=subscriber,
            channel=channel,
            digest=_digest(token),
            expires_at=now + GOOD_FOR,
        )
        for channel, token in made.items()
    )
    return made


def take(
    tenant_id: UUID, token: str, channels: Collection[str], modes: Collection[str], now: datetime
) -> Link | None:
    """Lock the token; None when this salon never made it for such a channel and mode."""
    found = fetch(_TAKE, [tenant_id, _digest(token)])
    if not found:
        return None
    key, subscriber, mode, channel, used_at, expires_at = found[0]
    if channel not in channels or mode not in modes:
        return None
    refused = "link_used" if used_at else "link_expired" if expires_at <= now else ""
    return Link(key, subscriber, channel, refused)


def use_up(tenant_id: UUID, link: Link, now: datetime) -> bool:
    """End a token; False when somebody else did so first."""
    statement = (
        "update tenants_linktoken set used_at = %s"
        " where tenant_id = %s and id = %s and used_at is null"
    )
    return run(statement, [now, tenant_id, link.id]) == 1


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
