"""What returned letters tell. Source of the letters: RFC 3464 and RFC 5965, shapes by Postfix."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.bounces import envelope_sender, read_returned
from tests.for_each import for_each

LETTERS = Path(__file__).parents[1] / "payloads" / "smtp"
ID = "0b6c7a0e-8a53-4e63-9f2a-3b1f7b1b9f10"
HARD = (LETTERS / "dsn_hard_bounce.eml").read_bytes()
COMPLAINT = (LETTERS / "arf_complaint.eml").read_bytes()


def test_a_hard_bounce_names_the_message():
    (event,) = read_returned(HARD)

    assert (event.state, event.effect, event.reason) == ("bounced", "dead", "permanent_recipient")
    assert event.message_id == ID
    assert "550 5.1.1" in event.raw
    assert "anna" not in event.raw


def test_a_delay_tells_nothing():
    assert read_returned((LETTERS / "dsn_delayed.eml").read_bytes()) == []


def test_a_complaint_names_the_message_by_the_letters_own_id():
    (event,) = read_returned(COMPLAINT)

    assert (event.state, event.effect, event.message_id) == ("", "complaint", ID)


@for_each(
    "status, diagnostic, reason, effect",
    [
        ("5.1.10", "smtp; 550 no such user", "permanent_recipient", "dead"),
        ("5.2.1", "smtp; 550 mailbox disabled", "permanent_recipient", "dead"),
        ("5.2.2", "smtp; 552 over quota", "mailbox_full", ""),
        ("4.2.2", "smtp; 452 over quota", "mailbox_full", ""),
        ("4.4.1", "smtp; no answer for five days", "attempts_exhausted", ""),
        ("5.7.1", "smtp; 554 looks like spam", "permanent_content", ""),
        ("5.1.8", "smtp; 550 sender's domain is unknown", "permanent_content", ""),
        ("5.0.0", "smtp; 550 5.1.1 unknown user", "permanent_recipient", "dead"),
        ("5.0.0", "smtp; 550 no", "permanent_content", ""),
    ],
)
def test_only_a_mailbox_that_is_not_there_is_dead(status, diagnostic, reason, effect):
    letter = HARD.replace(b"5.1.1\n", f"{status}\n".encode())
    letter = letter.replace(
        b"smtp; 550 5.1.1 <anna@klient.example>: user unknown", diagnostic.encode()
    )

    (event,) = read_returned(letter)

    assert (event.state, event.reason, event.effect) == ("bounced", reason, effect)


@for_each(
    "kind, effect",
    [("fraud", "complaint"), ("opt-out", "unsubscribed"), ("not-spam", None), ("virus", None)],
)
def test_a_feedback_counts_by_its_kind(kind, effect):
    events = read_returned(COMPLAINT.replace(b"Type: abuse", f"Type: {kind}".encode()))

    assert [event.effect for event in events] == ([effect] if effect else [])


def test_no_address_is_believed_because_anybody_may_write_a_report():
    assert [event.address for letter in (HARD, COMPLAINT) for event in read_returned(letter)] == [
        "",
        "",
    ]


@pytest.mark.parametrize(
    "inner",
    [
        b"--o\n" + b"Content-Type: message/rfc822\n\n" * 2000,
        b"".join(
            b"--%s\nContent-Type: multipart/mixed; boundary=%d\n\n" % (outer, number)
            for number, outer in enumerate([b"o", *(b"%d" % at for at in range(999))])
        ),
    ],
    ids=["letters", "parts"],
)
def test_a_letter_of_a_thousand_letters_is_none(inner):
    assert read_returned(b"Content-Type: multipart/report; boundary=o\n\n" + inner) == []


def test_the_letters_own_id_serves_where_the_envelope_names_none():
    without = HARD.replace(b"bounce+0b6c7a0e8a534e639f2a3b1f7b1b9f10@", b"salon@")

    assert read_returned(without)[0].message_id == ID


def test_a_report_about_somebody_elses_letter_tells_nothing():
    foreign = HARD.replace(b"bounce+0b6c7a0e8a534e639f2a3b1f7b1b9f10@", b"salon@").replace(
        ID.encode(), b"CAF123"
    )

    assert read_returned(foreign) == []


def test_a_letter_that_only_quotes_a_report_is_none():
    quoting = b"Content-Type: multipart/mixed; boundary=o\n\n--o\n" + HARD + b"\n--o--\n"

    assert read_returned(quoting) == []


def test_the_envelopes_sender_comes_back_as_the_message():
    sender = envelope_sender("bounce@tenant1.example", ID)

    assert sender == "bounce+0b6c7a0e8a534e639f2a3b1f7b1b9f10@tenant1.example"
    assert sender.encode() in HARD


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(HARD)), st.sampled_from([HARD, COMPLAINT]))
def test_no_stranger_makes_the_reader_fail(noise, at, letter):
    for event in read_returned(letter[:at] + noise + letter[at + len(noise) :]):
        assert event.message_id
