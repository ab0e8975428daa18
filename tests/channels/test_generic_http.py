"""Any HTTP API by a form: values stay values, answers mean what the form says."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from channels.adapters.generic_http import GenericHttpAdapter
from channels.contract import Button, Content, Outbound
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    DeliveryError,
    Outcome,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    UnknownReply,
)
from channels.request import HttpResponse
from tests.channels.verdicts import outcome_of
from tests.for_each import for_each

FORM = {
    "url": "https://sms.example/v2/send?to={{address}}&key={{secret}}",
    "secret": "k&y",
    "headers": '{"Authorization": "Bearer {{secret}}", "Idempotency-Key": "{{message_id}}"}',
    "body": '{"to": "{{address}}", "text": "{{ text }}", "id": "{{message_id}}"}',
    "success_path": "result.ok",
    "success_value": "true",
    "id_path": "$.messages[0].id",
    "error_path": "error.code",
    "status_map": '{"blocked": "permanent_recipient", "no_money": "provider_pause", "409": "sent"}',
}
MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
NASTY = 'Анна", "to": "+7000\n{{secret}} </b> & \\'


def outbound(text="Ждём вас", address="+79161234567"):
    content = Content(text, buttons=(Button("Открыть", url="https://salon.example/a/1"),))
    return Outbound(MESSAGE_ID, "sms", address, content, "ru", "tx")


def sent(text="Ждём вас", **change):
    return GenericHttpAdapter({**FORM, **change}).request(outbound(text))


def read(status, answer, headers=None, **change):
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return GenericHttpAdapter({**FORM, **change}).receipt(HttpResponse(status, headers or {}, body))


def error_of(status, answer, headers=None, **change) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        read(status, answer, headers, **change)
    return caught.value


def test_the_form_becomes_a_call():
    request = sent()

    assert request.method == "POST"
    assert request.url == "https://sms.example/v2/send?to=%2B79161234567&key=k%26y"
    assert request.headers == {
        "Authorization": "Bearer k&y",
        "Idempotency-Key": MESSAGE_ID,
        "Content-Type": "application/json",
    }
    assert json.loads(request.body) == {
        "to": "+79161234567",
        "text": "Ждём вас\n\nОткрыть: https://salon.example/a/1",
        "id": MESSAGE_ID,
    }
    assert not request.trusted


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("application/json", '{"to": "x", "text": "{{body}}"}', lambda b: json.loads(b)["text"]),
        (
            "application/x-www-form-urlencoded",
            "to=x&text={{body}}",
            lambda b: parse_qs(b.decode())["text"][0],
        ),
    ],
)
def test_a_clients_words_cannot_become_a_field(kind, body, field):
    request = sent(NASTY, headers=json.dumps({"content-type": kind}), body=body)

    assert field(request.body) == NASTY


def test_a_clients_words_cannot_become_a_tag():
    request = sent(NASTY, headers='{"Content-Type": "text/xml"}', body="<t>{{body}}</t>")

    assert b"</b>" not in request.body
    assert b"&amp;" in request.body


def test_a_clients_words_cannot_change_the_address_that_is_called():
    adapter = GenericHttpAdapter({**FORM, "url": "https://sms.example/{{body}}/send"})

    parts = urlsplit(adapter.request(outbound("/../../@evil.example?x=1#")).url)

    assert parts.netloc == "sms.example"
    assert (parts.query, parts.fragment) == ("", "")
    assert ".." not in parts.path.split("/")


def test_get_has_no_body():
    request = sent(method="GET", body="", headers="{}")

    assert (request.method, request.body, request.headers) == ("GET", b"", {})


@for_each(
    "answer, provider_id",
    [
        ({"result": {"ok": True}, "messages": [{"id": 77}]}, "77"),
        ({"result": {"ok": True}, "messages": [{"id": "m-1"}]}, "m-1"),
        ({"result": {"ok": True}, "messages": []}, ""),
        ({"result": {"ok": True}, "messages": {"id": 1}}, ""),
    ],
)
def test_success_gives_the_id(answer, provider_id):
    assert read(200, answer).provider_id == provider_id


def test_a_status_alone_may_be_the_success():
    assert read(204, b"", success_path="", success_status="200, 204").state == "sent"
    assert type(error_of(201, b"", success_path="", success_status="200, 204")) is UnknownReply


@for_each(
    "status, answer, kind",
    [
        (200, {"result": {"ok": False}, "error": {"code": "blocked"}}, BadAddress),
        (400, {"error": {"code": "blocked"}}, BadAddress),
        (200, {"error": {"code": "no_money"}}, ProviderPaused),
        (200, {"result": {"ok": False}, "error": {"code": "new"}}, UnknownReply),
        (200, b"<html>", Ambiguous),
        (400, {}, Permanent),
        (422, {"error": {"code": "new"}}, Permanent),
        (418, {}, UnknownReply),
        (401, {}, BadCredentials),
        (413, {}, Permanent),
        (429, {}, RateLimited),
        (500, {}, Temporary),
        (502, b"<html>", Ambiguous),
        (302, b"", UnknownReply),
    ],
)
def test_a_failure_means_what_the_form_says_or_else_what_http_says(status, answer, kind):
    assert type(error_of(status, answer)) is kind


def test_a_repeated_call_may_be_a_success():
    assert read(409, {"error": {"code": "duplicate"}}).state == "sent"


def test_a_told_wait_is_kept():
    assert error_of(429, {}, {"retry-after": "17"}).retry_after_s == 17.0


def test_every_outcome_can_be_named():
    for outcome in Outcome:
        form = {**FORM, "status_map": json.dumps({"word": outcome})}
        assert GenericHttpAdapter.check(form) == {}
        response = HttpResponse(400, {}, b'{"error": {"code": "word"}}')
        assert outcome_of(GenericHttpAdapter(form), response) == outcome


def test_a_good_form_is_taken():
    assert GenericHttpAdapter.check(FORM) == {}
    assert GenericHttpAdapter.check({"url": "https://x.example/{{address}}", "method": "GET"}) == {}
    plain = {"headers": '{"Content-Type": "text/plain"}', "body": "{{title}}: {{body}}"}
    assert GenericHttpAdapter.check({"url": "https://x.example/", **plain}) == {}


@for_each(
    "change, field",
    [
        ({"url": "https://{{address}}.example/"}, "url"),
        ({"url": "https://x.example/{{phone}}"}, "url"),
        ({"method": "DELETE"}, "method"),
        ({"headers": "Authorization: x"}, "headers"),
        ({"headers": '{"X": 1}'}, "headers"),
        ({"headers": '{"X": "{{body}}"}'}, "headers"),
        ({"headers": '{"X": "a\\r\\nY: b"}'}, "headers"),
        ({"headers": '{"Transfer-Encoding": "chunked"}'}, "headers"),
        ({"headers": '{"X-A: b": "c"}'}, "headers"),
        ({"body": ""}, "body"),
        ({"body": '{"text": {{body}}}'}, "body"),
        ({"body": '{"text": "{{ body | upper }}"}'}, "body"),
        ({"body": '{"text": "{{ Body }}"}'}, "body"),
        ({"body": '{"text": "{{ body.__class__ }}"}'}, "body"),
        ({"success_status": "2xx"}, "success_status"),
        ({"status_map": '{"x": "gone"}'}, "status_map"),
        ({"status_map": "[]"}, "status_map"),
    ],
)
def test_a_form_that_cannot_work_is_refused_before_it_is_stored(change, field):
    assert list(GenericHttpAdapter.check({**FORM, **change})) == [field]


def test_an_error_quotes_neither_address_nor_text():
    error = error_of(400, {"error": {"code": "number +7 916 123-45-67 'Анна' is wrong"}})

    assert "916" not in error.detail
    assert "Анна" not in error.detail
