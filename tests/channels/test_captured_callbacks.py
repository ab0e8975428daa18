"""Every captured call of mail and SMS providers means what its file says, once, and to them alone.

Source: tests/payloads/<provider>, which the providers' own libraries have verified.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from channels.adapters import sendgrid_events
from channels.told import AccountEvent, BadSignature, InboundEvent
from tests.channels.expected import captured
from tests.channels.heard import (
    MAILGUN,
    NOW,
    SMSC,
    TWILIO,
    adapter,
    call,
    calls_of,
    form,
    read,
)
from tests.for_each import for_each

SENT, DELIVERED = ("sent", "", ""), ("delivered", "", "")
DEFERRED = ("", "deferred", "")
DEAD = ("bounced", "permanent_recipient", "dead")
FULL, DISLIKED = ("bounced", "mailbox_full", ""), ("bounced", "permanent_content", "")
NOBODY = ("failed", "permanent_recipient", "dead")
REFUSED, UNREACHED = ("failed", "permanent_content", ""), ("failed", "unreachable", "")
PAUSED = ("failed", "provider_pause", "")
COMPLAINT = ("", "complaint", "complaint")
UNSUBSCRIBED = ("", "unsubscribed", "unsubscribed")
OPENED, CLICKED = ("read", "opened", ""), ("read", "clicked", "")
BY_MACHINE = ("delivered", "machine_opened", "")

MEANINGS = {
    "sendgrid": [SENT, DELIVERED],
    "mailgun": [
        *(SENT, DELIVERED, DEAD, NOBODY, DEFERRED),
        *(COMPLAINT, UNSUBSCRIBED, BY_MACHINE, CLICKED),
    ],
    "postmark": [DELIVERED, DEAD, FULL, COMPLAINT, OPENED, CLICKED, UNSUBSCRIBED],
    "brevo": [
        *(SENT, DELIVERED, FULL, DEAD, ("failed", "opt_out", ""), DEAD, DEFERRED),
        *(COMPLAINT, OPENED, OPENED, CLICKED, UNSUBSCRIBED),
    ],
    "resend": [DEAD],
    "unisender_go": [
        *(SENT, DELIVERED, DEFERRED, DEFERRED, DEAD, DISLIKED),
        *(COMPLAINT, UNSUBSCRIBED, "opt_in", OPENED, CLICKED, "warning"),
    ],
    "ses": [
        *(SENT, DELIVERED, DEAD, DEAD, FULL, COMPLAINT, REFUSED, OPENED, CLICKED, DEFERRED),
        *(REFUSED, UNSUBSCRIBED),
    ],
    "twilio": [SENT, SENT, DELIVERED, UNREACHED, NOBODY, REFUSED, PAUSED],
    "smsc": [SENT, DELIVERED, UNREACHED, NOBODY, NOBODY, REFUSED, PAUSED, UNREACHED],
    "smsaero": [DELIVERED],
    "smsru": [DELIVERED, UNREACHED],
}
#: The provider's name for the message in the captured calls.
NUMBERS = {
    "sendgrid": {"f3a1QkZ"},
    "mailgun": {"<20261120100000.1.ABC@tenant1.example>"},
    "postmark": {"883953f4-6105-42a2-a16a-77a8eac79483"},
    "brevo": {"<202611201000.1@smtp-relay.mailin.fr>"},
    "resend": {"56761188-7520-42d8-8898-ff6fc54ce618"},
    "unisender_go": {"1uXaBc-0001AB-Cd"},
    "ses": {"0102019a-1111-4222-8333-abcdefabcdef-000000"},
    "twilio": {"SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},
    "smsc": {"734912345"},
    "smsaero": {"12345678"},
    "smsru": {"000000-10000001", "000000-10000002"},
}
PRIVATE = ("klient.example", "79990000001", "15005550006", "Reminder", "не интересно", "192.0.2")


def told_by(name, calls=None):
    own = adapter(name)
    return [event for one in calls or calls_of(name) for event in read(own, one)]


def meaning(event):
    if isinstance(event, InboundEvent | AccountEvent):
        return event.kind
    return event.state, event.reason, event.effect


@for_each("name", MEANINGS)
def test_every_captured_call_means_what_its_file_says(name):
    told = told_by(name)

    assert [meaning(event) for event in told] == MEANINGS[name]
    assert {one.provider_id for one in told if not isinstance(one, AccountEvent)} == NUMBERS[name]
    assert not [one.raw for one in told if any(word in one.raw for word in PRIVATE)]


@for_each("name", MEANINGS)
def test_a_repeated_call_has_the_same_keys_and_no_two_events_share_one(name):
    keys = [event.key for event in told_by(name)]

    assert keys == [event.key for event in told_by(name)]
    assert all(keys)
    assert len(set(keys)) == len(keys)


@for_each("event", captured("sendgrid/events.json"))
def test_sendgrid_tells_hard_from_soft_and_people_from_machines(event):
    meant = {
        "processed": SENT,
        "delivered": DELIVERED,
        "deferred": DEFERRED,
        "bounce": DEAD if event.get("type") == "bounce" else ("bounced", "attempts_exhausted", ""),
        "dropped": {
            "Bounced Address": NOBODY,
            "Unsubscribed Address": ("failed", "opt_out", "unsubscribed"),
        }.get(event.get("reason")),
        "open": BY_MACHINE if event.get("sg_machine_open") else OPENED,
        "click": CLICKED,
        "spamreport": COMPLAINT,
        "unsubscribe": UNSUBSCRIBED,
        "group_unsubscribe": UNSUBSCRIBED,
        "group_resubscribe": "opt_in",
    }

    (told,) = sendgrid_events.translated([event])

    assert meaning(told) == meant[event["event"]]
    assert (told.key, told.address) == (event["sg_event_id"], "anna@klient.example")


#: What anymail calls our states; a bounce is more than it tells, hence looked at above.
ANYMAIL = {
    "queued": {"sent"},
    "sent": {"sent"},
    "delivered": {"delivered"},
    "opened": {"read", "delivered"},
    "clicked": {"read"},
    "bounced": {"bounced", "failed"},
    "rejected": {"failed"},
    "failed": {"failed"},
    "deferred": {""},
    "complained": {""},
    "unsubscribed": {""},
    "unknown": {""},
}


@for_each("name", ["mailgun", "postmark", "brevo", "resend", "unisender_go", "ses"])
def test_anymail_sees_the_same_states(name):
    theirs = captured("anymail/expected.json")["amazon_ses" if name == "ses" else name]
    listed = [one for group in theirs.values() for one in group] if name == "ses" else theirs
    ours = [event for event in told_by(name) if not isinstance(event, AccountEvent)]
    both = [
        (one["event_type"], event.state)
        for one, event in zip(listed, ours, strict=True)
        if not isinstance(event, InboundEvent)
    ]

    assert not [pair for pair in both if pair[1] not in ANYMAIL[pair[0]]]


def spoilt(callback, at):
    body = bytearray(callback.body)
    body[at] ^= 1
    return replace(callback, body=bytes(body))


SIGNED = ["sendgrid", "resend", "unisender_go", "ses", "twilio", "smsc", "smsru"]


@for_each("name", SIGNED)
def test_one_changed_byte_anywhere_is_refused_or_changes_nothing_that_is_told(name):
    for whole in calls_of(name)[:1]:
        fine = told_by(name, [whole])
        for at in range(0, len(whole.body), max(1, len(whole.body) // 60)):
            try:
                told = told_by(name, [spoilt(whole, at)])
            except BadSignature:
                continue
            # only what nobody signs, and what is not told: an unsubscribe address, a charset
            assert name in {"ses", "smsc"}
            assert [replace(one, raw="") for one in told] == [replace(x, raw="") for x in fine]


@for_each("name", ["sendgrid", "mailgun", "resend", "ses"])
@for_each("hours", [-3, 3])
def test_a_call_that_was_signed_long_before_or_after_is_refused(name, hours):
    late = replace(calls_of(name)[0], at=float(NOW + hours * 3600))

    with pytest.raises(BadSignature):
        read(adapter(name), late)


@for_each(
    "name, without",
    [
        ("sendgrid", {"verification_key": ""}),
        ("mailgun", {"signing_key": ""}),
        ("resend", {"signing_secret": ""}),
        ("unisender_go", {"api_key": ""}),
        ("smsc", {"callback_word": ""}),
        ("smsru", {"api_id": ""}),
        ("twilio", {"auth_token": ""}),
        ("postmark", {"callback_password": "another"}),
        ("brevo", {"callback_password": "another"}),
        ("ses", {"topic_arn": "arn:aws:sns:eu-west-1:111122223333:others"}),
        ("ses", {"topic_arn": "", "region": "eu-west-2"}),
    ],
)
def test_nobody_is_believed_without_the_secret_or_with_another(name, without):
    with pytest.raises(BadSignature):
        read(adapter(name, **without), calls_of(name)[0])


@pytest.mark.parametrize("name", ["postmark", "brevo"])
def test_where_no_password_was_agreed_on_the_address_alone_is_the_secret(name):
    stranger = replace(calls_of(name)[0], headers={})

    assert read(adapter(name, callback_password=""), stranger)
    with pytest.raises(BadSignature):
        read(adapter(name), stranger)


def test_a_signature_of_mailgun_is_bound_to_its_token():
    event = {**MAILGUN["events"][0]}
    event["signature"] = {**event["signature"], "token": "another"}

    with pytest.raises(BadSignature):
        read(adapter("mailgun"), call(event))


def test_twilios_own_vector_is_proven_with_the_port_and_without():
    own, vector = adapter("twilio"), TWILIO["doc_vector"]
    headers = {"X-Twilio-Signature": vector["signature"]}
    elsewhere = vector["url"].replace("mycompany.com", "mycompany.org")
    ported = vector["url"].replace("mycompany.com", "mycompany.com:443")

    assert read(own, form(vector["form"], headers, url=vector["url"])) == []
    assert read(own, form(vector["form"], headers, url=ported)) == []
    with pytest.raises(BadSignature):
        read(own, form(vector["form"], headers, url=elsewhere))


def test_twilio_signs_with_the_accounts_token_where_a_key_sends():
    own = adapter("twilio", auth_token="secret of a key", signing_token=TWILIO["test_auth_token"])

    assert read(own, calls_of("twilio")[0])


@for_each("fields", SMSC["callbacks"])
def test_smsc_calls_by_get_too_and_its_sha1_is_enough(fields):
    query = {name: value for name, value in fields.items() if name != "md5"}
    got = call("", query={"charset": "utf-8", "fmt": "3", **query}, method="GET")

    told = read(adapter("smsc"), got)

    assert told == read(adapter("smsc"), form(fields))
