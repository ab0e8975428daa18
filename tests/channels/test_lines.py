"""Lines of our own: kept while they live, believed within reason, and nothing is said twice."""

from __future__ import annotations

import socket
import ssl
import threading
import time

import pytest

from channels.errors import Ambiguous, Temporary
from channels.lines import MOST_BYTES
from channels.request import HttpRequest
from channels.transport import open_transport
from tests.channels.fault_server import FaultServer, self_signed

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


class Speaker:
    """Answers the calls of each connection with the next of its texts; "" reads and hangs up.

    behind: what it says after an answer that nobody has asked for.
    """

    def __init__(self, *texts: bytes, behind: bytes | None = None) -> None:
        self.texts, self.behind = list(texts), behind
        self.calls: list[bytes] = []
        self.connections = 0
        self.said = threading.Event()  # what stands behind an answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/say"
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            while call := line.recv(65_536):
                self.calls.append(call)
                text = self.texts.pop(0) if self.texts else ANSWER + b"ok"
                if not text:
                    return
                line.sendall(text)
                if self.behind is not None:
                    if not self.behind:
                        line.shutdown(socket.SHUT_RDWR)
                    else:
                        line.sendall(self.behind)
                    self.said.set()

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def transport():
    transport = open_transport(slots=3, client="curl")
    yield transport
    transport.close()


def post(url, body=b"{}", **values):
    return HttpRequest("POST", url, {}, body, trusted=True, **{"timeout_s": 5.0, **values})


def send(transport, request):
    transport.submit(1, request, time.monotonic() + 60)
    while not (done := transport.poll(5.0)):
        pass
    return done[0][1]


def test_an_answer_in_chunks_leaves_the_line_open(transport):
    server = Speaker(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")

    results = [send(transport, post(server.url)) for _ in range(2)]
    server.close()

    assert [result.body for result in results] == [b"ok", b"ok"]
    assert server.connections == 1


@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        ANSWER + b"ok and more",
    ],
)
def test_a_line_that_has_ended_or_says_too_much_is_not_used_again(transport, text):
    server = Speaker(text)

    results = [send(transport, post(server.url)) for _ in range(2)]
    server.close()

    assert [result.body for result in results] == [b"ok", b"ok"]
    assert server.connections == 2


@pytest.mark.parametrize("behind", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother"])
def test_what_an_idle_line_says_is_nobodys_answer(transport, behind):
    server = Speaker(behind=behind)
    assert send(transport, post(server.url)).body == b"ok"
    assert server.said.wait(5)
    server.behind = None

    second = send(transport, post(server.url))
    server.close()

    assert second.body == b"ok"
    assert server.connections == 2
    assert len(server.calls) == 2


@pytest.mark.parametrize(
    "text", [b"no HTTP\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"]
)
def test_an_answer_that_cannot_be_read_leaves_it_open_whether_it_was_taken(transport, text):
    server = Speaker(text, behind=b"")

    result = send(transport, post(server.url))
    server.close()

    assert type(result) is Ambiguous
    assert len(server.calls) == 1
    assert transport.free == 3


def test_calls_of_many_ways_share_the_handles(transport):
    servers = [Speaker() for _ in range(5)]

    results = [send(transport, post(server.url)) for server in servers for _ in range(2)]
    results.append(send(transport, HttpRequest("PUT", servers[0].url, {}, b"{}", trusted=True)))

    assert [result.body for result in results] == [b"ok"] * 11
    assert [server.connections for server in servers] == [2, 1, 1, 1, 1]
    assert transport.free == 3
    for server in servers:
        server.close()


def test_large_and_other_calls_go_by_libcurl_beside_idle_lines(transport):
    server = FaultServer()
    requests = [
        post(server.url("/ok"), b"x" * (MOST_BYTES + 1)),
        HttpRequest("PUT", server.url("/ok"), {}, b"{}", trusted=True),
        HttpRequest("GET", server.url("/ok"), {}, trusted=True),
    ]

    for request in requests:
        assert send(transport, post(server.url("/ok"))).status == 200
        assert send(transport, request).status == 200
    server.close()

    assert [len(arrival[3]) for arrival in server.arrivals[1::2]] == [MOST_BYTES + 1, 2, 0]
    assert transport.free == 3


def test_a_line_is_secured_by_libcurl_and_kept(transport, tmp_path):
    certificate = self_signed(tmp_path)
    server = FaultServer(certificate)
    url = server.url("/ok", "localhost")

    trusted = [send(transport, post(url, ca_file=str(certificate))) for _ in range(3)]
    other = send(transport, post(url))
    server.close()

    assert [result.status for result in trusted] == [200] * 3
    assert type(other) is Temporary  # who trusts others gets no line of theirs
    assert len(server.arrivals) == 3
    assert server.connections == 2


def test_a_request_that_does_not_leave_at_once_leaves_in_pieces(transport, monkeypatch):
    server = FaultServer()
    monkeypatch.setattr("channels.lines.MOST_BYTES", 50_000_000)
    body = b"x" * 20_000_000  # more than the kernel takes

    result = send(transport, post(server.url("/ok"), body))
    server.close()

    assert result.status == 200
    assert [len(arrival[3]) for arrival in server.arrivals] == [len(body)]


def test_tickets_of_tls_on_an_idle_line_are_no_words(transport, tmp_path):
    certificate = self_signed(tmp_path)
    server = FaultServer(certificate)
    assert server.tls.minimum_version <= ssl.TLSVersion.TLSv1_3
    request = post(server.url("/ok", "localhost"), ca_file=str(certificate))

    assert send(transport, request).status == 200
    transport.poll(0.05)  # what came behind the answer is read
    assert send(transport, request).status == 200
    server.close()

    assert server.connections == 1
