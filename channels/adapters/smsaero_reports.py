"""What do SMS Aero's reports tell? They are not signed: the address itself is the secret.

https://smsaero.ru/integration/documentation/api/ (v2), read 2026-11: a form, or JSON where
callbackFormat asks for it. Nothing about money is taken from a report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from channels.adapters.callback_reading import MESSAGE, digest, fields_of, prove, raw_of
from channels.adapters.fates import DEFERRED, DELIVERED, REFUSED, SENT, UNREACHED, Fate, Report
from channels.told import Callback, Told

STATES: Mapping[str, Fate] = {
    "0": SENT,
    "1": DELIVERED,
    "2": UNREACHED,
    "3": SENT,
    "4": SENT,
    "6": REFUSED,
    "8": DEFERRED,  # a person at SMS Aero reads it first
}


def events(callback: Callback) -> Sequence[Told]:
    """Translate; raises BadSignature for what can be no report of SMS Aero."""
    fields = fields_of(callback)
    number, status = fields.get("id", ""), fields.get("status", "")
    prove(number.isascii() and number.isdecimal())
    fate = STATES.get(status)
    if fate is None:
        return []
    report = Report(
        key=digest(number, status),
        provider_id=number,
        raw=raw_of(status=status, extended=fields.get("extendStatus")),
        message_id=fields.get(MESSAGE, ""),
    )
    return [report.told(fate)]
