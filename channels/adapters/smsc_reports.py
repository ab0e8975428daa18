"""What do SMSC's reports tell, and were they made with the account's word?

https://smsc.ru/api/http/status_messages/status_callback/, read 2026-11: one address per account, by
GET or POST; md5 or sha1 of "id:phone:status:word" where the address asks for it (&md5, &sha1).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from channels.adapters.callback_reading import amount, digest, fields_of, prove, raw_of, same
from channels.adapters.fates import (
    CLICKED,
    DELIVERED,
    NOBODY,
    PAUSED,
    READ,
    REFUSED,
    SENT,
    UNREACHED,
    Fate,
    Report,
)
from channels.told import Callback, Told

#: .../statuses/: -3 is "not found", -2 "stopped".
STATES: Mapping[str, Fate] = {
    "-1": SENT,
    "0": SENT,
    "1": DELIVERED,
    "2": READ,
    "3": UNREACHED,
    "4": CLICKED,
    "20": UNREACHED,
    "22": NOBODY,
    "23": REFUSED,
    "24": PAUSED,
    "25": UNREACHED,
}
#: .../status_messages/errors/: why it failed, where that says more than the status.
CAUSES: Mapping[str, Fate] = {
    "1": NOBODY,
    "11": NOBODY,
    "21": REFUSED,
    "248": REFUSED,
    "249": NOBODY,
    "250": REFUSED,
    "252": REFUSED,
    "253": REFUSED,
    "254": PAUSED,
    "255": REFUSED,
}
RUBLE = "RUB"


def events(callback: Callback, word: str) -> Sequence[Told]:
    """Verify and translate; raises BadSignature."""
    fields = fields_of(callback)
    _verify(fields, word)
    fate = STATES.get(fields.get("status", ""))
    if fate is UNREACHED:
        fate = CAUSES.get(fields.get("err", ""), fate)
    return [_report(fields).told(fate)] if fate else []


def _verify(fields: Mapping[str, str], word: str) -> None:
    prove(bool(word))
    told = ":".join((*(fields.get(name, "") for name in ("id", "phone", "status")), word))
    signed = told.encode("utf-8", "replace")
    md5 = hashlib.md5(signed, usedforsecurity=False).hexdigest()
    sha1 = hashlib.sha1(signed, usedforsecurity=False).hexdigest()
    given = fields.get("sha1", ""), fields.get("md5", "")
    prove(same(given[0], sha1) if given[0] else same(given[1], md5))


def _report(fields: Mapping[str, str]) -> Report:
    names = ("id", "phone", "status")  # what is signed: a repetition may not look new
    return Report(
        key=digest(*(fields.get(name, "") for name in names)),
        provider_id=fields.get("id", ""),
        raw=raw_of(status=fields.get("status"), err=fields.get("err")),
        address=fields.get("phone", ""),
        cost=amount(fields.get("cost", "")),
        currency=RUBLE,
    )
