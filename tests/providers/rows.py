"""All rows of the table, one per provider of the registry that speaks HTTP."""

from __future__ import annotations

from tests.providers import rows_chat, rows_mail, rows_push, rows_sms
from tests.providers.table import Row

ROWS: dict[str, Row] = {**rows_chat.ROWS, **rows_mail.ROWS, **rows_push.ROWS, **rows_sms.ROWS}
