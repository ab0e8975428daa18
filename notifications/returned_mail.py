"""What came back to the salons' mailboxes? A look into each, once a minute (a tick).

1. Accounts that name a mailbox are looked into, a few at a time, by IMAP (`channels.mailbox`).
2. What the reports say is kept as callbacks are, each once by its key, and applied by their job.
3. Only then the cursor moves. It stands in Redis and saves work, no more: whoever dies in between,
   or loses Redis, reads the last days again and finds everything kept already.
"""

from __future__ import annotations

import json
import logging
import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from channels.bounces import read_returned
from channels.errors import DeliveryError
from channels.guard import AddressGuard
from channels.mailbox import Cursor, Mailbox, look
from channels.models import DefaultIntegration, Integration
from channels.secrets import decrypt
from notifications.callbacks import keep_told
from tenants.scope import support_scope

AT_ONCE = 8  # they wait for other people's servers
BUDGET_S = 45.0  # of the tick's minute; who comes last is first to come another time
KEPT_FOR = timedelta(days=30)
PROVIDER = "smtp"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Watched:
    """An account whose mailbox is read. tenant_id: None for one that the platform lends."""

    tenant_id: UUID | None
    id: UUID
    mailbox: Mailbox


def tick() -> dict[str, int]:
    """Look once into every mailbox (a tick)."""
    store = redis.Redis.from_url(settings.REDIS_URL)
    try:
        return read_all(_watched(), store, datetime.now(UTC))
    finally:
        store.close()


def read_all(watched: Sequence[Watched], store: redis.Redis, now: datetime) -> dict[str, int]:
    """Read these mailboxes and keep what is new; returns counts."""
    counts = {"mailboxes": len(watched), "kept": 0, "failed": 0}
    for one, looked in _looked(watched, store, now):
        try:
            letters, cursor = looked.result()
        except DeliveryError as error:
            counts["failed"] += 1
            extra = {"integration": str(one.id), "reason": error.detail}
            log.warning("a mailbox of returned letters could not be read", extra=extra)
            continue
        counts["kept"] += take(one.tenant_id, one.id, letters, now)
        _move(store, one.id, cursor)
    return counts


def take(tenant_id: UUID | None, account_id: UUID, letters: Sequence[bytes], now: datetime) -> int:
    """Keep what returned letters tell; give how much of it was new. Call outside transactions."""
    told = [event for letter in letters for event in read_returned(letter)]
    return keep_told(tenant_id, account_id, told, now)


def _watched() -> list[Watched]:
    """Find the accounts with a mailbox, in no order: no slow one always stands before others."""
    on = {"provider": PROVIDER, "state__in": ("active", "paused")}
    with support_scope("mailboxes of all salons"):
        own = list(Integration.objects.filter(**on).values_list("tenant_id", "pk", "credentials"))
        lent = DefaultIntegration.objects.filter(**on).values_list("pk", "credentials")
        found = [*own, *((None, *row) for row in lent)]
    opened = [one for row in found if (one := _open(*row))]
    return random.sample(opened, len(opened))


def _open(tenant_id: UUID | None, key: UUID, token: str) -> Watched | None:
    try:
        mailbox = Mailbox.of(decrypt(token))
    except ImproperlyConfigured:  # no key opens it: told where the account is used
        return None
    return Watched(tenant_id, key, mailbox) if mailbox else None


Looked = Future[tuple[list[bytes], Cursor]]


def _looked(
    watched: Sequence[Watched], store: redis.Redis, now: datetime
) -> Iterator[tuple[Watched, Looked]]:
    """Look into some at a time; give each when it is done, leave the rest when time is up."""
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    deadline = time.monotonic() + BUDGET_S
    with ThreadPoolExecutor(AT_ONCE, "mailbox") as pool:
        open_: dict[Looked, Watched] = {
            pool.submit(look, one.mailbox, _cursor(store, one.id), guard, now.date()): one
            for one in watched
        }
        left = set(open_)
        while left and time.monotonic() < deadline:
            done, left = wait(left, deadline - time.monotonic(), return_when="FIRST_COMPLETED")
            for looked in done:
                yield open_.pop(looked), looked  # with its letters
        for looked in left:
            looked.cancel()


def _cursor(store: redis.Redis, key: UUID) -> Cursor:
    kept = store.get(f"kolokol:mailbox:{key}")
    return Cursor(*json.loads(kept)) if isinstance(kept, bytes) else Cursor()


def _move(store: redis.Redis, key: UUID, cursor: Cursor) -> None:
    kept = json.dumps([cursor.validity, cursor.uid])
    store.set(f"kolokol:mailbox:{key}", kept, ex=KEPT_FOR)
