"""What has somebody stopped, and how is it stopped and let go? For a salon, or for all of them.

A salon's stops raise its config_version, so each batch sees them; those of all salons are read once
a second. A stop that has ended stays as the record of who and when.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from notifications.models import Category, PlatformStop, Stop
from notifications.models.gates import STOPPABLE
from tenants.errors import InvalidFields, NotFound
from tenants.rows import fetch
from tenants.scope import current, support_scope

log = logging.getLogger(__name__)

KEPT_S = 1.0
LONGEST_NOTE = 200
CHANNELS = tuple(str(name) for name, _ in STOPPABLE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to stop. "": all channels, both categories."""

    channel: str = ""
    category: str = ""
    note: str = ""


class _Kept:
    """The platform's open stops as they were last read; for all threads of a process."""

    def __init__(self) -> None:
        self.stops: Sequence[tuple[str, str]] = ()
        self.until = 0.0
        self.lock = threading.Lock()


_kept = _Kept()


def of_platform() -> Sequence[tuple[str, str]]:
    """Give (channel, category) of what is stopped for all salons; call inside a batch's scope."""
    now = time.monotonic()
    if now >= _kept.until:
        query = "select channel, category from notifications_platformstop where ended_at is null"
        found = [(row[0], row[1]) for row in fetch(query)]
        with _kept.lock:
            _kept.stops, _kept.until = found, now + KEPT_S
    return _kept.stops


def read(raw: Mapping[str, Any]) -> Wanted:
    """Read what a caller wants stopped; raises InvalidFields for each wrong field."""
    errors: dict[str, list[str]] = {}
    allowed = {"channel": CHANNELS, "category": tuple(Category.values)}
    for name, words in allowed.items():
        if raw.get(name) and raw[name] not in words:
            errors[name] = [f"{name} must be one of {', '.join(words)}, or empty for all"]
    note = raw.get("note") or ""
    if not isinstance(note, str) or len(note) > LONGEST_NOTE or "\0" in note:
        errors["note"] = [f"note must be a text of up to {LONGEST_NOTE} characters"]
    if errors:
        raise InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)
    return Wanted(raw.get("channel") or "", raw.get("category") or "", note)


def start(tenant_id: UUID | None, wanted: Wanted, by: str) -> Stop | PlatformStop:
    """Stop it for a salon, in its scope; None: for all salons, outside a scope."""
    fields = {"channel": wanted.channel, "category": wanted.category, "note": wanted.note}
    row: Stop | PlatformStop
    if tenant_id is None:
        with _staff():
            row = PlatformStop.objects.create(**fields, started_by=by)
    else:
        row = Stop.objects.create(**fields, started_by=by, tenant_id=tenant_id)
    _tell("sending stopped", row, by)
    return row


def end(tenant_id: UUID | None, key: UUID, by: str) -> Stop | PlatformStop:
    """Let it go on; ending twice changes nothing. Raises NotFound."""
    changes = {"ended_at": datetime.now(UTC), "ended_by": by}
    row: Stop | PlatformStop | None
    if tenant_id is None:
        with _staff():
            ended = PlatformStop.objects.filter(pk=key, ended_at=None).update(**changes)
            row = PlatformStop.objects.filter(pk=key).first()
    else:
        ended = Stop.objects.filter(tenant_id=tenant_id, pk=key, ended_at=None).update(**changes)
        row = Stop.objects.filter(tenant_id=tenant_id, pk=key).first()
    if row is None:
        raise NotFound(f"There is no stop {key}.")
    if ended:
        _tell("sending goes on", row, by)
    return row


def find(tenant_id: UUID | None, limit: int = 100) -> list[Stop | PlatformStop]:
    """List stops, the newest first, open and ended."""
    if tenant_id is None:
        with _staff():
            return list(PlatformStop.objects.order_by("-pk")[:limit])
    return list(Stop.objects.filter(tenant_id=tenant_id).order_by("-pk")[:limit])


@contextmanager
def _staff() -> Iterator[None]:
    """Act as the platform's staff: no other role may write what stops all salons."""
    scope = current()
    if scope is not None and scope.kind == "support":
        yield
    else:
        with support_scope("platform staff stop what goes out of all salons, and let it go on"):
            yield
    _kept.until = 0.0


def _tell(words: str, row: Stop | PlatformStop, by: str) -> None:
    tenant = str(getattr(row, "tenant_id", "")) or "all"
    facts = {"stop": str(row.pk), "tenant": tenant, "by": by}
    log.warning(words, extra=facts | {"channel": row.channel, "category": row.category})
