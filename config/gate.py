"""For whose bodies may threads wait? For a salon's, and for all strangers', a part of them each.

A body is read by the thread that answers, and the server waits for it as long as the connection
lives: forty callers who send a byte now and then would hold all threads. A key, or a callback's
address, is known once it was answered well; the known ones of a salon have places together, and
when these are taken they wait among the strangers. A proxy that reads bodies before it passes them
on (deploy/nginx.conf) makes this needless, but nobody is made to have one.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from uuid import UUID
from weakref import WeakValueDictionary
from wsgiref.types import StartResponse

from channels import callback_doors
from config.api import is_api
from config.front import PLAIN
from notifications.callbacks import MOST_BYTES
from tenants.bodies import error_body
from tenants.middleware import SALON

Environ = dict[str, Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]
Places = deque[None]  # taking one and giving it back needs no lock

STRANGERS = 10  # of the server's threads (config.processes)
EACH_SALON = 12  # of them too: with all the strangers it leaves ten to the others
WAIT_S = 0.2  # for a place: bodies that are there already are read much sooner
MOST_KNOWN = 10_000


class Gate:
    """A WSGI application before another one."""

    def __init__(
        self, application: Application, strangers: int = STRANGERS, each: int = EACH_SALON
    ) -> None:
        self._application = application
        self._strangers = threading.BoundedSemaphore(strangers)
        self._each = each
        self._known: OrderedDict[str, Places] = OrderedDict()
        self._salons: WeakValueDictionary[str, Places] = WeakValueDictionary()
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or refuse when too many are still talking."""
        if environ.get("CONTENT_LENGTH", "") in ("", "0"):
            return self._application(environ, start_response)
        who = _name(environ)
        places = self._known.get(who)
        try:
            is_read = (places is not None and _read_at(places, environ)) or self._read(environ)
        except OSError:
            return _refuse(environ, start_response, 400, "The body ended early.")
        if not is_read:
            return _refuse(environ, start_response, 503, "Too many bodies are on their way here.")
        if places is None and who:
            start_response = self._learning(who, environ, start_response)
        return self._application(environ, start_response)

    def _read(self, environ: Environ) -> bool:
        """Read a body at a stranger's place; say whether there was one."""
        if not self._strangers.acquire(timeout=WAIT_S):
            return False
        try:
            _hear(environ)
        finally:
            self._strangers.release()
        return True

    def _learning(self, who: str, environ: Environ, start_response: StartResponse) -> StartResponse:
        def begin(status: str, *rest: Any) -> Any:
            if status[0] in "23":
                self._learn(who, _salon(environ) or who)
            return start_response(status, *rest)

        return begin

    def _learn(self, who: str, salon: str) -> None:
        with self._lock:
            places = self._salons.get(salon)
            if places is None:
                places = self._salons[salon] = deque([None] * self._each)
            self._known[who] = places
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)


def _read_at(places: Places, environ: Environ) -> bool:
    """Read a body at one of a salon's places; say whether one was free."""
    try:
        places.pop()
    except IndexError:
        return False
    try:
        _hear(environ)
    finally:
        places.append(None)
    return True


def _hear(environ: Environ) -> None:
    """Read the body; one byte too many is enough for whoever refuses it."""
    body = environ["wsgi.input"].read(min(_length(environ), MOST_BYTES + 1))
    environ["wsgi.input"] = BytesIO(body)


def _salon(environ: Environ) -> str:
    """Name the salon that a call which was answered well belongs to, if it is one's."""
    if named := PLAIN.fullmatch(environ["PATH_INFO"]):
        return str(callback_doors.salon_of(UUID(named[1])) or "")
    return str(environ.get(SALON, ""))


def _name(environ: Environ) -> str:
    """Name a caller by what only he knows: his key, or the address of a callback; else ""."""
    path = str(environ["PATH_INFO"])
    if not is_api(path):
        return ""
    return str(environ.get("HTTP_AUTHORIZATION", "")) or path


def _length(environ: Environ) -> int:
    length = str(environ["CONTENT_LENGTH"])
    return int(length) if length.isascii() and length.isdecimal() else MOST_BYTES + 1


def _refuse(
    environ: Environ, start_response: StartResponse, status: int, words: str
) -> Iterable[bytes]:
    body = json.dumps(error_body(status, "...", words)).encode()
    reason = "Service Unavailable" if status == 503 else "Bad Request"
    headers = [("Content-Type", "application/json"), ("Retry-After", "1"), ("Connection", "close")]
    start_response(f"{status} {reason}", headers)
    return [body]
