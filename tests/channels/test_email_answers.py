"""E-mail over HTTP: each answer is read by the provider's table.

Answers: tests/payloads/<provider>/send_responses.json; those of SendGrid, SES and Unisender Go from
the providers' fixtures, the others from the documents that the adapters name.
"""

from __future__ import annotations

import pytest

from channels.registry import ADAPTERS
from tests.channels.expected import allowed, answer, captured, error_of, outcome_of, told
from tests.channels.letters import NAMES, SECRET, adapter
from tests.for_each import for_each


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (name, row)
        for name in NAMES
        if name != "ses"
        for row in captured(f"{name}/send_responses.json")
    ],
)
def test_a_captured_answer_means_what_the_file_expects(name, row, monkeypatch):
    monkeypatch.setattr(ADAPTERS[name], "clock", staticmethod(lambda: 1795168800.0))
    own = adapter(name)

    assert outcome_of(own, told(row)) in allowed(row["expect"])
    if "wait_s" in row:
        assert error_of(own, told(row)).retry_after_s == row["wait_s"]


@for_each("row", captured("ses/send_responses.json"))
def test_an_answer_of_ses_means_what_the_file_expects(row):
    headers = {"x-amzn-errortype": f"{row['code']}:http://internal/"} if "code" in row else {}
    body = row["body"] if "body" in row else {"message": row["message"]}

    outcome = outcome_of(adapter("ses"), answer(row.get("http", 200), body, headers))

    assert outcome in allowed(row["expect"])


IDS = {
    "sendgrid": "f3a1QkZ",
    "mailgun": "<20261120100000.1.ABC@mg.beauty.example>",
    "postmark": "b7bc2f4a-e38e-4336-af7d-e6c392c2f817",
    "brevo": "<202611201000.12345678901@smtp-relay.mailin.fr>",
    "resend": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
    "unisender_go": "1uXaBc-0001AB-Cd",
    "ses": "0102019a-1111-4222-8333-abcdefabcdef-000000",
}


@for_each("name", NAMES)
def test_the_receipt_carries_the_provider_s_own_id(name):
    row = captured(f"{name}/send_responses.json")[0]

    assert adapter(name).receipt(told({"http": 200, **row})).provider_id == IDS[name]


@for_each("name", NAMES)
@for_each("body", [b"", b"<html>", b"[]", b"{", b'{"status": "ok"}', b"null", b"7"])
def test_a_success_that_cannot_be_read_is_ambiguous(name, body):
    if name == "brevo" and not body:  # anymail: an empty body is a success without an id
        assert adapter(name).receipt(answer(201)).provider_id == ""
        return
    assert outcome_of(adapter(name), answer(200, body)) == "ambiguous"


@for_each("name", NAMES)
@for_each(
    "status, outcome",
    [(500, "retry"), (503, "retry"), (502, "ambiguous"), (504, "ambiguous"), (418, "unknown")],
)
def test_a_status_without_words_means_what_http_says(name, status, outcome):
    assert outcome_of(adapter(name), answer(status, b"<html>oops</html>")) == outcome


@for_each("name", NAMES)
def test_no_detail_quotes_addresses_texts_or_keys(name):
    words = f"bad 'Анна, ждём' <anna@klient.example> +7 916 123-45-67 key {SECRET}"
    bodies = (
        {"message": words, "Message": words, "ErrorCode": 402, "code": "invalid_parameter"},
        {"errors": [{"message": words}], "name": "validation_error", "message": words},
    )

    for body in bodies:
        detail = error_of(adapter(name), answer(400, body)).detail
        assert not any(part in detail for part in ("Анна", "anna@", "123-45", SECRET))


def test_a_partly_refused_answer_of_unisender_is_read_by_its_reason():
    reply = captured("unisender_go/send_reply.json")
    meanings = {
        "invalid": "permanent_recipient",
        "permanent_unavailable": "permanent_recipient",
        "temporary_unavailable": "defer",
        "unsubscribed": "opt_out",
        "complained": "opt_out",
        "blocked": "opt_out",
        "something_new": "unknown",
    }
    reasons = {*reply["send_response_partial"]["failed_emails"].values(), "something_new"}

    for reason in reasons - {"duplicate"}:
        body = {"status": "success", "job_id": "1", "emails": [], "failed_emails": {"a@b": reason}}
        assert outcome_of(adapter("unisender_go"), answer(200, body)) == meanings[reason]
    twice = reply["send_response_partial"] | {"failed_emails": {"anna@klient.example": "duplicate"}}
    assert outcome_of(adapter("unisender_go"), answer(200, twice)) == "sent"
    assert outcome_of(adapter("unisender_go"), told(reply["error_example"])) == "auth_pause"


def test_a_quota_is_a_pause_and_a_wrong_key_another():
    quota = {"name": "daily_quota_exceeded", "message": ""}
    credits = captured("sendgrid/send_responses.json")[3]

    assert outcome_of(adapter("resend"), answer(429, quota)) == "provider_pause"
    assert outcome_of(adapter("sendgrid"), told(credits)) == "provider_pause"
    assert outcome_of(adapter("sendgrid"), answer(401, {"errors": []})) == "auth_pause"


def test_a_key_that_may_only_send_passes_the_probe_of_resend():
    body = {"name": "restricted_api_key", "message": "This API key is restricted."}

    adapter("resend").read_probe(answer(401, body))
    assert outcome_of(adapter("resend"), answer(401, body)) == "auth_pause"
