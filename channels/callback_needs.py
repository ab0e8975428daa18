"""How is a callback read that asks for a call of ours first (a certificate, a confirmation)?

The call is made while the provider waits, outside any transaction: what cannot be proven must not
be kept, and what was not confirmed must be sent again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from django.conf import settings

from channels.errors import DeliveryError
from channels.guard import AddressGuard
from channels.told import Callback, Needs
from channels.transport import call
from tenants.errors import Unavailable

KEPT_S = 3600.0
ANSWERS_KEPT = 64

T = TypeVar("T")


class _Kept:
    """Lasting answers by address, at most so many; for all threads of a process."""

    def __init__(self) -> None:
        self._answers: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, url: str) -> bytes | None:
        with self._lock:
            until, answer = self._answers.get(url, (0.0, b""))
            return answer if time.monotonic() < until else None

    def put(self, url: str, answer: bytes) -> None:
        with self._lock:
            self._answers[url] = (time.monotonic() + KEPT_S, answer)
            self._answers.move_to_end(url)
            while len(self._answers) > ANSWERS_KEPT:
                self._answers.popitem(last=False)


_kept = _Kept()
remember = _kept.put


def answered(callback: Callback, read: Callable[[Callback], T]) -> T:
    """Read a callback, making the calls that it needs; raises what `read` raises, and Unavailable.

    read: asks for an address once, hence this comes to an end.
    """
    while True:
        try:
            return read(callback)
        except Needs as needs:
            url = needs.request.url
            if url in callback.answers:
                raise RuntimeError("a callback needs what it was given") from needs
            callback = replace(callback, answers={**callback.answers, url: answer(needs)})


def answer(needs: Needs) -> bytes:
    """Make the call, unless its lasting answer is known; raises Unavailable."""
    url = needs.request.url
    known = _kept.get(url) if needs.is_lasting else None
    if known is not None:
        return known
    try:
        response = call(needs.request, AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS)))
    except DeliveryError as error:
        raise Unavailable("The provider could not be asked.") from error
    if response.status != 200:
        raise Unavailable("The provider did not answer as expected.")
    if needs.is_lasting:
        remember(url, response.body)
    return response.body
