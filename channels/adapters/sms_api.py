"""What is the same about all SMS providers: one text, one number, a sender's name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from channels.adapters.table_adapter import TableAdapter
from channels.contract import ChannelKind, Outbound
from channels.errors import BadAddress
from channels.fields import NOT_NUMBER, faults
from channels.formatting import fit
from channels.segments import price

#: sender: the name or number that clients see. price_per_segment: for the estimate before sending.
SMS_FIELDS = {"sender": False, "price_per_segment": False, "api_base": False}
SMS_OPTIONAL = frozenset(SMS_FIELDS)
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SmsAdapter(TableAdapter):
    """A provider of SMS.

    extra["sender"] of a message wins over the account's own: names are registered per operator.
    credentials["callback_url"]: where the provider reports to; the platform adds it.
    """

    kinds = frozenset({ChannelKind.SMS})
    address_kinds = ("phone",)

    @classmethod
    def check(cls, credentials: Mapping[str, str]) -> dict[str, str]:
        return faults(credentials, price_per_segment=_is_price)

    def sender_of(self, outbound: Outbound) -> str:
        """Name the sender of this message; "" is the provider's default."""
        return str(outbound.extra.get("sender") or self.credentials.get("sender", ""))


def text_of(outbound: Outbound) -> str:
    """Give the words: title first, buttons as links; a picture has no place in an SMS."""
    return fit(outbound.content, "sms").text


def digits_of(outbound: Outbound) -> str:
    """Give the number without its plus, as Russian providers take it."""
    digits = re.sub(r"[+() -]", "", outbound.address)
    if not re.fullmatch(r"[1-9][0-9]{6,14}", digits):
        raise BadAddress("not a phone number", scope="address")
    return digits


def filled(values: Mapping[str, str]) -> dict[str, str]:
    """Leave out what is empty: providers take an empty field for a wish."""
    return {name: value for name, value in values.items() if value}


def _is_price(value: str) -> str:
    return NOT_NUMBER if price("", value) is None else ""
