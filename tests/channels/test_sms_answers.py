"""SMS: each answer is read by the provider's table.

Answers: tests/payloads/{twilio,smsc,smsaero,smsru,sns}, from the providers' fixtures.
"""

from __future__ import annotations

import json

import pytest

from channels.adapters.smsc import number_of
from channels.contract import Receipt
from channels.errors import Ambiguous, Permanent, Temporary
from tests.channels.expected import allowed, answer, captured, error_of, outcome_of
from tests.channels.texts import MESSAGE_ID, NAMES, adapter, fields, outbound
from tests.for_each import for_each


@for_each("name", NAMES)
@for_each("body", [b"", b"<html>", b"[]", b"{", b'{"x": 1}', b"null", b"100\n1-1"])
def test_a_success_that_cannot_be_read_is_ambiguous(name, body):
    assert outcome_of(adapter(name), answer(200, body)) == "ambiguous"


@for_each("name", NAMES)
@for_each(
    "status, outcome",
    [
        (401, "auth_pause"),
        (429, "retry_after"),
        (500, "retry"),
        (503, "retry"),
        (502, "ambiguous"),
        (504, "ambiguous"),
        (418, "unknown"),
    ],
)
def test_a_status_without_words_means_what_http_says(name, status, outcome):
    assert outcome_of(adapter(name), answer(status, b"<html>oops</html>")) == outcome


TWILIO = captured("twilio/send_errors.json")


@pytest.mark.parametrize("row", TWILIO["refusals"], ids=lambda row: str(row["code"]))
def test_a_refusal_of_twilio_means_what_the_file_expects(row):
    body = {"code": row["code"], "message": "", "status": row["http"]}

    assert outcome_of(adapter("twilio"), answer(row["http"], body)) in allowed(row["expect"])


@for_each("code", TWILIO["status_errors"])
def test_a_later_error_of_twilio_means_the_same_when_it_comes_at_once(code):
    body = {"sid": "SM1", "status": "failed", "error_code": int(code), "error_message": ""}

    outcome = outcome_of(adapter("twilio"), answer(201, body))

    assert outcome in allowed(TWILIO["status_errors"][code])


def test_an_accepted_sms_of_twilio_gives_its_sid_and_nothing_private():
    answers = captured("twilio/create.json")

    receipt = adapter("twilio").receipt(answer(201, answers["create_201"]))
    error = error_of(adapter("twilio"), answer(400, answers["error_400_example"]))

    assert receipt.provider_id == "SMbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    assert not any(part in receipt.raw for part in ("79990000001", "Ждём", "15005550006"))
    assert (error.outcome.value, error.scope) == ("permanent_recipient", "address")
    assert "7999" not in error.detail


SMSC = captured("smsc/answers.json")


@for_each("code, expect", captured("smsc/send_errors.json").items())
def test_an_error_of_smsc_means_what_the_file_expects(code, expect):
    error = error_of(adapter("smsc"), answer(200, {"error": "x", "error_code": int(code)}))

    if "after N" in expect:  # the address stays until it fails again and again
        assert (type(error), error.scope) == (Permanent, "address")
    else:
        assert error.outcome.value in allowed(expect)


def test_an_accepted_sms_of_smsc_gives_its_id_and_price():
    receipt = adapter("smsc").receipt(answer(200, SMSC["send_ok"]))

    assert receipt.provider_id == "734912345"
    assert json.loads(receipt.raw)["cost"] == "4.10"
    assert outcome_of(adapter("smsc"), answer(200, SMSC["send_error_no_id"])) == "auth_pause"
    assert outcome_of(adapter("smsc"), answer(200, SMSC["send_error_with_id"])) == "provider_pause"


def drive(adapter, *steps):
    """Run an exchange: each step is the answer or the error of its call."""
    exchange, calls = adapter.exchange(outbound()), []
    calls.append(next(exchange))
    try:
        for step in steps:
            is_error = isinstance(step, Exception)
            calls.append(exchange.throw(step) if is_error else exchange.send(step))
    except StopIteration as done:
        return calls, done.value
    raise AssertionError("the exchange wants more")


def test_a_lost_answer_of_smsc_is_found_by_our_number():
    calls, receipt = drive(adapter("smsc"), Ambiguous("lost"), answer(200, SMSC["status_ok"]))

    asked = fields(calls[1])
    assert receipt == Receipt(str(number_of(MESSAGE_ID)), raw=receipt.raw)
    assert (calls[0].sends, calls[1].sends) == (True, False)
    assert calls[1].url == "https://smsc.ru/sys/status.php"
    assert (asked["id"], asked["phone"]) == (str(number_of(MESSAGE_ID)), "79161234567")


@for_each(
    "second",
    [
        answer(200, {"status": -3}),
        answer(200, {"error": "x", "error_code": 9}),
        answer(200, SMSC["balance_ok"]),
        answer(200, b"<html>"),
        Temporary("no way there"),
        Ambiguous("lost again"),
    ],
)
def test_what_smsc_does_not_find_stays_ambiguous_and_is_not_sent_again(second):
    with pytest.raises(Ambiguous, match="lost"):
        drive(adapter("smsc"), Ambiguous("lost"), second)


def test_a_plain_answer_of_smsc_needs_no_second_call():
    calls, receipt = drive(adapter("smsc"), answer(200, SMSC["send_ok"]))

    assert (len(calls), receipt.provider_id) == (1, "734912345")
    with pytest.raises(Temporary):
        drive(adapter("smsc"), Temporary("no way there"))


SMSAERO = captured("smsaero/answers.json")


@for_each(
    "body, outcome",
    [
        (SMSAERO["no_credits"], "provider_pause"),
        (SMSAERO["reject"], "permanent_content"),
        (SMSAERO["fail"], "permanent_content"),
        ({"success": False, "data": {"number": ["Incorrect"]}}, "permanent_recipient"),
        ({"success": False, "message": "Something new"}, "unknown"),
    ],
)
def test_a_refusal_of_smsaero_is_read_from_its_body(body, outcome):
    assert outcome_of(adapter("smsaero"), answer(200, body)) == outcome


def test_an_accepted_sms_of_smsaero_gives_its_id_and_nothing_private():
    receipt = adapter("smsaero").receipt(answer(200, SMSAERO["send_ok"]))
    own, message = adapter("smsaero", callback_url="https://n.example/c"), outbound()
    body = fields(own.request(message))

    assert receipt.provider_id == "12345678"
    assert not any(part in receipt.raw for part in ("7999", "Ждём"))
    assert body["callbackUrl"] == f"https://n.example/c?m={message.message_id}"
    assert body["callbackFormat"] == "JSON"


SMSRU = captured("smsru/answers.json")


@for_each("code, expect", captured("smsru/send_errors.json").items())
def test_a_code_of_smsru_means_the_same_for_the_call_and_for_the_number(code, expect):
    one = {"status": "ERROR", "status_code": int(code), "status_text": "..."}
    whole = {"status": "OK", "status_code": 100, "sms": {"79161234567": one}}

    for body in (one, whole):
        assert outcome_of(adapter("smsru"), answer(200, body)) in allowed(expect)


def test_an_accepted_sms_of_smsru_is_read_under_its_number():
    first = dict([next(iter(SMSRU["send_ok"]["sms"].items()))])
    second = {"74993221627": SMSRU["send_ok"]["sms"]["74993221627"]}
    own = adapter("smsru")

    receipt = own.receipt(answer(200, SMSRU["send_ok"] | {"sms": first}))

    assert receipt.provider_id == "000000-10000001"
    assert "7999" not in receipt.raw
    refused = answer(200, SMSRU["send_ok"] | {"sms": second})
    assert outcome_of(own, refused) == "permanent_recipient"
    assert outcome_of(own, answer(200, SMSRU["send_error"])) == "provider_pause"


def test_guards_of_smsru_against_repeats_freeze_one_number_only():
    error = error_of(adapter("smsru"), answer(200, {"status_code": 231}))

    assert (error.scope, error.retry_after_s) == ("address", 60.0)
    assert fields(adapter("smsru").request(outbound(ttl_s=999_999)))["ttl"] == "1440"


def xml(code, words=""):
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>{words}</Message></Error></E>"


@for_each("row", captured("sns/send_errors.json"))
def test_a_refusal_of_sns_means_what_the_file_expects(row):
    body = xml(row["code"], row.get("message", ""))

    error = error_of(adapter("sns"), answer(row["http"], body))

    assert error.outcome.value in allowed(row["expect"])
    assert "7999" not in error.detail
