"""What a callback needs is asked over the guarded transport, before the callback is believed."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from channels.callback_needs import answered
from channels.request import HttpRequest
from channels.told import Callback, Needs
from tenants.errors import Unavailable


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path):
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_response(404 if self.path == "/gone" else 200)
        self.end_headers()
        self.wfile.write(f"answer {len(self.server.asked)}".encode())

    def log_message(self, format, *args):
        """Silence."""


@pytest.fixture
def server(settings) -> Iterator[Server]:
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    one = Server()
    yield one
    one.shutdown()
    one.server_close()


def reading(*urls, is_lasting=False):
    """Read a callback that needs these addresses, one after the other."""

    def read(callback):
        for url in urls:
            if url not in callback.answers:
                raise Needs(HttpRequest("GET", url, {}), is_lasting=is_lasting)
        return [callback.answers[url] for url in urls]

    return read


def test_what_is_needed_is_asked_in_turn_and_given_to_the_reader(server):
    read = reading(server.url("/a"), server.url("/b"))

    assert answered(Callback(b"", {}), read) == [b"answer 1", b"answer 2"]
    assert answered(Callback(b"", {}), read) == [b"answer 3", b"answer 4"]


def test_a_lasting_answer_is_asked_for_once(server):
    read = reading(server.url("/certificate"), is_lasting=True)

    assert [answered(Callback(b"", {}), read) for _ in "12"] == [[b"answer 1"]] * 2
    assert server.asked == ["/certificate"]


def test_what_cannot_be_asked_is_to_be_sent_again(server, settings):
    with pytest.raises(Unavailable):
        answered(Callback(b"", {}), reading(server.url("/gone"), is_lasting=True))
    settings.ALLOWED_PRIVATE_TARGETS = []
    with pytest.raises(Unavailable):
        answered(Callback(b"", {}), reading(server.url("/private")))

    assert server.asked == ["/gone"]
