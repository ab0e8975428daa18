"""What do SMS.ru's reports tell, and were they made with the account's api_id?

https://sms.ru/api/cb, read 2026-11: a form of up to 100 records `data[n]`, each of lines; hash is
the SHA-256 of api_id and all records in order. The answer must be 100.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

from channels.adapters.callback_reading import digest, form_of, prove, raw_of, same
from channels.adapters.fates import (
    DELIVERED,
    NOBODY,
    READ,
    REFUSED,
    SENT,
    UNREACHED,
    Fate,
    Report,
)
from channels.told import Callback, Told

_RECORD = re.compile(r"data\[(\d{1,4})\]")

#: https://sms.ru/api/status; -1 is "not found".
STATES: Mapping[str, Fate] = {
    "100": SENT,
    "101": SENT,
    "102": SENT,
    "103": DELIVERED,
    "104": UNREACHED,
    "105": REFUSED,  # the operator has removed it
    "106": UNREACHED,
    "107": UNREACHED,
    "108": REFUSED,
    "110": READ,
    "150": NOBODY,  # no way to this number
}


def events(callback: Callback, api_id: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    form = form_of(callback.body)
    records = _records(form)
    signed = (api_id + "".join(records)).encode("utf-8", "replace")
    prove(bool(api_id) and same(form.get("hash", ""), hashlib.sha256(signed).hexdigest()))
    return list(_told(records))


def _records(form: Mapping[str, str]) -> list[str]:
    found = ((_RECORD.fullmatch(name), value) for name, value in form.items())
    numbered = [(int(name[1]), value) for name, value in found if name]
    return [value for _, value in sorted(numbered)]


def _told(records: Sequence[str]) -> Iterator[Told]:
    for record in records:
        kind, number, code, *_ = *record.split("\n"), "", "", ""
        fate = STATES.get(code.strip())
        if kind == "sms_status" and fate:
            raw = raw_of(status=code)
            yield Report(digest(number, code), number.strip(), raw).told(fate)
