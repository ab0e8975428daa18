"""A whole Kolokol for the browser: `up` on a free port, and its API as a salon calls it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from config import embedded
from tests.commands import ROOT, environment

T = TypeVar("T")
READY_S, STOPPED_S = 120.0, 60.0
OWN = (
    *("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "ENCRYPTION_KEYS"),
    *("KOLOKOL_DATA", "PUBLIC_URL", "PHONE_URL", "LOG_LEVEL"),
)
VISIT = {
    "clientName": "Анна",
    "appointmentTime": "2030-05-14T15:00:00+03:00",
    "serviceName": "Стрижка",
    "staffName": "Мария",
}


@dataclass(frozen=True)
class Installation:
    """folder: its --data. facts: what up.json there tells."""

    folder: Path
    facts: dict[str, Any]

    @property
    def base(self) -> str:
        return str(self.facts["base_url"])

    @property
    def salon(self) -> dict[str, Any]:
        return dict(self.facts["tenants"][0])

    def call(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call the API with the first salon's live key."""
        request = urllib.request.Request(
            f"{self.base}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"ApiKey {self.salon['live_key']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def add_client(self, last_name: str, **more: Any) -> str:
        """Add a client with Telegram, SMS and e-mail; Telegram comes first."""
        key, number = f"c-{uuid4().hex[:10]}", uuid4().int % 10**7
        self.call(
            "/v2/subscribers",
            {
                "subscriberId": key,
                "firstName": "Вера",
                "lastName": last_name,
                "locale": "ru",
                "phone": f"+7900{number:07d}",
                "email": f"{key}@example.com",
                "channels": {"telegram": str(500_000_000 + number)},
                **more,
            },
        )
        return key

    def trigger(self, client: str, **payload: Any) -> str:
        """Remind a client of a visit; give the transaction's id."""
        name, to = "appointment-reminder-24h", {"subscriberId": client}
        body = {"name": name, "to": to, "payload": {**VISIT, **payload}}
        return str(self.call("/v1/events/trigger", body)["data"]["transactionId"])

    def story(self, transaction_id: str) -> str:
        """Tell in English what became of a transaction."""
        found = self.call(f"/v1/notifications?transactionId={transaction_id}&language=en")["data"]
        return "\n".join(line for one in found for line in one["story"])

    def wait_for(self, transaction_id: str, *words: str, timeout_s: float = 15.0) -> str:
        """Wait until the story has all these words."""
        return eventually(
            lambda: self.story(transaction_id),
            lambda story: all(word in story for word in words),
            timeout_s=timeout_s,
        )


def eventually(read: Callable[[], T], is_enough: Callable[[T], bool], *, timeout_s: float) -> T:
    """Read until it is enough; fail with what was read last."""
    deadline = time.monotonic() + timeout_s
    while not is_enough(last := read()):
        assert time.monotonic() < deadline, f"not within {timeout_s} s:\n{last}"
        time.sleep(0.1)
    return last


@contextmanager
def running() -> Iterator[Installation]:
    """Start one on a free port in a folder of its own; stop it by its pid and delete the folder."""
    data = Path(tempfile.mkdtemp(prefix="kolokol-browser-"))
    data.chmod(0o711)  # PostgreSQL runs as another account when root starts it
    command = ["up", "--port", str(_free_port()), "--data", str(data)]
    with (data / "up.log").open("w+") as log:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), *command],
            env=environment(**dict.fromkeys(OWN), ALLOWED_PRIVATE_TARGETS="127.0.0.1"),
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
        try:
            yield Installation(data, _facts(process, data))
        finally:
            process.terminate()
            process.wait(STOPPED_S)
    embedded.discard(data)


def _facts(process: subprocess.Popen[bytes], data: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline and process.poll() is None:
        if (data / "up.json").exists():
            return dict(json.loads((data / "up.json").read_text()))
        time.sleep(0.2)
    raise RuntimeError(f"Kolokol did not start:\n{(data / 'up.log').read_text()[-3000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
