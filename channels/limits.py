"""Who of a batch may send now, by the providers' published limits, and when may the others?

The script (channels.limits_lua) runs once per integration of the batch, all of them in one trip to
Redis. Keys of one integration share a hash tag, so that it works in a Redis Cluster; addresses are
digests. A provider's own "wait" for one chat is kept beside its counts, so that all workers see it
(only where the adapter publishes limits: others are never asked about).
Without Redis tx passes and mk waits.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from redis.exceptions import NoScriptError

from channels.contract import Rate
from channels.limits_lua import REST, TAKE
from channels.shared_redis import REST_S, Away, SharedRedis

_Call = tuple[list[str], list[int | str]]  # keys and arguments of the script


@dataclass(frozen=True, slots=True)
class Held:
    """A message may not go yet. scope: whose limit it is, "account" or "address"."""

    scope: str
    wait_s: float


@dataclass(slots=True)
class Wish:
    """One message that wants to leave through an integration. key: the caller's own."""

    key: int
    address: str
    category: str


class Limits:
    """The shared counters. Belongs to one thread. Never raises."""

    def __init__(self, redis_url: str, *, prefix: str = "rate") -> None:
        self._shared = SharedRedis(redis_url, "limits let tx pass and mk wait")
        self._redis = self._shared.client
        self._take = self._redis.register_script(TAKE)
        self._rest = self._redis.register_script(REST)
        self._prefix = prefix
        self._secret = settings.SECRET_KEY.encode()[:64]

    def take(
        self, wishes: Mapping[UUID, Sequence[Wish]], rates: Mapping[UUID, Sequence[Rate]]
    ) -> dict[int, Held]:
        """Count those who may go; give the others, by the key of their wish."""
        calls = {key: self._call(key, rates[key], own) for key, own in wishes.items()}
        try:
            answers = self._shared.ask(lambda: self._run(list(calls.values())))
        except Away:
            return {
                wish.key: Held("account", REST_S)
                for own in wishes.values()
                for wish in own
                if wish.category == "mk"
            }
        return {
            wish.key: Held("account" if ms > 0 else "address", abs(ms) / 1000)
            for key, waits in zip(calls, answers, strict=True)
            for wish, ms in zip(wishes[key], waits, strict=bool(waits))
            if ms
        }

    def rest(self, integration: UUID, wait_s: float, address: str = "") -> None:
        """Freeze an address, or without one the whole account, for so long."""
        key = self._key(integration, address)
        try:
            self._shared.ask(lambda: self._rest(keys=[key], args=[int(wait_s * 1000)]))
        except Away:
            return

    def close(self) -> None:
        """Give the connection back."""
        self._shared.close()

    def _call(self, integration: UUID, rates: Sequence[Rate], wishes: Sequence[Wish]) -> _Call:
        base = self._key(integration)
        keys = [base, *[f"{base}:{self._digest(wish.address)}" for wish in wishes]]
        args: list[int | str] = []
        for scope in ("account", "address"):
            levels = [rate for rate in rates if rate.scope == scope]
            args.append(len(levels))
            args += [number for rate in levels for number in (rate.count, int(rate.per_s * 1000))]
        args.append("".join(["1" if wish.category == "mk" else "0" for wish in wishes]))
        return keys, args

    def _run(self, calls: Sequence[_Call]) -> list[list[int]]:
        """Run all calls in one trip; once more where Redis has forgotten the script."""
        try:
            return self._trip(calls)
        except NoScriptError:
            self._redis.script_load(TAKE)
            return self._trip(calls)

    def _trip(self, calls: Sequence[_Call]) -> list[list[int]]:
        pipeline = self._redis.pipeline(transaction=False)
        for keys, args in calls:
            pipeline.evalsha(self._take.sha, len(keys), *keys, *args)
        answers: list[list[int]] = pipeline.execute()
        return answers

    def _key(self, integration: UUID, address: str = "") -> str:
        base = f"{self._prefix}:{{{integration}}}"
        return f"{base}:{self._digest(address)}" if address else base

    def _digest(self, address: str) -> str:
        """Name an address without telling it, even to who knows all phone numbers."""
        return hashlib.blake2b(address.encode(), key=self._secret, digest_size=12).hexdigest()
