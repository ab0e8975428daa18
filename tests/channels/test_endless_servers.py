"""A server of a salon's own choice cannot hold a worker: neither by words nor by addresses.

Anybody may write a host into an account, and the worker behind it serves all salons.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from channels.contract import Content, Outbound
from channels.errors import Temporary
from channels.guard import AddressGuard, connect
from channels.mime import Sender
from channels.smtp_connection import SmtpAccount, SmtpConnection

LOCAL = AddressGuard(("127.0.0.1",))
MAIL = Outbound(
    "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44",
    "email",
    "anna@mail.example",
    Content(title="Завтра в 14:30", body="Ждём вас"),
    "ru",
    "tx",
)
LEASE_S = 1.0
ENOUGH_S = 5.0  # far below the minutes that it took, far above what a loaded machine needs


class Talker:
    """Says the same again and again, whatever it hears."""

    def __init__(self, words: bytes, pause_s: float = 0.0) -> None:
        self._words, self._pause_s = words, pause_s
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._talk)
        self._thread.start()

    def _talk(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                while True:
                    connection.sendall(self._words)
                    time.sleep(self._pause_s)

    def close(self) -> None:
        self._listener.close()
        self._thread.join()


@pytest.mark.parametrize(
    ("words", "pause_s"), [(b"220-and\r\n" * 100, 0.0), (b"2", 0.05)], ids=["endless", "dripping"]
)
def test_a_mail_server_that_never_comes_to_its_point_is_given_up(words, pause_s):
    server = Talker(words, pause_s)
    author = Sender("salon@beauty.example", "Роза")
    account = SmtpAccount("127.0.0.1", server.port, "none", author)
    connection, began = SmtpConnection(account, LOCAL), time.monotonic()

    with pytest.raises(Temporary):
        connection.send(MAIL, began + LEASE_S)

    assert time.monotonic() - began < ENOUGH_S
    server.close()


@pytest.fixture
def deaf():
    """A port whose line of callers is full: further ones wait until they give up."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    waiting = [socket.socket() for _ in range(3)]
    for one in waiting:
        one.setblocking(False)
        one.connect_ex(listener.getsockname())
    yield listener.getsockname()[1]
    for one in (*waiting, listener):
        one.close()


def test_a_name_with_many_deaf_addresses_takes_one_time_out(deaf, monkeypatch):
    address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", deaf))
    answers = {"many.example": [address] * 100}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: answers.get(host, [address]))
    began = time.monotonic()

    with pytest.raises(OSError, match=r"."):
        connect("many.example", deaf, guard=LOCAL, timeout_s=0.3)

    assert time.monotonic() - began < ENOUGH_S
