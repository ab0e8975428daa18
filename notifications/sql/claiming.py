"""The statements that cross tenants; the work is done by functions inside the database."""

from __future__ import annotations

from typing import Final

CLAIM: Final = "select * from kolokol_claim(%s::smallint, %s, %s, %s, %s, %s)"
CLAIM_SUSPECT: Final = "select * from kolokol_claim_suspect(%s::smallint, %s, %s, %s)"
SWEEP: Final = "select * from kolokol_sweep()"
EXTEND: Final = """
update notifications_batch set lease_until = now() + make_interval(secs => %s) where id = any(%s)
  and lease_until > now()
"""
FANOUTS: Final = "select id, tenant_id from notifications_fanout where queue = any(%s) order by id"
