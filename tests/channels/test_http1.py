"""Our own HTTP/1.1: an answer is read to its very end, or refused; a request has one meaning."""

from __future__ import annotations

import http.client
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.http1 import MAX_BYTES, Answer, Unreadable, target_of, written
from channels.request import HttpRequest

OK = b"HTTP/1.1 200 OK\r\n"


def read(text: bytes, pieces: int = 1):
    """Feed an answer piece by piece, then its end; give it with what is left to say."""
    answer, size = Answer(), max(1, -(-len(text) // pieces))
    for at in range(0, len(text), size):
        if response := answer.feed(text[at : at + size]):
            return response, answer.is_last
    return answer.end(), answer.is_last


@pytest.mark.parametrize("pieces", [1, 3, 1_000])
@pytest.mark.parametrize(
    ("text", "status", "body", "is_last"),
    [
        (OK + b"Content-Length: 2\r\n\r\nok", 200, b"ok", False),
        (b"HTTP/1.1 200 OK\ncontent-length:2\n\nok", 200, b"ok", False),
        (OK + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", False),
        (OK + b"Content-Length: 0\r\n\r\n", 200, b"", False),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", False),
        (OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
        (OK + b"Connection: Upgrade, CLOSE\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", True),
        (
            b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
            200,
            b"",
            False,
        ),
        (OK + b"\r\nuntil the end", 200, b"until the end", True),
        (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n", 200, b"2\r\n", True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, b"ok", False),
        (
            OK + b"transfer-encoding: Chunked\r\n\r\n1;a=b\r\no\r\n01\r\nk\r\n0\r\nX: y\r\n\r\n",
            200,
            b"ok",
            False,
        ),
        (
            OK + b"Transfer-Encoding: chunked\r\nContent-Length: 9\r\n\r\n0\r\n\r\n",
            200,
            b"",
            True,
        ),
        (
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
            b"HTTP/1.1 429 Slow down\r\nContent-Length: 1\r\n\r\nx",
            429,
            b"x",
            False,
        ),
    ],
)
def test_an_answer_ends_where_it_says(text, status, body, is_last, pieces):
    response, last = read(text, pieces)

    assert (response.status, response.body, last) == (status, body, is_last)


@pytest.mark.parametrize(
    "text",
    [
        b"SSH-2.0-OpenSSH_9\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 999 No\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        OK + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nokk",
        OK + b"Content-Length: -2\r\n\r\nok",
        OK + b"Content-Length: 2, 2\r\n\r\nok",
        OK + b"Content-Length: " + b"9" * 5_000 + b"\r\n\r\nok",
        OK + b"X: " + b"x" * 70_000,
        OK + b"Transfer-Encoding: chunked\r\n\r\nfull\r\n" + b"x" * 2_000,
        OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nokk\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 70_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * (MAX_BYTES // 25 + 1),
    ],
)
def test_an_answer_whose_end_is_in_doubt_is_refused(text):
    with pytest.raises(Unreadable):
        read(text)


@pytest.mark.parametrize("end", [b"", b"Content-Length: 9\r\n\r\nhalf", b"\r"])
def test_an_answer_that_breaks_off_is_none(end):
    assert read(OK + end)[0] is None


@pytest.mark.parametrize(
    "text", [b"Content-Length: 2\r\n\r\nok", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"]
)
def test_words_behind_an_answer_end_its_connection(text):
    response, is_last = read(OK + text + b"HTTP/1.1 200 OK")

    assert (response.status, is_last) == (200, True)


@settings(max_examples=40, deadline=None)
@given(
    body=st.binary(max_size=300),
    sizes=st.lists(st.integers(1, 80), max_size=8),
    cuts=st.lists(st.integers(0, 400), max_size=6),
    names=st.lists(st.sampled_from(["Date: now", "X-A: b: c", "Set-Cookie: a=b"]), max_size=3),
)
def test_however_an_answer_is_cut_it_reads_as_the_standard_library_reads_it(
    body, sizes, cuts, names
):
    chunks, rest = [], body
    for size in [*sizes, len(body)]:
        chunk, rest = rest[:size], rest[size:]
        chunks += [b"%x\r\n%b\r\n" % (len(chunk), chunk)] if chunk else []
    head = "".join(f"{name}\r\n" for name in names).encode()
    text = OK + head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(chunks) + b"0\r\n\r\n"

    answer, at, response = Answer(), 0, None
    for cut in [*sorted(cuts), len(text)]:
        response = response or answer.feed(text[at:cut])
        at = max(at, cut)

    expected = http.client.HTTPResponse(_Socket(text))
    expected.begin()
    assert response.body == expected.read() == body
    assert dict(response.headers) == {name.lower(): value for name, value in expected.getheaders()}


class _Socket:
    def __init__(self, text):
        self._text = text

    def makefile(self, _mode):
        return io.BytesIO(self._text)


@pytest.mark.parametrize(
    ("url", "origin", "host", "path"),
    [
        ("https://a.example", "https://a.example", "a.example", "/"),
        ("https://a.example:443/b?c=d", "https://a.example", "a.example", "/b?c=d"),
        (
            "http://a.example:8080/bot1:AB/x",
            "http://a.example:8080",
            "a.example:8080",
            "/bot1:AB/x",
        ),
    ],
)
def test_a_plain_url_says_where_it_leads(url, origin, host, path):
    assert target_of(url) == (origin, host, path)


@pytest.mark.parametrize(
    "url",
    [
        *(
            "https://user@a.example/",
            "https://[::1]/",
            "https://a.example/b#c",
            "http://a.example./",
        ),
        *("https://a.example/b/../c", "https://a.example/b c", "https://a.example\\b", "ftp://a/"),
        *("https://a.example/ж", "https://пример.рф/", "https://a.example?b=c", "https://a:b/"),
    ],
)
def test_a_url_that_needs_interpretation_is_left_to_libcurl(url):
    assert target_of(url) is None


def test_a_request_is_one_text_with_its_length():
    request = HttpRequest("POST", "http://a.example/b", {"X-Key": "k"}, "Привет".encode())

    text = written(request, target_of(request.url))

    assert text == (
        b"POST /b HTTP/1.1\r\nHost: a.example\r\nUser-Agent: Kolokol\r\nAccept: */*\r\n"
        b"X-Key: k\r\nContent-Length: 12\r\n\r\n" + "Привет".encode()
    )


def test_what_a_request_says_of_itself_wins():
    headers = {"host": "b.example", "User-Agent": "me", "ACCEPT": "text/plain"}
    request = HttpRequest("POST", "http://a.example/", headers, b"x")

    text = written(request, target_of(request.url))

    assert [text.lower().count(name) for name in (b"host:", b"user-agent:", b"accept:")] == [
        1,
        1,
        1,
    ]
    assert b"host: b.example" in text
