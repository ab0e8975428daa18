"""How does the Phone tell the platform what happened: by the callback that providers use.

"Delivered" is told half a second after a message was taken, when the worker has long kept it; a
report that came first would be set aside and tried again much later.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import DatabaseError, connections

from channels.adapters.sandbox import FROM_PHONE, SIGNATURE, sign
from channels.phone import Door, Event
from channels.told import BadSignature, Callback
from tenants.errors import PlatformError

#: The verb behind /v1/callbacks: account, token, callback.
TakeCallback = Callable[[UUID, str, Callback], object]

DELAY_S = 0.5
IDLE_S = 5.0
EVENTS_PER_CALLBACK = 100

log = logging.getLogger(__name__)

_Item = tuple[float, Door, Event]


class Reports:
    """Reports of one web process; a thread of its own carries those that are told later."""

    def __init__(self, take: TakeCallback, delay_s: float = DELAY_S) -> None:
        self._take = take
        self._delay_s = delay_s
        self._line: deque[_Item] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def now(self, door: Door, events: Sequence[Event]) -> None:
        """Tell the platform at once."""
        if not events:
            return
        body = json.dumps({"events": list(events)}, ensure_ascii=False).encode()
        headers = {SIGNATURE: sign(door.secret, FROM_PHONE, body, now=time.time())}
        self._take(door.integration_id, door.token, Callback(body, headers))

    def delivered(self, door: Door, message_id: str) -> None:
        """Tell it a little later that a message has arrived."""
        event = {"type": "delivered", "key": f"{message_id}:delivered", "message_id": message_id}
        with self._changed:
            self._line.append((time.monotonic() + self._delay_s, door, event))
            self._changed.notify()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._carry, name="phone", daemon=True)
                self._thread.start()

    def _carry(self) -> None:
        while batch := self._next():
            by_door: dict[Door, list[Event]] = defaultdict(list)
            for _, door, event in batch:
                by_door[door].append(event)
            for door, events in by_door.items():
                self._tell(door, events)
            connections.close_all()  # this thread's own

    def _next(self) -> list[_Item]:
        """Wait until the first report is due and take all that are; nothing ends the thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._line, IDLE_S)
            if not self._line:
                self._thread = None
                return []
            due = self._line[0][0]
        time.sleep(max(0.0, due - time.monotonic()))
        now = max(due, time.monotonic())
        batch: list[_Item] = []
        with self._changed:
            while self._line and self._line[0][0] <= now and len(batch) < EVENTS_PER_CALLBACK:
                batch.append(self._line.popleft())
        return batch

    def _tell(self, door: Door, events: list[Event]) -> None:
        try:
            self.now(door, events)
        except (PlatformError, BadSignature, DatabaseError) as error:
            log.warning("the Phone's report was not taken (%s)", type(error).__name__)
