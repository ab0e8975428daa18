"""Serve all who wait at the same moment at once: a transaction costs more than what it writes.

The thread whose turn it is serves everybody who waits, tells them, and gives the turn to one of
those who have come meanwhile. Nobody waits for company: who comes alone is served alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Gift = TypeVar("Gift")


@dataclass(slots=True)
class _Ticket(Generic[Wish, Gift]):
    """What one thread wants, and what came of it (one element). called: locked until he is."""

    wish: Wish
    gift: list[Gift] = field(default_factory=list)
    called: threading.Lock = field(default_factory=threading.Lock)


class Together(Generic[Wish, Gift]):
    """Gives each thread its share of a common work.

    serve: does the work for several, gives a result for each; it runs without a transaction
    around it. It may be called for a wish a second time: where it fails for many, each is served
    alone, so that nobody pays for another.
    """

    def __init__(self, serve: Callable[[list[Wish]], Sequence[Gift]]) -> None:
        self.waiting: list[_Ticket[Wish, Gift]] = []
        self.is_serving = False
        self._serve = serve
        self._lock = threading.Lock()

    def ask(self, wish: Wish) -> Gift:
        """Wait until it is done; raises what the work for this one raises."""
        own: _Ticket[Wish, Gift] = _Ticket(wish)
        own.called.acquire()
        with self._lock:
            self.waiting.append(own)
            is_first, self.is_serving = not self.is_serving, True
        if not is_first:
            own.called.acquire()
        if not own.gift:  # nobody has served it: it is this one's turn
            self._take_turn(own)
        return own.gift[0]

    def _take_turn(self, own: _Ticket[Wish, Gift]) -> None:
        served = [own]
        try:
            served = self._serve_all(own)
        finally:
            self._call(own, served)

    def _serve_all(self, own: _Ticket[Wish, Gift]) -> list[_Ticket[Wish, Gift]]:
        """Serve all; if that fails, only the one whose turn it is."""
        with self._lock:
            tickets, self.waiting = self.waiting, []
        try:
            gifts = self._serve([ticket.wish for ticket in tickets])
        except Exception:
            if tickets == [own]:
                raise
            with self._lock:
                self.waiting = [one for one in tickets if one is not own] + self.waiting
            gifts, tickets = self._serve([own.wish]), [own]
        for ticket, gift in zip(tickets, gifts, strict=True):
            ticket.gift.append(gift)
        return tickets

    def _call(self, own: _Ticket[Wish, Gift], served: Sequence[_Ticket[Wish, Gift]]) -> None:
        """Call the next whose turn it is, and those who are served."""
        with self._lock:
            following = self.waiting[:1]
            self.is_serving = bool(following)
        for ticket in (*following, *served):
            if ticket is not own:
                ticket.called.release()
