"""Which messages leave in one call, and what does its one answer mean for each of them?

The life of a batch:
1. `add` opens a batch for the first message of an account and batch_key; others join it.
2. The next `write` sends what has gathered, `add` does so when batch_size is reached.
3. A batch that the adapter cannot write is halved down to the message at fault.
4. `land` gives each message its own result; a failed call is the same failure for each.
5. A call whose content the provider refuses as a whole sent nothing: it is halved as well, so that
   one message that it dislikes costs the others nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from channels.accounts import Account
from channels.contract import Outbound, Receipt
from channels.errors import DeliveryError, Permanent, UnknownReply
from channels.faults import FAULTS, unread, unwritten
from channels.flights import Lanes
from channels.request import HttpRequest, HttpResponse
from channels.routing import routed
from channels.transport import Transport

Result = Receipt | DeliveryError


@dataclass(slots=True)
class _Batch:
    """Messages of one account and key; lease_end: of the first that ends."""

    account: Account
    lease_end: float
    keys: list[int] = field(default_factory=list)
    outbounds: list[Outbound] = field(default_factory=list)


class Batches:
    """The batches of one process, over its transport. Belongs to the transport's thread.

    lanes: calls of each account that hold or will want a slot; kept up to date here. Calls of
    batches have keys below zero; those of single messages are never negative.
    """

    def __init__(self, http: Transport, lanes: Lanes) -> None:
        self._http = http
        self._lanes = lanes
        self._open: dict[tuple[UUID, Hashable], _Batch] = {}
        self._flying: dict[int, _Batch] = {}
        self._ended: list[tuple[int, Result]] = []
        self._serial = 0

    @property
    def waiting(self) -> int:
        """Batches that hold no slot of the transport yet, and will want one."""
        return len(self._open)

    @property
    def has_ended(self) -> bool:
        """Say whether messages never came to a call and wait to be reported."""
        return bool(self._ended)

    def joins(self, account: Account, batch_key: Hashable) -> bool:
        """Ask whether a message of this key needs no further call."""
        return (account.id, batch_key) in self._open

    def add(
        self,
        key: int,
        account: Account,
        outbound: Outbound,
        *,
        batch_key: Hashable,
        lease_end: float,
    ) -> None:
        """Put a message into its batch."""
        place = (account.id, batch_key)
        batch = self._open.get(place)
        if batch is None:
            batch = self._open[place] = _Batch(account, lease_end)
            self._lanes.enter(self._lanes.of(account))
        batch.keys.append(key)
        batch.outbounds.append(outbound)
        batch.lease_end = min(batch.lease_end, lease_end)
        if len(batch.keys) == account.adapter.batch_size:
            del self._open[place]
            self._write(batch)

    def write(self) -> None:
        """Send every batch that has gathered."""
        gathered, self._open = self._open, {}
        for batch in gathered.values():
            self._write(batch)

    def land(self, key: int, result: HttpResponse | DeliveryError) -> list[tuple[int, Result]]:
        """Read the answer to a call: each message's key and its own result.

        Nothing while the halves of a refused call are under way.
        """
        batch = self._flying.pop(key)
        results = _read(batch, result) if isinstance(result, HttpResponse) else result
        if isinstance(results, Permanent) and results is not result and len(batch.keys) > 1:
            self._write_halves(batch)
            return []
        self._leave(batch)
        if isinstance(results, DeliveryError):
            return [(message, results) for message in batch.keys]
        return list(zip(batch.keys, results, strict=True))

    def ended(self) -> list[tuple[int, Result]]:
        """Give the messages that never came to a call."""
        ended, self._ended = self._ended, []
        return ended

    def _write(self, batch: _Batch) -> None:
        request = _written(batch)
        if isinstance(request, HttpRequest):
            self._serial -= 1
            self._flying[self._serial] = batch
            call = routed(request, batch.account.adapter.credentials)
            self._http.submit(self._serial, call, batch.lease_end)
        elif len(batch.keys) == 1:
            self._leave(batch)
            self._ended.append((batch.keys[0], request))
        else:
            self._write_halves(batch)

    def _write_halves(self, batch: _Batch) -> None:
        self._lanes.enter(self._lanes.of(batch.account))
        for half in _halves(batch):
            self._write(half)

    def _leave(self, batch: _Batch) -> None:
        self._lanes.leave(self._lanes.of(batch.account))


def _written(batch: _Batch) -> HttpRequest | DeliveryError:
    adapter = batch.account.adapter
    try:
        return adapter.request_many(batch.outbounds)
    except DeliveryError as error:
        return error
    except FAULTS as error:
        return unwritten(adapter, error)


def _halves(batch: _Batch) -> list[_Batch]:
    middle = len(batch.keys) // 2
    return [
        _Batch(batch.account, batch.lease_end, batch.keys[part], batch.outbounds[part])
        for part in (slice(middle), slice(middle, None))
    ]


def _read(batch: _Batch, response: HttpResponse) -> Sequence[Result] | DeliveryError:
    try:
        results = batch.account.adapter.receipts(response, batch.outbounds)
    except DeliveryError as error:
        return error
    except FAULTS as error:
        return unread(response, error)
    if len(results) != len(batch.keys):
        return UnknownReply(f"{response.status} answers for {len(results)} of {len(batch.keys)}")
    return results
