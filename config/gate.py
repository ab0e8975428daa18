"""For whose bodies may threads wait? For known callers' at will, for strangers' a few at a time.

A body is read by the thread that answers, and the server waits for it as long as the connection
lives: forty strangers who send a byte now and then would hold all threads. A key, or a callback's
address, is known once it was answered well. A proxy that reads bodies before it passes them on
(deploy/nginx.conf) makes this needless, but nobody is made to have one.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Any
from wsgiref.types import StartResponse

from config.api import is_api
from notifications.callbacks import MOST_BYTES
from tenants.bodies import error_body

Environ = dict[str, Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

STRANGERS = 10  # of the server's threads (config.processes)
WAIT_S = 0.2  # for a place: bodies that are there already are read much sooner
MOST_KNOWN = 10_000


class Gate:
    """A WSGI application before another one."""

    def __init__(self, application: Application, strangers: int = STRANGERS) -> None:
        self._application = application
        self._places = threading.BoundedSemaphore(strangers)
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or refuse when too many strangers are still talking."""
        if environ.get("CONTENT_LENGTH", "") in ("", "0"):
            return self._application(environ, start_response)
        if (who := _name(environ)) in self._known:
            return self._application(environ, start_response)
        if not self._places.acquire(timeout=WAIT_S):
            return _refuse(environ, start_response, 503, "Too many bodies are on their way here.")
        try:
            # one byte too many is enough for whoever refuses it
            body = environ["wsgi.input"].read(min(_length(environ), MOST_BYTES + 1))
        except OSError:
            return _refuse(environ, start_response, 400, "The body ended early.")
        finally:
            self._places.release()
        heard = {**environ, "wsgi.input": BytesIO(body)}
        return self._application(heard, self._learning(who, start_response))

    def _learning(self, who: str, start_response: StartResponse) -> StartResponse:
        def begin(status: str, *rest: Any) -> Any:
            if who and status[0] in "23":
                with self._lock:
                    self._known[who] = None
                    if len(self._known) > MOST_KNOWN:
                        self._known.popitem(last=False)
            return start_response(status, *rest)

        return begin


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
