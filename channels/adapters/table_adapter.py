"""What is the same about all providers whose refusals stand in a table of meanings?"""

from __future__ import annotations

import json
import time
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from channels.contract import Adapter
from channels.errors import DeliveryError
from channels.provider_words import Meaning, Refusal, error_for, reset_wait_s
from channels.request import HttpRequest, HttpResponse


class TableAdapter(Adapter):
    """A provider that says no in words or codes of its own.

    Must override: meanings, refusal_of, beside what Adapter asks for.
    clock: unix time for waits and signatures; the one thing that is not in the arguments.
    """

    meanings: ClassVar[Sequence[Meaning]]
    clock: ClassVar[Callable[[], float]] = time.time

    @abstractmethod
    def refusal_of(self, response: HttpResponse) -> Refusal:
        """Read the provider's own code and words."""

    def error_for(self, response: HttpResponse) -> DeliveryError:
        """Make the error that an answer means which is not the one hoped for."""
        now = type(self).clock()
        wait_s = reset_wait_s(response.headers, now=now)
        return error_for(self.refusal_of(response), self.meanings, now=now, wait_s=wait_s)

    def read(self, response: HttpResponse) -> dict[str, Any]:
        """Read the answer to a call that sends nothing; raises the DeliveryError that it means."""
        if not 200 <= response.status < 300:
            raise self.error_for(response)
        return parsed(response.body)

    def api_url(self, path: str, default: str) -> str:
        """Join a path to the address of the API, which api_base may replace."""
        return (self.credentials.get("api_base") or default).rstrip("/") + path


def parsed(body: bytes) -> dict[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    try:
        read = json.loads(body)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def json_call(method: str, url: str, headers: Mapping[str, str], body: Any = None) -> HttpRequest:
    """Write a call that sends no message. body: becomes JSON, unless it is None."""
    if body is None:
        return HttpRequest(method, url, headers, sends=False)
    kind = {"Content-Type": "application/json"}
    return HttpRequest(method, url, {**headers, **kind}, json.dumps(body).encode(), sends=False)


def basic(login: str, password: str) -> str:
    """Write the Authorization header of RFC 7617."""
    return "Basic " + b64encode(f"{login}:{password}".encode()).decode()
