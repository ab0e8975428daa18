"""Senders with sockets of their own: a fault of one connection stops nobody for long."""

from __future__ import annotations

import threading
import time

import pytest

from channels.contract import Content, Outbound, Receipt
from channels.errors import Ambiguous
from channels.guard import AddressGuard
from channels.smtp import SmtpSender


class Clumsy:
    """An account whose first connection breaks in a way that nobody thought of."""

    method, host = "TEST", "clumsy"

    def __init__(self) -> None:
        self.connections = 0

    def open(self, guard):
        self.connections += 1
        return Broken() if self.connections == 1 else Sound()


class Broken:
    def send(self, outbound, lease_end):
        raise SystemError("nobody thought of this")

    def close(self) -> None:
        """Nothing is open."""


class Sound(Broken):
    def send(self, outbound, lease_end):
        return Receipt("sound")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_died_is_replaced():
    before = set(threading.enumerate())
    sender, account = SmtpSender(AddressGuard()), Clumsy()
    message = Outbound("1", "email", "anna@mail.example", Content("text"), "ru", "tx")
    results = []
    for number in range(2):
        sender.submit(number, account, message, time.monotonic() + 60)
        results += sender.poll(10)
    sender.close()
    for thread in set(threading.enumerate()) - before:  # the dead one's warning is for this test
        thread.join(20)

    assert isinstance(results[0][1], Ambiguous)
    assert results[1][1].provider_id == "sound"
