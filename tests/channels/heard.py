"""The captured calls of providers as they arrive, and the adapters of the accounts they are for.

Source: captured bodies of tests/payloads, signed there; their clock is NOW.
"""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import urlencode

from channels.registry import ADAPTERS
from channels.told import Callback, Needs
from tests.channels.expected import captured

NOW = 1795168800  # 2026-11-20T10:00:00Z

SENDGRID = captured("sendgrid/signed.json")
MAILGUN = captured("mailgun/events.json")
POSTMARK = captured("postmark/events.json")
BREVO = captured("brevo/events.json")
RESEND = captured("resend/signed.json")
UNISENDER = captured("unisender_go/callback.json")
SES = captured("ses/notifications.json")
TWILIO = captured("twilio/callbacks.json")
SMSC = captured("smsc/callbacks.json")
SMSRU = captured("smsru/callbacks.json")
STANDARD = captured("webhook/standard_webhooks.json")

CREDENTIALS = {
    "sendgrid": {"api_key": "SG.x", "verification_key": SENDGRID["public_key_base64_der"]},
    "mailgun": {"api_key": "x", "signing_key": MAILGUN["test_signing_key"]},
    "postmark": {"server_token": "x", "callback_password": "agreed"},
    "brevo": {"api_key": "x", "callback_password": "agreed"},
    "resend": {"api_key": "x", "signing_secret": RESEND["secret"]},
    "unisender_go": {"api_key": UNISENDER["test_api_key"]},
    "ses": {"region": "eu-west-1", "topic_arn": "arn:aws:sns:eu-west-1:111122223333:ses-events"},
    "twilio": {"account_sid": "AC0a", "auth_token": TWILIO["test_auth_token"]},
    "smsc": {"callback_word": SMSC["test_secret"]},
    "smsaero": {},
    "smsru": {"api_id": SMSRU["test_api_id"]},
    "webhook": {"secret": STANDARD["rotation"]["new_secret"]},
}


def adapter(name, **changes):
    """Make the adapter of an account with the secrets of the captured calls."""
    return ADAPTERS[name]({**CREDENTIALS[name], **changes})


def call(body, headers=None, **more):
    """Make a call that arrives at NOW. body: bytes, text, or anything that becomes JSON."""
    written = body if isinstance(body, bytes | str) else json.dumps(body)
    raw = written if isinstance(written, bytes) else written.encode()
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return Callback(**{"body": raw, "headers": lower, "at": float(NOW), **more})


def form(fields, headers=None, **more):
    """Make a call with a form."""
    return call(urlencode(fields), headers, **more)


def read(own, callback, asked=None):
    """Read a call, answering what it needs with the captured certificate; notes what was asked."""
    while True:
        try:
            return own.read_callback(callback)
        except Needs as needs:
            url = needs.request.url
            assert url not in callback.answers
            if asked is not None:
                asked.append(url)
            answer = SES["test_signing_cert_pem"].encode()
            callback = replace(callback, answers={**callback.answers, url: answer})


AGREED = {"Authorization": "Bearer agreed"}


def calls_of(name):
    """Give a provider's captured calls in the order of their file."""
    return {
        "sendgrid": lambda: [call(SENDGRID["raw_body"], SENDGRID["headers"])],
        "mailgun": lambda: [call(event) for event in MAILGUN["events"]],
        "postmark": lambda: [call(one, AGREED) for one in POSTMARK["events"]],
        "brevo": lambda: [call(one, AGREED) for one in BREVO["events"]],
        "resend": lambda: [call(RESEND["raw_body"], RESEND["headers"])],
        "unisender_go": lambda: [call(UNISENDER["raw_body"])],
        "ses": lambda: [call(one) for one in SES["messages"].values()],
        "twilio": lambda: [
            form(one["form"], one["headers"], url=one["url"]) for one in TWILIO["status_callbacks"]
        ],
        "smsc": lambda: [form(one) for one in SMSC["callbacks"]],
        "smsaero": lambda: [
            call(
                captured("smsaero/callbacks.json")["callback_json_needs_check"],
                {"Content-Type": "application/json"},
            )
        ],
        "smsru": lambda: [form(SMSRU["callback_form"])],
    }[name]()
