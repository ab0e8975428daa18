"""All rows of the table: a provider of the registry has one for each of its protocols."""

from __future__ import annotations

from tests.providers import rows_chat, rows_mail, rows_own, rows_push, rows_sms, rows_staff
from tests.providers.table import Row

ROWS: dict[str, Row] = {
    **rows_chat.ROWS,
    **rows_mail.ROWS,
    **rows_sms.ROWS,
    **rows_push.ROWS,
    **rows_staff.ROWS,
    **rows_own.ROWS,
}
