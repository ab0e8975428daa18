"""The statements that cross tenants; the work is done by functions inside the database."""

from __future__ import annotations

from typing import Final

CLAIM: Final = "select * from kolokol_take(%s::smallint, %s, %s, %s, %s, %s)"
CLAIM_SUSPECT: Final = "select *, null::bigint from kolokol_claim_suspect(%s::smallint, %s, %s, %s)"
SWEEP: Final = "select * from kolokol_sweep()"
