"""Find whom a client's event comes from and what it answers, and write what it changes."""

from __future__ import annotations

from typing import Final

# One value may be several clients' (a mother and a daughter).
OWNERS: Final = """
select u.id, s.id, s.subscriber_id, a.id, a.kind, a.value, a.state, s.mode,
  coalesce(nullif(s.language, ''), t.language)
from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(values)s::text[]) u(id, kind, value)
join tenants_address a on a.tenant_id = %(tenant)s and a.kind = u.kind and a.value = u.value
join tenants_subscriber s on s.id = a.subscriber_id and s.tenant_id = a.tenant_id
join tenants_tenant t on t.id = a.tenant_id
order by a.id
"""

# What she quotes; else, for words that buttons may have, the newest that waits for an answer.
RECALLED: Final = """
select distinct on (u.id) u.id, m.id
from unnest(%(ids)s::uuid[], %(subscribers)s::uuid[], %(integrations)s::uuid[], %(kinds)s::text[],
  %(masks)s::text[], %(quoted)s::text[], %(may_answer)s::boolean[])
  u(id, subscriber_id, integration_id, kind, mask, quoted, may_answer)
cross join lateral (
  select n.id from notifications_notification n where n.subscriber_id = u.subscriber_id
    and n.tenant_id = %(tenant)s order by n.id desc limit %(most)s) n
join notifications_message m on m.notification_id = n.id and m.tenant_id = %(tenant)s
  and m.integration_id = u.integration_id and m.channel = u.kind and m.address = u.mask
  and (m.id >= %(since)s or m.provider_id = nullif(u.quoted, ''))
order by u.id, m.provider_id = nullif(u.quoted, '') desc nulls last,
  (u.may_answer and jsonb_array_length(coalesce(m.extra -> 'buttons', '[]')) > 0) desc,
  (u.may_answer and m.extra -> 'answer' is null) desc, m.id desc
"""

# A person who said no stays suppressed, whatever the provider tells.
SET_STATE: Final = """
update tenants_address a set state = %(state)s, reason = %(reason)s, changed_at = now()
where a.tenant_id = %(tenant)s and a.id = any(%(ids)s) and a.state = %(before)s
returning a.subscriber_id, a.kind
"""

OPEN_WINDOW: Final = """
update tenants_address a set window_until = u.until
from unnest(%s::uuid[], %s::timestamptz[]) u(id, until)
where a.tenant_id = %s and a.id = u.id and (a.window_until is null or a.window_until < u.until)
"""

# What the client's messenger knows of her fills what nobody knows yet.
SEED_PERSON: Final = """
update tenants_subscriber s set
  first_name = case when s.first_name = '' and s.last_name = '' then %(first)s
    else s.first_name end,
  last_name = case when s.first_name = '' and s.last_name = '' then %(last)s
    else s.last_name end,
  language = case when s.language = '' then %(language)s else s.language end,
  updated_at = now()
where s.tenant_id = %(tenant)s and s.id = %(subscriber)s
  and (s.first_name = '' and s.last_name = '' and %(first)s <> ''
    or s.language = '' and %(language)s <> '')
"""

# Her phone, wherever it is kept.
OF_PHONE: Final = """
select distinct s.id from tenants_address a
join tenants_subscriber s on s.id = a.subscriber_id and s.tenant_id = a.tenant_id
where a.tenant_id = %s and a.kind in ('phone', 'whatsapp') and a.value = %s and s.mode = any(%s)
"""
