"""How is a plain call written in HTTP/1.1, and its answer read? Bytes in, values out, no sockets.

Hot: one pass of C over each answer's head for what frames it; names and values are read only when
somebody asks. What cannot be understood beyond doubt is refused: connections are shared, so an
answer whose end is guessed would give its rest to somebody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from channels.calls import MAX_BODY_BYTES, may_carry
from channels.request import HttpRequest, HttpResponse

MAX_BYTES = 512 * 1024  # of an answer in all: interim heads and sizes of chunks have no end
MAX_HEAD_BYTES = 64 * 1024
MAX_CHUNK_LINE = 1024  # bytes
MAX_DIGITS = 18  # of a length
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9.-]*[A-Za-z0-9])(?::(?P<port>[1-9]\d{0,4}))?"
    r"(?P<path>/[!$-\[\]^_a-z~|]*)?"
)
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)[ \r\n]")
_HEAD_END = re.compile(rb"\n\r?\n")
_FRAMING = re.compile(rb"\n(content-length|transfer-encoding|connection)[ \t]*:([^\r\n]*)", re.I)
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\n]{0,1000})?\r?\n")
_EMPTY = frozenset({204, 304})  # never have a body


class Unreadable(Exception):
    """The answer is no HTTP/1.1, or does not say beyond doubt where it ends."""


class Target(NamedTuple):
    """Where a plain URL leads. origin: scheme, host and port; host: as the Host header has it."""

    origin: str
    host: str
    path: str


@lru_cache(maxsize=1024)
def target_of(url: str) -> Target | None:
    """Read a URL in which nothing needs interpretation; None leaves any other to libcurl."""
    found = _URL.fullmatch(url)
    if found is None or "/." in (found["path"] or ""):  # dots would have to be resolved
        return None
    scheme, port = found["scheme"], found["port"]
    is_usual = port is None or port == {"http": "80", "https": "443"}[scheme]
    host = found["host"] if is_usual else f"{found['host']}:{port}"
    return Target(f"{scheme}://{host}", host, found["path"] or "/")


def written(request: HttpRequest, target: Target) -> bytes:
    """Write a request that has a body; raises ValueError for headers that cannot be written."""
    head = _head(request.method, target, tuple(request.headers.items()))
    return b"%b%d\r\n\r\n%b" % (head, len(request.body), request.body)


@lru_cache(maxsize=256)
def _head(method: str, target: Target, headers: tuple[tuple[str, str], ...]) -> bytes:
    """Write what a campaign's calls have in common, up to the length of the body."""
    given = header_lines(dict(headers))
    names = {name.lower() for name, _ in headers}
    own = [("Host", target.host), ("User-Agent", "Kolokol"), ("Accept", "*/*")]
    lines = [f"{name}: {value}" for name, value in own if name.lower() not in names]
    text = "\r\n".join([f"{method} {target.path} HTTP/1.1", *lines, *given, "Content-Length: "])
    return text.encode("ascii")


def header_lines(headers: Mapping[str, str]) -> list[str]:
    """Write headers; raises ValueError for what would be read as another header, or as the end."""
    lines = [f"{name}: {value}" for name, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("line break in a header")
    if not may_carry(headers):
        raise ValueError("a header of the connection")
    return lines


class AnswerHeaders(Mapping[str, str]):
    """The headers of an answer, read when somebody asks: of what was taken hardly anybody does."""

    def __init__(self, lines: Sequence[bytes]) -> None:
        self._lines = lines

    def __getitem__(self, name: str) -> str:
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)

    @cached_property
    def _read(self) -> dict[str, str]:
        return _headers(self._lines)


def _headers(lines: Sequence[bytes]) -> dict[str, str]:
    """Read the headers of the last answer: 100 Continue and early hints come before it."""
    headers: dict[str, str] = {}
    for line in lines:
        text = line.decode("latin-1")
        if text.startswith("HTTP/"):
            headers = {}
            continue
        name, colon, value = text.partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return headers


class Answer:
    """One answer while it comes. is_last: nothing else may be said on its connection."""

    __slots__ = (
        *("_bytes", "_seen", "_status", "_head", "_length", "_is_chunked", "_pieces"),
        *("_fed_bytes", "_kept_bytes", "is_last"),
    )

    def __init__(self) -> None:
        self._bytes = bytearray()  # what is not read yet
        self._fed_bytes = 0
        self._seen = 0  # of it, when the head's end was looked for
        self._status = 0  # 0: the head has not come yet
        self._head = b""
        self._length: int | None = None  # of the body; None: up to the last chunk, or the end
        self._is_chunked = False
        self._pieces: list[bytes] = []
        self._kept_bytes = 0  # in pieces
        self.is_last = False

    def feed(self, data: bytes) -> HttpResponse | None:
        """Take in what came; give the answer once it is whole, or too large. Raises Unreadable."""
        self._bytes += data
        self._fed_bytes += len(data)
        if self._fed_bytes > MAX_BYTES:
            raise Unreadable("an answer without end")
        while not self._status:
            if not self._read_head():
                return None
        body = self._chunks() if self._is_chunked else self._plain()
        return None if body is None else self._response(body)

    def end(self) -> HttpResponse | None:
        """Take in that nothing more comes; None: it broke off."""
        self.is_last = True
        is_whole = self._status and self._length is None and not self._is_chunked
        return self._response(bytes(self._bytes)) if is_whole else None

    def _read_head(self) -> bool:
        """Read one head, if it is there; of an interim one nothing stays."""
        end = _HEAD_END.search(self._bytes, self._seen)
        if end is None or end.end() > MAX_HEAD_BYTES:
            self._seen = max(0, len(self._bytes) - 2)
            if len(self._bytes) > MAX_HEAD_BYTES:
                raise Unreadable("a head without end")
            return False
        head = bytes(self._bytes[: end.end()])
        del self._bytes[: end.end()]
        self._seen = 0
        status = _STATUS.match(head)
        if status is None or status[2] == b"101":
            raise Unreadable("no answer of HTTP/1.1")
        if status[2][:1] != b"1":
            self._head, self._status = head, int(status[2])
            self._frame(is_old=status[1] == b"0")
        return True

    def _frame(self, *, is_old: bool) -> None:
        """Find out where the body ends, and whether the connection may be used again."""
        said: dict[bytes, set[bytes]] = {}
        for name, value in _FRAMING.findall(self._head):
            said.setdefault(name.lower(), set()).add(value.strip().lower())
        ways = b",".join(said.get(b"connection", ()))
        self.is_last = b"keep-alive" not in ways if is_old else b"close" in ways
        if self._status in _EMPTY:
            self._length = 0
        elif codings := said.get(b"transfer-encoding"):
            self._is_chunked = codings == {b"chunked"}
            self.is_last |= not self._is_chunked or b"content-length" in said
        elif lengths := said.get(b"content-length"):
            (length,) = lengths if len(lengths) == 1 else (b"",)
            if not length.isdigit() or len(length) > MAX_DIGITS:
                raise Unreadable("no length, or two")
            self._length = int(length)
        else:
            self.is_last = True

    def _plain(self) -> bytes | None:
        if self._length is not None and len(self._bytes) >= self._length:
            self.is_last |= len(self._bytes) > self._length  # words that nobody has asked for
            return bytes(self._bytes[: self._length])
        if len(self._bytes) <= MAX_BODY_BYTES:
            return None
        self.is_last = True
        return bytes(self._bytes)

    def _chunks(self) -> bytes | None:
        """Read as many chunks as there are; the last one is empty, trailers may follow."""
        buffer = self._bytes
        while self._kept_bytes <= MAX_BODY_BYTES:
            found = _CHUNK.match(buffer)
            if found is None:
                if len(buffer) > MAX_CHUNK_LINE:
                    raise Unreadable("a chunk without a size")
                return None
            start, length = found.end(), int(found[1], 16)
            if length == 0:
                return self._trailed(start - 1)
            end = start + length
            if len(buffer) < end + 2 and len(buffer) - start <= MAX_BODY_BYTES:
                return None
            self._pieces.append(bytes(buffer[start : min(end, start + MAX_BODY_BYTES + 1)]))
            self._kept_bytes += len(self._pieces[-1])
            if self._kept_bytes <= MAX_BODY_BYTES and buffer[end : end + 2] != b"\r\n":
                raise Unreadable("a chunk of another size")
            del buffer[: end + 2]
        self.is_last = True
        return b"".join(self._pieces)

    def _trailed(self, start: int) -> bytes | None:
        """End after the trailers: an empty line, as after a head."""
        end = _HEAD_END.search(self._bytes, start)
        if end is None:
            if len(self._bytes) > MAX_HEAD_BYTES:
                raise Unreadable("trailers without end")
            return None
        self.is_last |= end.end() < len(self._bytes)
        return b"".join(self._pieces)

    def _response(self, body: bytes) -> HttpResponse:
        lines = AnswerHeaders(self._head.splitlines())
        return HttpResponse(self._status, lines, body[:MAX_BODY_BYTES])
