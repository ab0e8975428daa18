"""Which prepared messages wait, for a slot or for company, and which may leave now?

A message that found a slot while it was prepared never comes here. The others wait for a slot of
their account; letters of a provider that takes many in one call wait for each other first.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from channels.accounts import Account
from channels.gateway import Gateway
from notifications.definition import HURRIED
from notifications.models import QUEUES
from notifications.steps.send import Send

HAND_OVER = 50  # lines worth a hand-over while others are in flight
GATHER_S = 1.0  # a letter waits no longer for others of its account
MOST_GATHERED = 3_000


class Parking:
    """The waiting messages of one worker. sends: without a slot; gathered: without company."""

    def __init__(self, gateway: Gateway) -> None:
        self.sends: list[Send] = []
        self.gathered: list[Send] = []
        self._gateway = gateway
        self._gathering_since = 0.0

    def __bool__(self) -> bool:
        return bool(self.sends or self.gathered)

    def add(self, sends: Iterable[Send]) -> None:
        """Take in what has no slot."""
        if not self.gathered:
            self._gathering_since = time.monotonic()
        for send in sends:
            waits_for_company = gathers(send.account) and QUEUES[send.task.queue] not in HURRIED
            (self.gathered if waits_for_company else self.sends).append(send)

    def clear(self) -> None:
        """Forget everything; the leases end by themselves."""
        self.sends, self.gathered = [], []

    def end_gathering(self, *, is_dry: bool) -> None:
        """Let go who fills a call; all of them when nothing more comes, or it takes too long."""
        if not self.gathered:
            return
        is_late = time.monotonic() - self._gathering_since > GATHER_S
        is_over = is_dry or is_late or len(self.gathered) > MOST_GATHERED
        waiting = Counter([send.account.id for send in self.gathered])
        left: list[Send] = []
        for send in self.gathered:
            is_full = waiting[send.account.id] >= send.account.adapter.batch_size
            (self.sends if is_over or is_full else left).append(send)
        self.gathered = left

    def leave(self) -> list[Send]:
        """Give what its account has room for."""
        free = self._gateway.free
        if not self.sends or not free:
            return []
        room = self._room()
        chosen: list[Send] = []
        parked: list[Send] = []
        for send in self.sends:
            if room[send.account.id] > 0 and (free > 0 or gathers(send.account)):
                room[send.account.id] -= 1
                free -= 1
                chosen.append(send)
            else:
                parked.append(send)
        self.sends = parked
        return chosen

    def stalled(self) -> list[Send]:
        """Give up those whose provider stalls: others need the place they wait in."""
        if not self.sends:
            return []
        held = {send.account.id for send in self.sends if self._gateway.stalls(send.account)}
        given_up = [send for send in self.sends if send.account.id in held]
        self.sends = [send for send in self.sends if send.account.id not in held]
        return given_up

    def _room(self) -> dict[UUID, int]:
        """Say how many messages each account takes now; a few slots are not worth a transaction."""
        wanted = Counter([send.account.id for send in self.sends])
        accounts = {send.account.id: send.account for send in self.sends}
        room = {key: self._gateway.room(account) for key, account in accounts.items()}
        worth = {
            key: min(HAND_OVER, wanted[key], self._gateway.most(account) // 2)
            for key, account in accounts.items()
        }
        return {key: left if left >= worth[key] else 0 for key, left in room.items()}


class Slots:
    """The gateway's free slots, given away for one batch; those who wait have theirs first."""

    def __init__(self, gateway: Gateway, parking: Parking) -> None:
        self._gateway = gateway
        self._free = gateway.free - len(parking.sends)
        self._waiting = Counter([send.account.id for send in parking.sends])
        self._room: dict[UUID, int] = {}

    def take(self, account: Account) -> bool:
        """Take one for a message of this account; where many share a call, none is given."""
        if gathers(account):
            return False
        room = self._room.get(account.id)
        if room is None:
            room = self._gateway.room(account) - self._waiting[account.id]
        if room <= 0 or self._free <= 0:
            return False
        self._room[account.id] = room - 1
        self._free -= 1
        return True


def gathers(account: Account) -> bool:
    """Ask whether many messages of this account share a call."""
    return account.adapter.batch_size > 1
