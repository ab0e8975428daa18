"""The Phone reports what arrived a moment later, as a provider does."""

from __future__ import annotations

import json
import threading
import time
from uuid import uuid4

from channels.phone import Door
from channels.phone_reports import Reports

DELAY_S = 0.3


class Platform:
    """Takes callbacks and keeps when each came."""

    def __init__(self) -> None:
        self.calls: list[tuple[float, list[str]]] = []
        self.enough = threading.Event()

    def take(self, integration_id, token, callback):
        events = json.loads(callback.body)["events"]
        self.calls.append((time.monotonic(), [event["message_id"] for event in events]))
        self.enough.set()
        return len(events)


def test_a_report_comes_after_the_worker_had_time_to_keep_the_message():
    platform, door = Platform(), Door(uuid4(), uuid4(), "token", "secret")
    began = time.monotonic()

    Reports(platform.take, DELAY_S).delivered(door, "m-1")

    assert platform.enough.wait(20)
    ((came, messages),) = platform.calls
    assert messages == ["m-1"]
    assert came - began >= DELAY_S
