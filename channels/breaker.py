"""Which integrations are given a rest because their provider fails: a breaker shared by workers.

The life of a breaker:
1. Closed: everything passes; `tell` counts answers and failures in windows of 10 s.
2. Open: at least 5 failures, and half of all calls, in this window and the last. Nothing passes
   for 5 s; each further failure of a probe doubles that, up to 5 min.
3. Half-open: the time is over. Exactly one caller in all processes gets the probe, for 20 s.
4. The probe's answer closes the breaker, its failure opens it again. What was in flight when the
   breaker opened changes nothing.

Redis keeps it; without Redis everything passes, because a breaker only spares time.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import redis

WINDOW_MS = 10_000
MIN_FAILURES = 5
FAILURE_RATIO = 0.5
OPEN_MS = 5_000
OPEN_MS_MAX = 300_000
PROBE_MS = 20_000  # longer than any call may take, so that a lost probe is replaced by one only
PROBE_LOOK_MS = 1_000  # others ask again so soon whether the probe has come back
TIMEOUT_S = 0.2
REST_S = 5.0  # how long a Redis that failed is not asked: a time-out per batch would cost more

log = logging.getLogger(__name__)

_BEFORE = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out = {}
for i = 1, #KEYS do
  local until_ms = tonumber(redis.call('HGET', KEYS[i], 'until') or '0')
  local probe_ms = tonumber(redis.call('HGET', KEYS[i], 'probe') or '0')
  if until_ms == 0 then out[i] = {0, 0}
  elseif now < until_ms then out[i] = {2, until_ms - now}
  elseif now < probe_ms then out[i] = {2, math.min(probe_ms - now, tonumber(ARGV[2]))}
  else
    redis.call('HSET', KEYS[i], 'probe', now + tonumber(ARGV[1]))
    out[i] = {1, 0}
  end
end
return out
"""

_AFTER = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, least, ratio = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first, longest = tonumber(ARGV[4]), tonumber(ARGV[5])
local b = math.floor(now / window)

local function open(key)
  local n = math.min(redis.call('HINCRBY', key, 'n', 1), 16)
  local wait = math.min(first * 2 ^ (n - 1), longest)
  redis.call('HSET', key, 'until', now + wait)
  redis.call('HDEL', key, 'probe', 'o' .. b, 'f' .. b, 'o' .. (b - 1), 'f' .. (b - 1))
end

local function count(key, ok, bad)
  local function add(name, by, other)
    return redis.call('HINCRBY', key, name .. b, by)
      + tonumber(redis.call('HGET', key, name .. other) or '0')
  end
  local o, f = add('o', ok, b - 1), add('f', bad, b - 1)
  for _, name in ipairs(redis.call('HKEYS', key)) do
    local old = tonumber(string.match(name, '^[of](%d+)$') or tostring(b))
    if old < b - 1 then redis.call('HDEL', key, name) end
  end
  if bad > 0 and f >= least and f >= ratio * (o + f) then open(key) end
end

for i = 1, #KEYS do
  local key, ok, bad = KEYS[i], tonumber(ARGV[4 + 2 * i]), tonumber(ARGV[5 + 2 * i])
  local until_ms = tonumber(redis.call('HGET', key, 'until') or '0')
  if until_ms == 0 then count(key, ok, bad)
  elseif redis.call('HEXISTS', key, 'probe') == 1 then
    if bad > 0 then open(key) elseif ok > 0 then redis.call('DEL', key) end
  end
  redis.call('PEXPIRE', key, 3600000)
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may pass now: everything, one probe, or nothing for wait_s seconds."""

    is_probe: bool = False
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many calls a provider answered (with whatever words), and how many failed."""

    answered: int
    failed: int


class Breaker:
    """Asks and tells in sets: one Redis call for all integrations of a batch. Never raises."""

    def __init__(self, redis_url: str, *, prefix: str = "breaker", open_ms: int = OPEN_MS) -> None:
        self._redis = redis.Redis.from_url(
            redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
        )
        self._before = self._redis.register_script(_BEFORE)
        self._after = self._redis.register_script(_AFTER)
        self._prefix = prefix
        self._open_ms = open_ms
        self._rests_until = 0.0

    def ask(self, integrations: Iterable[UUID]) -> dict[UUID, Verdict]:
        """Say which integrations are not closed; a probe that is given is given once."""
        ids = sorted(set(integrations))
        if not ids or self._is_resting():
            return {}
        try:
            answers = self._before(keys=self._keys(ids), args=[PROBE_MS, PROBE_LOOK_MS])
        except redis.RedisError as error:
            self._rest(error)
            return {}
        return {
            key: Verdict(is_probe=state == 1, wait_s=wait_ms / 1000)
            for key, (state, wait_ms) in zip(ids, answers, strict=True)
            if state
        }

    def tell(self, tallies: Mapping[UUID, Tally]) -> None:
        """Count what became of calls."""
        ids = sorted(tallies)
        if not ids or self._is_resting():
            return
        args = [WINDOW_MS, MIN_FAILURES, FAILURE_RATIO, self._open_ms, OPEN_MS_MAX]
        counts = [n for key in ids for n in (tallies[key].answered, tallies[key].failed)]
        try:
            self._after(keys=self._keys(ids), args=[*args, *counts])
        except redis.RedisError as error:
            self._rest(error)

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()

    def _keys(self, ids: list[UUID]) -> list[str]:
        return [f"{self._prefix}:{key}" for key in ids]

    def _is_resting(self) -> bool:
        return time.monotonic() < self._rests_until

    def _rest(self, error: redis.RedisError) -> None:
        self._rests_until = time.monotonic() + REST_S
        log.warning("breakers pass everything: Redis does not answer (%s)", type(error).__name__)
