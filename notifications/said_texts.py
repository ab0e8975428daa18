"""Who said this text to this address within the hour? The notification that did may say it again.

So a doubled trigger ends at its first message, while retries, fallbacks, further steps and whatever
is sent again by hand belong to the same notification and pass; a worker that died lets its message
pass, too. Taken, not checked: one upsert per batch, in the order of keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from notifications.outcomes import Task
from tenants import rows

_TAKE: Final = """
insert into notifications_saidtext as s (id, tenant_id, notification_id, ends_at)
select * from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::timestamptz[])
on conflict (id) do update set notification_id = excluded.notification_id,
  ends_at = excluded.ends_at
where s.ends_at <= now() or s.notification_id = excluded.notification_id
returning replace(s.id::text, '-', '')
"""
_FORGET: Final = """
delete from notifications_saidtext s using unnest(%s::uuid[], %s::uuid[], %s::uuid[])
  u(id, tenant_id, notification_id)
where s.id = u.id and s.tenant_id = u.tenant_id and s.notification_id = u.notification_id
"""


def take(said: Sequence[tuple[str, Task, datetime]]) -> set[str]:
    """Take texts, each for its notification until a moment; return the digests that it may say.

    Of two notifications in one batch the first has the text.
    """
    first: dict[str, tuple[str, UUID, UUID, datetime]] = {}
    for key, task, until in said:
        first.setdefault(key, (key, task.tenant_id, task.notification_id, until))
    if not first:
        return set()
    columns = [list(column) for column in zip(*sorted(first.values()), strict=True)]
    return {row[0] for row in rows.fetch(_TAKE, columns)}


def forget(tasks: Sequence[Task]) -> None:
    """Let others say what these have not said after all."""
    lines = sorted((t.said, t.tenant_id, t.notification_id) for t in tasks)
    if lines:
        rows.run(_FORGET, [list(column) for column in zip(*lines, strict=True)])
