"""What the wire refuses and in which words: exact statuses, Novu's error bodies, never a trace."""

from __future__ import annotations

import logging

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tenants.models import Location
from tenants.scope import tenant_scope
from tests.api_client import Api

PLAIN = {"statusCode", "timestamp", "path", "message"}


def check(answer, status: int, path: str):
    body = answer.json()
    assert answer.status_code == body["statusCode"] == status
    assert answer.headers["Content-Type"] == "application/json"
    assert body["path"] == path
    assert body["timestamp"].endswith("Z")
    assert set(body) >= PLAIN
    assert None not in body.values()
    return body


@pytest.mark.parametrize("path", ["/v1/nothing", "/v2/nothing/at/all"])
def test_an_unknown_address_is_a_json_404_even_without_a_key(path):
    check(Api("").get(path), 404, path)


def test_a_wrong_method_is_a_json_405(api):
    check(api.put("/v2/subscribers", {}), 405, "/v2/subscribers")


@pytest.mark.parametrize(
    "raw",
    [
        b"{",
        b"[]",
        b'"text"',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1e999}',
        b"\xff\xfe",
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": "\\ud800"}',
    ],
)
def test_a_body_that_is_not_sound_json_is_400(api, raw):
    body = check(api.call("POST", "/v1/events/echo", raw=raw), 400, "/v1/events/echo")

    assert body["type"] == "PAYLOAD_VALIDATION_ERROR"
    assert isinstance(body["errors"], list)


def test_nul_is_400_and_names_the_field(api):
    body = check(
        api.post("/v1/events/echo", {"to": [{"firstName": "A\0"}]}), 400, "/v1/events/echo"
    )

    assert body["errors"][0]["field"] == "to.0.firstName"


def test_nul_in_the_address_is_400(api):
    check(api.get("/v2/subscribers/a%00b"), 400, "/v2/subscribers/a\0b")
    check(api.get("/v2/subscribers?name=a%00b"), 400, "/v2/subscribers")


def test_32_levels_pass(api):
    raw = b'{"a":' * 32 + b"1" + b"}" * 32

    assert api.call("POST", "/v1/events/echo", raw=raw).status_code == 201


def test_a_body_over_512_kb_is_413(api):
    check(api.post("/v1/events/echo", {"a": "x" * 512 * 1024}), 413, "/v1/events/echo")
    assert api.post("/v1/events/echo", {"a": "x" * 511 * 1024}).status_code == 201


def test_another_content_type_is_415(api):
    answer = api.call("POST", "/v1/echo", raw=b"a=1", Content_Type="text/plain")

    check(answer, 415, "/v1/echo")


def test_a_charset_is_fine(api):
    answer = api.call("POST", "/v1/echo", raw=b"{}", Content_Type="application/json; charset=utf-8")

    assert answer.status_code == 201


def test_422_has_errors_by_field(api):
    body = check(api.post("/v2/subscribers", {"phone": "12"}), 422, "/v2/subscribers")

    assert set(body["errors"]) == {"subscriberId", "phone"}
    assert body["errors"]["phone"]["messages"]


def test_numbers_and_lists_of_a_query_are_read_as_the_sdks_write_them(api):
    answer = api.get("/v1/echo?limit=2.0&tags=a&tags[]=b")

    assert answer.json() == {"limit": 2, "tags": ["a", "b"]}
    assert api.get("/v1/echo?limit=1000").json()["limit"] == 100
    check(api.get("/v1/echo?limit=two"), 400, "/v1/echo")
    check(api.get("/v1/echo?limit=nan"), 400, "/v1/echo")


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/broken"), ("POST", "/v1/work")])
def test_a_bug_is_a_500_with_an_id_that_stands_in_the_log(api, caplog, method, path):
    with caplog.at_level(logging.ERROR, "config.wire"):
        answer = api.call(method, path, {"name": "x", "status": 500})

    body = check(answer, 500, path)
    assert "secret" not in answer.content.decode()
    assert caplog.records[0].error_id == body["errorId"]
    assert "a secret detail" in caplog.text


@pytest.mark.parametrize("status", [400, 500])
def test_a_refusal_writes_nothing(salon, api, status):
    assert api.post("/v1/work", {"name": "gone", "status": status}).status_code == status
    assert api.post("/v1/work", {"name": "kept"}).status_code == 201

    with tenant_scope(salon.pk):
        assert set(Location.objects.values_list("identifier", flat=True)) == {"main", "kept"}


def test_the_request_id_comes_back_or_is_made(api):
    assert api.get("/v2/subscribers", X_Request_Id="abc-1").headers["X-Request-Id"] == "abc-1"
    assert len(api.get("/v2/subscribers", X_Request_Id="a b\tc").headers["X-Request-Id"]) == 32
    assert len(Api("").get("/v1/nothing").headers["X-Request-Id"]) == 32


def test_api_answers_carry_no_cookie_and_are_not_cached(api):
    answer = api.get("/v2/subscribers")

    assert not answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]


def test_open_routes_need_no_key():
    assert Api("").get("/v1/open").status_code == 200


def test_a_connection_that_a_restart_cut_is_replaced_in_silence(api, settings):
    """The kept connection is killed from outside, as a restart of PostgreSQL does."""
    assert api.get("/v2/subscribers").status_code == 200
    connection.ensure_connection()
    pid = connection.connection.info.backend_pid

    with psycopg.connect(settings.SERVERS.superuser_url, autocommit=True) as admin:
        admin.execute("select pg_terminate_backend(%s, 5000)", (pid,))

    assert api.get("/v2/subscribers").status_code == 200
    assert connection.connection.info.backend_pid != pid


def test_a_database_that_is_away_is_503_with_retry_after(api):
    connection.close()
    port = connection.settings_dict["PORT"]
    host = connection.settings_dict["HOST"]
    connection.settings_dict.update(HOST="127.0.0.1", PORT="1")
    try:
        answer = api.get("/v2/subscribers")
    finally:
        connection.settings_dict.update(HOST=host, PORT=port)

    check(answer, 503, "/v2/subscribers")
    assert answer.headers["Retry-After"] == "1"
    assert settings.DEBUG is False
