"""How is one message sent that needs several calls?

The life of an exchange:
1. The adapter yields a call; it takes the message's one slot, its answer is sent back in.
2. The adapter yields a TokenCall; the token comes from the cache, from another worker that is just
   minting it, or from a call of its own.
3. A failure is thrown in, so that the adapter can translate it. What is lost of a call that sends
   nothing is Temporary; what fails, untranslated, after a call that did send is Ambiguous.
4. A message that is refused for its credentials with a token from the cache is tried once more
   with a fresh one.
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from channels.accounts import Account
from channels.calls import LEASE_MARGIN_S
from channels.contract import Exchange, Outbound, Receipt, TokenCall
from channels.errors import (
    Ambiguous,
    BadCredentials,
    DeliveryError,
    NotStarted,
    Temporary,
    UnknownReply,
)
from channels.faults import FAULTS, unread, unwritten
from channels.request import HttpRequest, HttpResponse
from channels.routing import routed
from channels.tokens import Tokens
from channels.transport import Transport

LOOK_S = 0.05  # how often those that wait for another worker's token ask Redis

Answer = HttpResponse | DeliveryError
Ended = tuple[int, Receipt | DeliveryError]
Outcome = HttpResponse | Receipt | DeliveryError


@dataclass(slots=True)
class _Open:
    """One exchange.

    call: under way. used: tokens that were not minted for this very exchange. is_taken: the last
    call sent something and its answer is 2xx; has_sent: and the adapter went on from there.
    """

    key: int
    account: Account
    outbound: Outbound
    lease_end: float
    steps: Exchange
    call: HttpRequest | None = None
    minting: tuple[TokenCall, str] | None = None
    thrown: DeliveryError | None = None
    used: dict[str, str] = field(default_factory=dict)
    is_taken: bool = False
    has_sent: bool = False
    is_second: bool = False


class Exchanges:
    """The exchanges of one process, over its transport. Belongs to the transport's thread."""

    def __init__(self, http: Transport, tokens: Tokens) -> None:
        self._http = http
        self._tokens = tokens
        self._open: dict[int, _Open] = {}
        self._waiting: dict[str, list[tuple[_Open, TokenCall]]] = defaultdict(list)
        self._mints: set[str] = set()  # tokens that this process is asking for
        self._ended: list[Ended] = []
        self._looked_at = 0.0

    @property
    def is_idle(self) -> bool:
        return not (self._open or self._ended)

    @property
    def has_ended(self) -> bool:
        """Say whether an exchange ended without waiting for an answer."""
        return bool(self._ended)

    @property
    def waiting(self) -> int:
        """Exchanges that hold no slot of the transport, and will want one."""
        return sum(map(len, self._waiting.values())) if self._waiting else 0

    def begin(self, key: int, account: Account, outbound: Outbound, lease_end: float) -> None:
        """Start an exchange; `sift` reports it under this key."""
        steps = account.adapter.exchange(outbound)
        self._open[key] = entry = _Open(key, account, outbound, lease_end, steps)
        self._drive(entry, None)

    def sift(self, results: Iterable[tuple[int, Answer]]) -> list[tuple[int, Outcome]]:
        """Take answers that belong to exchanges; give all others, and the exchanges that ended."""
        passed: list[tuple[int, Outcome]] = []
        for key, result in results:
            entry = self._open.get(key)
            if entry is None:
                passed.append((key, result))
            elif entry.minting is not None:
                self._minted(entry, *entry.minting, result)
            else:
                self._answered(entry, result)
        if self._waiting:
            self._look()
        passed += self._ended
        self._ended = []
        return passed

    def _answered(self, entry: _Open, result: Answer) -> None:
        call = entry.call
        assert call is not None  # noqa: S101 (every answer has its call)
        entry.is_taken = call.sends and isinstance(result, HttpResponse) and result.status < 300
        self._drive(entry, result if call.sends else _harmless(result))

    def _drive(self, entry: _Open, value: object) -> None:
        """Let the adapter go on until it needs an answer that is not there yet."""
        while True:
            step = self._next(entry, value)
            if step is None:
                return
            entry.has_sent |= entry.is_taken
            if isinstance(step, HttpRequest):
                entry.call = step
                self._submit(entry, step)
                return
            value = self._token(entry, step)
            if value is None:
                return

    def _next(self, entry: _Open, value: object) -> HttpRequest | TokenCall | None:
        """Take one step; None when the exchange has ended."""
        entry.thrown = value if isinstance(value, DeliveryError) else None
        try:
            if entry.thrown is not None:
                return entry.steps.throw(entry.thrown)
            return entry.steps.send(value)
        except StopIteration as end:
            self._end(entry, end.value)
        except DeliveryError as error:
            self._end(entry, error)
        except FAULTS as error:
            self._end(entry, _fault(entry, value, error))
        return None

    def _end(self, entry: _Open, result: object) -> None:
        if isinstance(result, BadCredentials) and self._may_repeat(entry):
            self._repeat(entry)
            return
        del self._open[entry.key]
        if isinstance(result, DeliveryError):
            is_lost = entry.has_sent and result is entry.thrown
            self._ended.append((entry.key, Ambiguous(result.detail) if is_lost else result))
        elif isinstance(result, Receipt):
            self._ended.append((entry.key, result))
        else:
            self._ended.append((entry.key, UnknownReply("the exchange ended without a receipt")))

    def _may_repeat(self, entry: _Open) -> bool:
        """Ask whether the refusal may be about a token of the cache, and drop it if so."""
        if entry.is_second or entry.has_sent:
            return False
        dropped = [self._tokens.drop(key, token) for key, token in entry.used.items()]
        return any(dropped)

    def _repeat(self, entry: _Open) -> None:
        entry.used, entry.is_second, entry.is_taken = {}, True, False
        entry.steps = entry.account.adapter.exchange(entry.outbound)
        self._drive(entry, None)

    def _token(self, entry: _Open, step: TokenCall) -> str | DeliveryError | None:
        """Give the token, or why there is none; None: the exchange waits for it."""
        account = entry.account
        key = self._tokens.key(account.id, step.name, account.adapter.credentials)
        if step.refused:
            self._tokens.drop(key, step.refused, is_forced=True)
        if token := self._tokens.find(key, step.refused):
            entry.used[key] = token
            return token
        if step.request is None:
            return self._read(entry, step, key, None)
        if key not in self._mints and self._tokens.reserve(key):
            self._mint(entry, step, key)
        else:
            self._waiting[key].append((entry, step))
        return None

    def _mint(self, entry: _Open, step: TokenCall, key: str) -> None:
        assert step.request is not None  # noqa: S101 (computed tokens are not asked for)
        self._mints.add(key)
        entry.minting = (step, key)
        self._submit(entry, step.request)

    def _minted(self, entry: _Open, step: TokenCall, key: str, result: Answer) -> None:
        """Give the new token to its exchange and to those that wait for it; a failure too."""
        entry.minting = None
        self._mints.discard(key)
        value = self._read(entry, step, key, _harmless(result))
        self._tokens.release(key)
        # A lease that was too short for one exchange says nothing about the others.
        others = [] if isinstance(value, NotStarted) else self._waiting.pop(key, [])
        self._drive(entry, value)
        for other, _ in others:
            self._give(other, key, value)

    def _give(self, entry: _Open, key: str, value: str | DeliveryError) -> None:
        if isinstance(value, str):
            entry.used[key] = value
            self._drive(entry, value)
        else:
            self._drive(entry, copy.copy(value))

    def _read(
        self, entry: _Open, step: TokenCall, key: str, answer: Answer | None
    ) -> str | DeliveryError:
        """Read a token from its answer, or compute it; keep it for all workers."""
        if isinstance(answer, DeliveryError):
            return answer
        try:
            made, life_s = step.read(answer)
        except DeliveryError as error:
            return error
        except FAULTS as error:
            return _fault(entry, answer, error)
        token = self._tokens.keep(key, made, life_s, is_computed=answer is None)
        if token != made:
            entry.used[key] = token
        return token

    def _look(self) -> None:
        """Ask whether other workers have minted what exchanges here wait for."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        for key in [key for key in self._waiting if key not in self._mints]:
            entry, step = self._waiting[key][0]
            if token := self._tokens.find(key, step.refused):
                for other, _ in self._waiting.pop(key):
                    self._give(other, key, token)
            elif entry.lease_end - now <= LEASE_MARGIN_S:
                self._take_first(key)
                self._drive(entry, NotStarted("the lease ends too soon"))
            elif self._tokens.reserve(key):
                self._take_first(key)
                self._mint(entry, step, key)

    def _take_first(self, key: str) -> None:
        del self._waiting[key][0]
        if not self._waiting[key]:
            del self._waiting[key]

    def _submit(self, entry: _Open, request: HttpRequest) -> None:
        call = routed(request, entry.account.adapter.credentials)
        self._http.submit(entry.key, call, entry.lease_end)


def _harmless(result: Answer) -> Answer:
    """Read a lost answer to a call that sends nothing: nothing was sent."""
    return Temporary(result.detail) if isinstance(result, Ambiguous) else result


def _fault(entry: _Open, answer: object, error: Exception) -> DeliveryError:
    if isinstance(answer, HttpResponse):
        return unread(answer, error)
    return unwritten(entry.account.adapter, error)
