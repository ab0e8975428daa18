"""Strangers who send their bodies byte by byte hold some threads, never all of them."""

from __future__ import annotations

import io
import threading
from contextlib import contextmanager

import pytest

from config.gate import Gate
from notifications.callbacks import MOST_BYTES

PLACES = 3
KEY = "ApiKey kk_live_known"


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
    """Know one key, and say how much of the body has come."""
    is_well = environ.get("HTTP_AUTHORIZATION") == KEY
    start_response("200 OK" if is_well else "401 Unauthorized", [])
    return [str(len(environ["wsgi.input"].read(MOST_BYTES * 2))).encode()]


@pytest.fixture
def gate():
    return Gate(application, PLACES)


def call(gate, body=None, length="7", path="/v1/events/trigger", **headers):
    """Give status and answer."""
    said: list[str] = []
    environ = {"PATH_INFO": path, "CONTENT_LENGTH": length, **headers}
    environ["wsgi.input"] = body or io.BytesIO(b'{"a":1}')
    answer = b"".join(gate(environ, lambda status, _headers: said.append(status[:3])))
    return said[0], answer


@contextmanager
def talking(gate, count=PLACES):
    """Let strangers begin bodies that do not end."""
    slow = [Slow() for _ in range(count)]
    threads = [threading.Thread(target=call, args=[gate, one]) for one in slow]
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
        assert call(gate, HTTP_AUTHORIZATION=KEY) == ("200", b"7")
        assert call(gate, HTTP_AUTHORIZATION=f"{KEY}x")[0] == "503"


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
