"""What docs/howto/receive-webhooks.md says is so: its receiver runs, its table is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from notifications.news import NAMES
from notifications.webhooks.signing import new_secret
from tests.notifications.conftest import change
from tests.notifications.webhook_line import Line, forget_deliveries, new_sender

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "receive-webhooks.md").read_text()


@dataclass
class Address:
    """Where the software of the page will listen."""

    url: str = "https://not-yet.example/"


@pytest.fixture
def line(salon):
    yield Line.of(salon, Address())
    forget_deliveries()


@pytest.fixture
def sender():
    one = new_sender()
    yield one
    one.transport.close()


@contextmanager
def listening(folder, line, secret):
    """Start the receiver of the page as the page says, and let the webhook lead there."""
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (folder / "receiver.py").write_text(code)
    process = subprocess.Popen(
        [sys.executable, "receiver.py", "0"],
        cwd=folder,
        env={**os.environ, "WEBHOOK_SECRET": secret},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        port = process.stdout.readline().split()[-1]
        line.set(url=f"http://127.0.0.1:{port}/")
        yield process
    finally:
        process.kill()
        process.communicate()


def test_the_receiver_of_the_page_takes_each_event_once(tmp_path, line, sender):
    line.test()

    with listening(tmp_path, line, line.secret) as process:
        sender.run()
        change(  # as if its answer had been lost
            "update notifications_webhookdelivery set state = 'pending' where endpoint_id = %s",
            [line.endpoint.pk],
        )
        sender.run()
        process.terminate()
        [told] = process.stdout.read().splitlines()

    assert line.states == [("delivered", 2, 204)]
    assert told.startswith("webhook.test {")


def test_the_receiver_of_the_page_believes_no_other_secret(tmp_path, line, sender):
    line.test()

    with listening(tmp_path, line, new_secret()):
        sender.run()

    assert line.states == [("pending", 1, 401)]


def test_every_event_stands_in_the_table_of_the_page():
    assert [name for name in NAMES if f"`{name}`" not in PAGE] == []
