"""Is anything stuck? Accounts that rest, keys that grow old, work that nobody does."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import ImproperlyConfigured

from channels.secrets import decrypt
from notifications.models import QUEUES
from tenants import rows
from tenants.rotation import keys_due
from tenants.scope import support_scope

SHOWN: Final = 5  # names in one sentence; the rest is a number

# How late the oldest line may be before somebody should look, in seconds (DESIGN, guarantees).
LATE_S: Final = {"urgent": 10, "high": 30, "normal": 120, "low": 3600}

_ACCOUNTS: Final = """
select t.slug, i.identifier, i.provider, i.state, i.state_reason, i.credentials
from channels_integration i join tenants_tenant t on t.id = i.tenant_id
union all
select 'the platform', identifier, provider, state, state_reason, credentials
from channels_defaultintegration order by 1, 2
"""
_MISPLACED: Final = """
select t.slug, w.name, string_agg(distinct f.identifier, ', ')
from channels_whatsapptemplate w join tenants_tenant t on t.id = w.tenant_id
join notifications_step s on s.tenant_id = w.tenant_id and s.template_id = w.text_id
join notifications_workflow f on f.id = s.workflow_id and f.tenant_id = s.tenant_id
where w.category = 'marketing' and w.is_running and f.category = 'tx'
  and f.published_id is not null
group by 1, 2 order by 1, 2
"""
_OLDEST: Final = """
select queue, extract(epoch from now() - min(due_at))::float8, sum(lines)::bigint from (
  select queue, due_at, 1 as lines from notifications_due
  union all select queue, due_at, remaining from notifications_range
) work where due_at <= now() group by queue order by queue
"""
_LETTERS: Final = """
select t.slug, count(*), min(d.created_at) from notifications_deadletter d
join tenants_tenant t on t.id = d.tenant_id where d.replayed_at is null group by 1 order by 2 desc
"""


def credentials(now: datetime) -> list[str]:
    """Try every account's credentials against ENCRYPTION_KEYS."""
    closed = [f"{row[0]}/{row[1]}" for row in _all(_ACCOUNTS) if not _opens(row[5])]
    if not closed:
        return []
    return [
        f"None of ENCRYPTION_KEYS opens the credentials of {_few(closed)}: add the key they were"
        " written with behind the first one, or enter the credentials again."
    ]


def _opens(token: str) -> bool:
    try:
        decrypt(token)
    except (ImproperlyConfigured, ValueError):
        return False
    return True


def integrations(now: datetime) -> list[str]:
    """Name accounts that their provider refused."""
    return [
        f"The integration {identifier} ({provider}) of {slug} is paused:"
        f" {reason or 'no reason is known'}. Correct it in the admin and press Check."
        for slug, identifier, provider, state, reason, _ in _all(_ACCOUNTS)
        if state == "paused"
    ]


def whatsapp_templates(now: datetime) -> list[str]:
    """Name texts that WhatsApp counts as marketing though service messages need them."""
    return [
        f"WhatsApp counts the template {name} of {slug} as marketing, but the transactional"
        f" workflow {workflows} uses it: it costs more and reaches fewer clients. Submit a text"
        " that only informs."
        for slug, name, workflows in _all(_MISPLACED)
    ]


def api_keys(now: datetime) -> list[str]:
    """Name keys past their rotation date."""
    due = [f"{key.prefix} ({key.tenant or 'platform'})" for key in keys_due(now)]
    if not due:
        return []
    return [f"API keys are due for rotation: {_few(due)}. Use 'manage.py rotate_key --due'."]


def open_work(now: datetime) -> list[str]:
    """Name queues whose oldest line is late."""
    late = [
        (QUEUES[queue], age_s, count)
        for queue, age_s, count in _all(_OLDEST)
        if age_s > LATE_S[QUEUES[queue]]
    ]
    return [
        f"The queue {name} is {age_s:.0f} s late ({count} lines are due): see whether its workers"
        " run, or drain it with"
        f" 'manage.py dispatch --queue {name}'."
        for name, age_s, count in late
    ]


def dead_letters(now: datetime) -> list[str]:
    """Count what ended in failure and waits for a decision."""
    found = _all(_LETTERS)
    if not found:
        return []
    total, salons = sum(row[1] for row in found), [f"{row[0]} ({row[1]})" for row in found]
    oldest = min(row[2] for row in found)
    return [
        f"{total} notifications ended in failure since {oldest:%Y-%m-%d}: {_few(salons)}."
        " See 'manage.py deadletter list', then 'deadletter replay'."
    ]


def _all(query: str) -> list[rows.Row]:
    with support_scope("doctor looks at all salons"):
        return rows.fetch(query)


def _few(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
