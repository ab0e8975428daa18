"""SMS, and Amazon's two services: what each fault must mean (facts about providers, 1.4 and 2)."""

from __future__ import annotations

from tests.providers import amazon, sms
from tests.providers.table import (
    AUTH,
    CONTENT,
    NETWORK,
    NOBODY,
    OPT_OUT,
    PAUSE,
    RETRY,
    RETRY_AFTER,
    SENT,
    Row,
    but,
)


def _phone(number: int) -> str:
    return f"+791612345{number:02}"


def _digits(address: str) -> str:
    return address.removeprefix("+")


def _twilio(base: str) -> dict[str, str]:
    return {
        "account_sid": sms.Twilio.sid,
        "auth_token": sms.Twilio.token,
        "sender": "+15005550006",
        "api_base": base,
    }


def _smsc(base: str) -> dict[str, str]:
    return {"api_key": sms.Smsc.key, "sender": "SALON", "api_base": base}


def _smsaero(base: str) -> dict[str, str]:
    return {
        "email": sms.SmsAero.email,
        "api_key": sms.SmsAero.key,
        "sender": sms.SmsAero.sign,
        "api_base": base,
    }


def _smsru(base: str) -> dict[str, str]:
    return {"api_id": sms.SmsRu.api_id, "sender": "SALON", "api_base": base}


def _amazon(base: str) -> dict[str, str]:
    return {
        "access_key_id": amazon.ACCESS_KEY,
        "secret_access_key": amazon.SECRET_KEY,
        "region": amazon.REGION,
        "api_base": base,
    }


def _ses(base: str) -> dict[str, str]:
    return {**_amazon(base), "from_address": "salon@beauty.example"}


ROWS: dict[str, Row] = {
    "twilio": Row(
        sms.Twilio,
        _twilio,
        but(_twilio, auth_token="WRONG"),
        _phone,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "queue": RETRY_AFTER,
            "address": NOBODY,
            "landline": NOBODY,
            "stopped": OPT_OUT,
            "route": CONTENT,
            "content": CONTENT,
            "sender": PAUSE,
            "geo": CONTENT,
            "trial": PAUSE,
        },
        kind="sms",
    ),
    "smsc": Row(
        sms.Smsc,
        _smsc,
        but(_smsc, api_key="WRONG"),
        _phone,
        NETWORK
        | {
            "lost": SENT,  # found again by our id
            "reset": SENT,
            "garbage": SENT,
            "throttle": RETRY_AFTER,
            "blocked_ip": RETRY_AFTER,
            "address": NOBODY,
            "undeliverable": CONTENT,  # this time; the address stays
            "content": CONTENT,
            "parameters": CONTENT,
            "billing": PAUSE,
        },
        recipient=_digits,
        kind="sms",
    ),
    "smsaero": Row(
        sms.SmsAero,
        _smsaero,
        but(_smsaero, api_key="WRONG"),
        _phone,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "billing": PAUSE,
            "content": CONTENT,
            "sign": CONTENT,
            "invalid": CONTENT,
        },
        recipient=_digits,
        kind="sms",
    ),
    "smsru": Row(
        sms.SmsRu,
        _smsru,
        but(_smsru, api_id="WRONG"),
        _phone,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "daily": RETRY_AFTER,
            "busy": RETRY,
            "address": NOBODY,
            "route": NOBODY,
            "stopped": OPT_OUT,
            "content": CONTENT,
            "too_long": CONTENT,
            "sender": PAUSE,
            "billing": PAUSE,
        },
        recipient=_digits,
        kind="sms",
        per_address=frozenset({"throttle"}),
    ),
    "sns": Row(
        amazon.Sns,
        _amazon,
        but(_amazon, secret_access_key="WRONG"),
        _phone,
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "address": NOBODY,
            "stopped": OPT_OUT,
            "content": CONTENT,
            "denied": AUTH,
        },
        kind="sms",
    ),
    "ses": Row(
        amazon.Ses,
        _ses,
        but(_ses, secret_access_key="WRONG"),
        lambda number: f"client{number}@mail.example",
        NETWORK
        | {
            "throttle": RETRY_AFTER,
            "quota": PAUSE,
            "sandbox": PAUSE,
            "virus": CONTENT,
            "domain": PAUSE,
            "suspended": PAUSE,
            "paused": PAUSE,
            "content": CONTENT,
            "configuration": PAUSE,
            "denied": AUTH,
        },
        kind="email",
    ),
}
