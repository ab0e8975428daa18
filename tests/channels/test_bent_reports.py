"""Whatever stands in any place of a proven report, or is missing, it is read or means nothing."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest

from channels.adapters import sendgrid_events, ses_events
from channels.registry import ADAPTERS
from channels.told import BadSignature
from tests.channels.expected import captured
from tests.channels.heard import BREVO, MAILGUN, NOW, POSTMARK, RESEND, SES, TWILIO, UNISENDER
from tests.providers.calling import KNOWN, proven
from tests.providers.rows import ROWS

JUNK: tuple[object, ...] = (None, True, 7, -1.5, "", "\ud800", [], [None], [{}], {}, {"id": []})
MISSING = object()


def bent(value):
    """Give the value with junk in each of its places, or with a place less, one after another."""
    yield from JUNK
    if isinstance(value, dict):
        for name, inner in value.items():
            rest = {key: one for key, one in value.items() if key != name}
            yield rest
            yield from ({**rest, name: junk} for junk in bent(inner))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from ([*value[:at], junk, *value[at + 1 :]] for junk in bent(inner))


def by_call(name):
    row = ROWS[name].credentials("https://provider.example")
    own = ADAPTERS[name](row | KNOWN.get(name, {}))
    return lambda body: own.read_callback(proven(name, json.dumps(body), NOW))


def twilios(body):
    fields = body if isinstance(body, dict) else {}
    own = ADAPTERS["twilio"](ROWS["twilio"].credentials("https://provider.example"))
    text = urlencode({key: str(value).encode("utf-8", "replace") for key, value in fields.items()})
    return own.read_callback(proven("twilio", text, NOW))


UNISENDER_EVENTS = json.loads(UNISENDER["raw_body"])["events_by_user"][0]["events"]
NOTIFICATIONS = [
    SES["messages"][name] for name in ("bounce_transient", "delivery_delay", "subscription")
]
CASES = {
    "sendgrid": (
        lambda body: sendgrid_events.translated([body] if isinstance(body, dict) else []),
        captured("sendgrid/events.json"),
    ),
    "mailgun": (by_call("mailgun"), [one["event-data"] for one in MAILGUN["events"]]),
    "postmark": (by_call("postmark"), POSTMARK["events"]),
    "brevo": (by_call("brevo"), BREVO["events"][:4]),
    "resend": (by_call("resend"), [json.loads(RESEND["raw_body"])]),
    "unisender_go": (
        by_call("unisender_go"),
        [
            {"events_by_user": [{"events": [one]}]}
            for one in UNISENDER_EVENTS[2:5] + UNISENDER_EVENTS[-1:]
        ],
    ),
    "ses": (
        lambda body: ses_events.events({"Message": json.dumps(body), "MessageId": "1"}),
        [json.loads(one["Message"]) for one in NOTIFICATIONS],
    ),
    "twilio": (twilios, [one["form"] for one in TWILIO["status_callbacks"][3:5]]),
}


@pytest.mark.parametrize("name", CASES)
def test_no_place_of_a_report_surprises(name):
    read, events = CASES[name]
    for event in events:
        for body in bent(event):
            try:
                told = read(body)
            except BadSignature:
                assert name == "unisender_go"  # what is no object has no place for `auth`
                continue
            values = [getattr(one, field) for one in told for field in type(one).__slots__]
            assert all(isinstance(value, str) for value in values)
