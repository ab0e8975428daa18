"""Read a provider's captured bodies and what each of them must lead to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from channels.contract import Content, Outbound
from channels.errors import DeliveryError
from channels.request import HttpResponse

MESSAGE_ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
VISIT = "Анна, ждём вас 22 ноября в 14:30 в Beauty Lab. Подтвердите визит."
PRIVATE = ("Анна", "79161234567", "Beauty Lab", "TOKEN", "187654321", "1254459154682919")


class Captured:
    """The bodies of tests/payloads/<provider>."""

    def __init__(self, provider: str) -> None:
        self.folder = Path(__file__).parents[1] / "payloads" / provider
        rows = json.loads((self.folder / "index.json").read_text())
        self.index: dict[str, dict[str, Any]] = {row["file"]: row for row in rows}

    @property
    def names(self) -> set[str]:
        """Every body, in the index and in the folder alike."""
        files = {path.name for path in self.folder.glob("*.json")} - {"index.json"}
        assert files == set(self.index)
        return files

    @property
    def sending(self) -> set[str]:
        """Bodies of what we send, and of its answers."""
        return self.names - self.telling

    @property
    def telling(self) -> set[str]:
        """Bodies of the provider's own calls."""
        kinds = ("webhook", "handshake")
        return {name for name in self.names if self.index[name]["kind"] in kinds}

    def raw(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def body(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())

    def response(self, name: str) -> HttpResponse:
        return HttpResponse(self.index[name]["http_status"], {}, (self.folder / name).read_bytes())

    def url(self, name: str, **values: str) -> str:
        return str(self.index[name]["url"]).format(**values)


def outbound(content: Content, address: str, *, kind: str = "chat", **extra: Any) -> Outbound:
    return Outbound(MESSAGE_ID, kind, address, content, "ru", "tx", extra=extra)


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> HttpResponse:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return HttpResponse(status, headers or {}, raw)


def drive(steps: Any, *answers: Any) -> tuple[list[Any], Any]:
    """Feed an exchange with answers; an error among them is thrown in.

    Gives the calls it made, and its receipt or the error that it ended with.
    """
    calls, feed = [], iter(answers)
    try:
        calls.append(next(steps))
        while True:
            given = next(feed)
            is_error = isinstance(given, DeliveryError)
            calls.append(steps.throw(given) if is_error else steps.send(given))
    except StopIteration as end:
        return calls, end.value
    except DeliveryError as error:
        return calls, error


def is_private(text: str) -> bool:
    """Say whether a text holds what no log may hold."""
    return any(word in text for word in PRIVATE)
