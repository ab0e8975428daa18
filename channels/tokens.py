"""Where do providers' short-lived tokens live: in Redis, encrypted, one for all workers.

The life of a token:
1. `find` looks in this process, then in Redis.
2. Who finds none asks for the right to mint (`reserve`). One worker gets it, the others wait:
   providers limit how often a token may change, and with some a new one ends the old one.
3. `keep` stores it. A computed token needs no right: the first one stored is everybody's.
4. `drop` forgets what the provider refused, unless another token has taken its place; once a
   minute, for when new ones are refused too, more of them help nobody.
Without Redis each process mints for itself.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from channels.secrets import decrypt, encrypt
from channels.shared_redis import Away, SharedRedis

MINT_MS = 20_000  # longer than a call may take, so that a minter that died is replaced by one only
DROP_MS = 60_000
KEPT = 2_000  # tokens in one process, of about 1 KB
KEPT_S = 60.0  # then Redis is asked again: another worker may have learnt that it is dead
LEAST_S = 1.0

_FIRST = """
local held = redis.call('GET', KEYS[1])
if held then return held end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
"""
_DROP = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 1 end
local pause = tonumber(ARGV[2])
if pause > 0 and not redis.call('SET', KEYS[2], 1, 'NX', 'PX', pause) then return 0 end
redis.call('DEL', KEYS[1])
return 1
"""


class _Kept(NamedTuple):
    token: str
    until: float  # monotonic


class Tokens:
    """Tokens by key; see `key`. Belongs to one thread. Raises nothing of Redis."""

    def __init__(self, redis_url: str, *, prefix: str = "tokens") -> None:
        self._shared = SharedRedis(redis_url, "each process mints its own tokens")
        self._redis = self._shared.client
        self._first = self._redis.register_script(_FIRST)
        self._drop = self._redis.register_script(_DROP)
        self._prefix = prefix
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def key(self, integration: UUID, name: str, credentials: Mapping[str, str]) -> str:
        """Name a token; one that was made with other credentials has another name."""
        text = json.dumps([name, sorted(credentials.items())])
        secret = settings.SECRET_KEY.encode()[:64]
        digest = hashlib.blake2b(text.encode(), key=secret, digest_size=12).hexdigest()
        return f"{self._prefix}:{{{integration}}}:{digest}"

    def find(self, key: str, refused: str = "") -> str:
        """Give the token that is known, empty when there is none. refused: not this one."""
        kept = self._kept.get(key)
        if kept is not None and kept.until > time.monotonic() and kept.token != refused:
            return kept.token
        token = self._stored(key)
        return "" if token == refused else token

    def reserve(self, key: str) -> bool:
        """Take the right to mint; true for one caller in all processes until it ends."""
        try:
            return bool(
                self._shared.ask(lambda: self._redis.set(key + ":mint", 1, nx=True, px=MINT_MS))
            )
        except Away:
            return True

    def release(self, key: str) -> None:
        """Give the right back."""
        try:
            self._shared.ask(lambda: self._redis.delete(key + ":mint"))
        except Away:
            return

    def keep(self, key: str, token: str, life_s: float, *, is_computed: bool) -> str:
        """Store a new token for so long; give the one that all workers use from now on."""
        life_s = max(life_s, LEAST_S)
        until = time.time() + life_s
        sealed = encrypt({"token": token, "until": str(until)})
        try:
            if is_computed:
                held = self._shared.ask(
                    lambda: self._first(keys=[key], args=[sealed, int(life_s * 1000)])
                )
                return self._opened(key, held) or token
            self._shared.ask(lambda: self._redis.set(key, sealed, px=int(life_s * 1000)))
        except Away:
            pass
        self._remember(key, token, life_s)
        return token

    def drop(self, key: str, token: str, *, is_forced: bool = False) -> bool:
        """Forget a token that the provider refused; say whether another one may be tried.

        is_forced: however short ago another was dropped.
        """
        kept = self._kept.get(key)
        if kept is not None and kept.token == token:
            del self._kept[key]
        try:
            sealed = self._shared.ask(lambda: self._redis.get(key))
            if not sealed or _opened(sealed)[0] not in ("", token):
                return True
            keys, args = [key, f"{key}:dropped"], [sealed, 0 if is_forced else DROP_MS]
            return bool(self._shared.ask(lambda: self._drop(keys=keys, args=args)))
        except Away:
            return True

    def close(self) -> None:
        """Give the connection back."""
        self._shared.close()

    def _stored(self, key: str) -> str:
        try:
            sealed = self._shared.ask(lambda: self._redis.get(key))
        except Away:
            return ""
        return self._opened(key, sealed) if sealed else ""

    def _opened(self, key: str, sealed: bytes | str) -> str:
        token, until = _opened(sealed)
        if token:
            self._remember(key, token, until - time.time())
        else:
            self.drop(key, "", is_forced=True)
        return token

    def _remember(self, key: str, token: str, life_s: float) -> None:
        self._kept[key] = _Kept(token, time.monotonic() + min(life_s, KEPT_S))
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _opened(sealed: bytes | str) -> tuple[str, float]:
    """Read a stored token; one under a key that was taken away since reads as none."""
    try:
        values = decrypt(sealed if isinstance(sealed, str) else sealed.decode())
        return values["token"], float(values["until"])
    except (ImproperlyConfigured, LookupError, ValueError):
        return "", 0.0
