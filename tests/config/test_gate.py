"""Strangers who send their bodies byte by byte hold some threads, never all of them."""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager

import pytest

from channels import callback_doors
from channels.integrations import ensure_phone
from config.front import PLAIN
from config.gate import Gate
from notifications.callbacks import MOST_BYTES
from tenants.middleware import SALON

PLACES = 3
KEY = "ApiKey kk_live_known"
#: Keys that are answered well -> their salon.
SALONS = {KEY: "alice", f"{KEY}2": "alice", f"{KEY}3": "charlie"}
EACH = 2


class Slow:
    """A body that does not come."""

    def __init__(self) -> None:
        self.is_waited_for, self.ends = threading.Event(), threading.Event()

    def read(self, _most):
        self.is_waited_for.set()
        self.ends.wait(20)
        return b""


class Broken:
    def read(self, _most):
        raise OSError("the client is gone")


def application(environ, start_response):
    """Know some keys and all callbacks, and say how much of the body has come."""
    environ[SALON] = SALONS.get(environ.get("HTTP_AUTHORIZATION", ""), "")
    is_well = environ[SALON] or PLAIN.fullmatch(environ["PATH_INFO"])
    start_response("200 OK" if is_well else "401 Unauthorized", [])
    return [str(len(environ["wsgi.input"].read(MOST_BYTES * 2))).encode()]


@pytest.fixture
def gate():
    return Gate(application, PLACES, EACH)


def call(gate, body=None, length="7", path="/v1/events/trigger", **headers):
    """Give status and answer."""
    said: list[str] = []
    environ = {"PATH_INFO": path, "CONTENT_LENGTH": length, **headers}
    environ["wsgi.input"] = body or io.BytesIO(b'{"a":1}')
    answer = b"".join(gate(environ, lambda status, _headers: said.append(status[:3])))
    return said[0], answer


@contextmanager
def talking(gate, count=PLACES, **who):
    """Let strangers, or somebody, begin bodies that do not end."""
    slow = [Slow() for _ in range(count)]
    threads = [threading.Thread(target=call, args=[gate, one], kwargs=who) for one in slow]
    for thread, one in zip(threads, slow, strict=True):
        thread.start()
        one.is_waited_for.wait(20)
    yield
    for thread, one in zip(threads, slow, strict=True):
        one.ends.set()
        thread.join()


def test_one_stranger_too_many_is_sent_away_until_another_has_ended(gate):
    with talking(gate):
        assert call(gate)[0] == "503"
        assert call(gate, path="/admin/login/")[0] == "503"

    assert call(gate) == ("401", b"7")


def test_who_was_answered_well_is_waited_for_beside_them(gate):
    assert call(gate, HTTP_AUTHORIZATION=KEY) == ("200", b"7")

    with talking(gate):
        answers = {call(gate, HTTP_AUTHORIZATION=KEY) for _ in range(EACH + 1)}
        assert answers == {("200", b"7")}
        assert call(gate, HTTP_AUTHORIZATION=f"{KEY}x")[0] == "503"


def test_a_salon_holds_its_own_threads_and_those_of_strangers_not_more(gate):
    for key in SALONS:
        call(gate, HTTP_AUTHORIZATION=key)

    with (
        talking(gate, EACH - 1, HTTP_AUTHORIZATION=KEY),
        talking(gate, PLACES + 1, HTTP_AUTHORIZATION=f"{KEY}2"),
    ):
        assert call(gate, HTTP_AUTHORIZATION=KEY)[0] == "503"
        assert call(gate, HTTP_AUTHORIZATION=f"{KEY}3") == ("200", b"7")

    assert call(gate, HTTP_AUTHORIZATION=KEY) == ("200", b"7")


def test_callbacks_share_the_places_of_their_salons_keys(gate, salon, monkeypatch):
    monkeypatch.setitem(SALONS, KEY, str(salon.pk))
    account = ensure_phone(salon.pk)
    callback_doors.find(account.pk)  # as whoever answers a callback does
    path = f"/v1/callbacks/{account.pk}/{account.callback_token}"
    assert call(gate, path=path) == call(gate, HTTP_AUTHORIZATION=KEY) == ("200", b"7")

    with talking(gate, EACH, path=path), talking(gate):
        assert call(gate, HTTP_AUTHORIZATION=KEY)[0] == "503"

    assert call(gate, HTTP_AUTHORIZATION=KEY) == ("200", b"7")


def test_who_was_refused_stays_a_stranger(gate):
    call(gate, HTTP_AUTHORIZATION="ApiKey guessed")

    with talking(gate):
        assert call(gate, HTTP_AUTHORIZATION="ApiKey guessed")[0] == "503"


def test_a_call_without_a_body_waits_for_nobody(gate):
    with talking(gate):
        assert call(gate, io.BytesIO(), length="") == ("401", b"0")


def test_of_a_body_that_is_too_large_one_byte_too_many_is_read(gate):
    body = io.BytesIO(b"x" * (MOST_BYTES + 10))

    assert call(gate, body, str(MOST_BYTES + 10)) == ("401", str(MOST_BYTES + 1).encode())


def test_a_body_that_breaks_is_a_bad_request_and_gives_its_place_back(gate):
    broken = {call(gate, Broken())[0] for _ in range(PLACES + 1)}

    assert broken == {"400"}
    assert call(gate) == ("401", b"7")


def test_the_gate_hears_whose_key_called(api, salon):
    answer = api.get("/v1/subscribers")

    assert answer.wsgi_request.META[SALON] == salon.pk
