"""Which integrations are given a rest because their provider fails: a breaker shared by workers.

The life of a breaker:
1. Closed: everything passes; `tell` counts answers and failures in windows of 10 s.
2. Open: at least 5 failures, and half of all calls, in this window and the last; or 3 failures
   and nothing else for 5 s (a small salon has no 5 messages in 20 s). Nothing passes for 5 s;
   each further failure of a probe doubles that, up to 5 min.
3. Half-open: the time is over. Exactly one caller in all processes gets the probe, for 20 s.
4. The probe's answer closes the breaker, its failure opens it again. What was in flight when the
   breaker opened changes nothing.

What is open, or is just being probed, also stands in one index, which prepare reads before it
chooses a channel. Redis keeps it all; without Redis everything passes, because a breaker only
spares time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from redis.commands.core import Script

from channels.shared_redis import Away, SharedRedis

WINDOW_MS = 10_000
MIN_FAILURES = 5
FAILURE_RATIO = 0.5
ROW_FAILURES = 3
ROW_MS = 5_000
OPEN_MS = 5_000
OPEN_MS_MAX = 300_000
PROBE_MS = 20_000  # longer than any call may take, so that a lost probe is replaced by one only
PROBE_LOOK_MS = 1_000  # others ask again so soon whether the probe has come back
FORGOTTEN_MS = 3_600_000  # a breaker that nobody asks about

_BEFORE = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local out, index = {}, KEYS[#KEYS]
for i = 1, #KEYS - 1 do
  local until_ms = tonumber(redis.call('HGET', KEYS[i], 'until') or '0')
  local probe_ms = tonumber(redis.call('HGET', KEYS[i], 'probe') or '0')
  if until_ms == 0 then out[i] = {0, 0}
  elseif now < until_ms then out[i] = {2, until_ms - now}
  elseif now < probe_ms then out[i] = {2, math.min(probe_ms - now, tonumber(ARGV[2]))}
  else
    redis.call('HSET', KEYS[i], 'probe', now + tonumber(ARGV[1]))
    redis.call('ZADD', index, now + tonumber(ARGV[1]), KEYS[i])
    out[i] = {1, 0}
  end
end
return out
"""

_AFTER = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local window, least, ratio = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local first, longest = tonumber(ARGV[4]), tonumber(ARGV[5])
local in_row, row_ms = tonumber(ARGV[7]), tonumber(ARGV[8])
local b, index = math.floor(now / window), KEYS[#KEYS]

local function open(key)
  local n = math.min(redis.call('HINCRBY', key, 'n', 1), 16)
  local wait = math.min(first * 2 ^ (n - 1), longest)
  redis.call('HSET', key, 'until', now + wait)
  redis.call('ZADD', index, now + wait, key)
  redis.call('HDEL', key, 'probe', 'row', 'since')
  redis.call('HDEL', key, 'o' .. b, 'f' .. b, 'o' .. (b - 1), 'f' .. (b - 1))
end

local function row_is_long(key, ok, bad)
  if ok > 0 then redis.call('HDEL', key, 'row', 'since') end
  if ok > 0 or bad == 0 then return false end
  redis.call('HSETNX', key, 'since', now)
  return redis.call('HINCRBY', key, 'row', bad) >= in_row
    and now - tonumber(redis.call('HGET', key, 'since')) >= row_ms
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
  if row_is_long(key, ok, bad) or (bad > 0 and f >= least and f >= ratio * (o + f)) then
    open(key)
  end
end

for i = 1, #KEYS - 1 do
  local key, ok, bad = KEYS[i], tonumber(ARGV[7 + 2 * i]), tonumber(ARGV[8 + 2 * i])
  local until_ms = tonumber(redis.call('HGET', key, 'until') or '0')
  if until_ms == 0 then count(key, ok, bad)
  elseif redis.call('HEXISTS', key, 'probe') == 1 then
    if bad > 0 then open(key)
    elseif ok > 0 then redis.call('DEL', key); redis.call('ZREM', index, key) end
  end
  redis.call('PEXPIRE', key, ARGV[6])
end
return 0
"""

_OPEN = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[1]))
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. now, '+inf')
"""

_HALF_OPEN = """
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
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
        self._shared = SharedRedis(redis_url, "breakers pass everything")
        script = self._shared.client.register_script
        self._before, self._after = script(_BEFORE), script(_AFTER)
        self._open, self._half_open = script(_OPEN), script(_HALF_OPEN)
        self._prefix = prefix
        self._open_ms = open_ms

    def ask(self, integrations: Iterable[UUID]) -> dict[UUID, Verdict]:
        """Say which integrations are not closed; a probe that is given is given once."""
        ids = sorted(set(integrations))
        if not ids:
            return {}
        args = [PROBE_MS, PROBE_LOOK_MS]
        try:
            answers = self._shared.ask(lambda: self._before(keys=self._keys(ids), args=args))
        except Away:
            return {}
        return {
            key: Verdict(is_probe=state == 1, wait_s=wait_ms / 1000)
            for key, (state, wait_ms) in zip(ids, answers, strict=True)
            if state
        }

    def tell(self, tallies: Mapping[UUID, Tally]) -> None:
        """Count what became of calls."""
        ids = sorted(tallies)
        if not ids:
            return
        args = [WINDOW_MS, MIN_FAILURES, FAILURE_RATIO, self._open_ms, OPEN_MS_MAX]
        args += [FORGOTTEN_MS, ROW_FAILURES, ROW_MS]
        counts = [n for key in ids for n in (tallies[key].answered, tallies[key].failed)]
        try:
            self._shared.ask(lambda: self._after(keys=self._keys(ids), args=[*args, *counts]))
        except Away:
            return

    def open_ids(self) -> frozenset[UUID]:
        """Name all integrations that nothing may pass now, or only a probe that is under way."""
        return self._listed(self._open)

    def half_open_ids(self) -> frozenset[UUID]:
        """Name all integrations that wait for somebody to probe them."""
        return self._listed(self._half_open)

    def close(self) -> None:
        """Give the connection back."""
        self._shared.close()

    def _listed(self, script: Script) -> frozenset[UUID]:
        index, skipped = [f"{self._prefix}:open"], len(self._prefix) + 1
        try:
            found = self._shared.ask(lambda: script(keys=index, args=[FORGOTTEN_MS]))
        except Away:
            return frozenset()
        return frozenset(UUID(key.decode()[skipped:]) for key in found)

    def _keys(self, ids: list[UUID]) -> list[str]:
        return [f"{self._prefix}:{key}" for key in ids] + [f"{self._prefix}:open"]
