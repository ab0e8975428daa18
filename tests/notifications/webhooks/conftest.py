"""A salon's software that is told, and who tells it."""

from __future__ import annotations

import pytest

from tests.notifications.receiver import Receiver
from tests.notifications.webhook_line import Line, forget_deliveries, new_sender


@pytest.fixture
def receiver():
    one = Receiver()
    yield one
    one.close()


@pytest.fixture
def line(salon, receiver):
    return Line.of(salon, receiver)


@pytest.fixture
def sender():
    one = new_sender()
    yield one
    one.transport.close()
    forget_deliveries()
