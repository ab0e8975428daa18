"""How does Redis decide who may send now: one integration, all levels, in one atomic script?

A level counts in ten slices of its period and looks back over eleven, so that no period, wherever
it starts, holds more than the limit (a fixed window lets twice as many through at its border).

KEYS: the account's, then each message's address's. ARGV of TAKE: how many levels the account has,
and each one's most and period in ms; the same of addresses; then the messages' categories in one
text (0 tx, 1 mk). It gives nothing when all may go; else a wait in ms per message: 0 may go, above
0 the account holds it, below 0 its address does. Nothing is counted for a message that any level
holds.

Who is held is told to come back when it may be its turn: waits are handed out one interval after
another, tx at most 10 s or 10 intervals ahead, mk 10 min and at four fifths of the rate, so that
a campaign leaves room for what is urgent. Of a period that is longer than tx is meant to wait, mk
takes four fifths at the most.

Fields of a key: "<ms of a slice>:<number of the slice>" counts, "rest" is the end of a freeze,
"ahead0" and "ahead1" tell until when waits of tx and mk have been handed out. An address that was
used once is a text of such fields instead, which one command writes.
"""

from __future__ import annotations

from typing import Final

#: Read all fields of a key, pairwise; one that is a text becomes what it stands for.
_FIELDS_OF: Final = """
local function fields_of(key)
  local held = redis.pcall('HGETALL', key)
  if not held.err then return held end
  local text, ms = redis.call('GET', key), redis.call('PTTL', key)
  held = {}
  for field in string.gmatch(text, '%S+') do
    table.insert(held, field); table.insert(held, '1')
  end
  redis.call('DEL', key)
  if #held > 0 then redis.call('HSET', key, unpack(held)); redis.call('PEXPIRE', key, ms) end
  return held
end
"""

TAKE: Final = (
    _FIELDS_OF
    + """
local SLICES, BOUND, STRETCH = 10, {[0] = 10000, [1] = 600000}, {[0] = 1, [1] = 1.25}
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local at = 0
local function arg() at = at + 1; return tonumber(ARGV[at]) end
local function rates()
  local out = {}
  for i = 1, arg() do out[i] = {most = arg(), period = arg()} end
  return out
end
local of_account, of_address = rates(), rates()

local function open(key, rates)
  local state = {key = key, rest = 0, levels = {}, stale = {}, step = 0, ends = now}
  local held, cells = fields_of(key), {}
  for i = 1, #held, 2 do
    local width, number = string.match(held[i], '^(%d+):(%d+)$')
    if not width then state[held[i]] = tonumber(held[i + 1])
    elseif math.floor(now / width) - number > SLICES then table.insert(state.stale, held[i])
    else
      cells[width] = cells[width] or {}
      cells[width][tonumber(number)] = tonumber(held[i + 1])
    end
  end
  for i, rate in ipairs(rates) do
    local width = math.max(1, math.ceil(rate.period / SLICES))
    local name = string.format('%d', width)
    local level = {width = width, name = name, used = 0}
    local share = rate.period > BOUND[0] and 1 / STRETCH[1] or 1
    level.most = {[0] = rate.most, [1] = math.max(1, math.floor(rate.most * share))}
    level.cells, level.number = cells[name] or {}, math.floor(now / width)
    for _, count in pairs(level.cells) do level.used = level.used + count end
    state.levels[i] = level
    state.step = math.max(state.step, rate.period / rate.most)
    state.ends = math.max(state.ends, now + width * (SLICES + 1))
  end
  return state
end

local function wait_of(level, category)
  local excess = level.used - level.most[category] + 1
  if excess <= 0 then return 0 end
  for number = level.number - SLICES, level.number do
    excess = excess - (level.cells[number] or 0)
    if excess <= 0 then return (number + SLICES + 1) * level.width - now end
  end
  return level.width
end

local function wait(state, category)
  local longest = math.max(0, state.rest - now)
  for _, level in ipairs(state.levels) do
    longest = math.max(longest, wait_of(level, category))
  end
  return longest
end

local function take(state)
  for _, level in ipairs(state.levels) do
    level.cells[level.number] = (level.cells[level.number] or 0) + 1
    level.used = level.used + 1
    state.is_changed = true
  end
end

local function turn(state, first, category)
  local name = 'ahead' .. category
  local ms = math.max(state[name] or 0, now + first)
  local ahead = math.max(BOUND[category], 10 * state.step)
  if ms > now + first + ahead then ms = now + first end
  state[name] = ms + state.step * STRETCH[category]
  state.is_changed = true
  return math.max(1, math.ceil(ms - now))
end

local function save(state)
  if not state.is_changed then return end
  local fields = {}
  for _, level in ipairs(state.levels) do
    if level.cells[level.number] then
      table.insert(fields, level.name .. ':' .. string.format('%d', level.number))
      table.insert(fields, level.cells[level.number])
    end
  end
  for _, name in ipairs({'ahead0', 'ahead1'}) do
    if state[name] then
      table.insert(fields, name); table.insert(fields, string.format('%.0f', state[name]))
    end
  end
  redis.call('HSET', state.key, unpack(fields))
  if #state.stale > 0 then redis.call('HDEL', state.key, unpack(state.stale)) end
  local ends = math.max(state.ends, state.rest, state.ahead0 or 0, state.ahead1 or 0)
  redis.call('PEXPIRE', state.key, math.ceil(ends - now))
end

-- Most messages of a campaign go to addresses of which nothing is known: counted without a look.
local first_fields, first_ms = {}, 1
for i, rate in ipairs(of_address) do
  local width = math.max(1, math.ceil(rate.period / SLICES))
  first_fields[i] = string.format('%d:%d', width, math.floor(now / width))
  first_ms = math.max(first_ms, width * (SLICES + 1))
end
local first_text = table.concat(first_fields, ' ')
local function take_unknown(key)
  return redis.call('SET', key, first_text, 'NX', 'PX', first_ms)
end

local account, addresses, out = open(KEYS[1], of_account), {}, {}
local is_held = false
local categories = ARGV[at + 1]
for i = 1, #categories do
  local category, key = string.byte(categories, i) - 48, KEYS[i + 1]
  local held, first = account, wait(account, category)
  local is_unknown = first == 0 and not addresses[key] and take_unknown(key)
  if first == 0 and not is_unknown then
    held = addresses[key] or open(key, of_address)
    addresses[key] = held
    first = wait(held, category)
  end
  if is_unknown then take(account); table.insert(out, 0)
  elseif first == 0 then take(account); take(held); table.insert(out, 0)
  else
    is_held = true
    local sign = held == account and 1 or -1
    table.insert(out, sign * turn(held, first, category))
  end
end
save(account)
for _, state in pairs(addresses) do save(state) end
return is_held and out or {}
"""
)

#: A freeze of an account or an address: ARGV holds its ms; it never shortens another one.
REST: Final = (
    _FIELDS_OF
    + """
fields_of(KEYS[1])
local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000)
local ms = now + tonumber(ARGV[1])
if ms > tonumber(redis.call('HGET', KEYS[1], 'rest') or '0') then
  redis.call('HSET', KEYS[1], 'rest', string.format('%.0f', ms))
end
redis.call('PEXPIRE', KEYS[1], math.max(tonumber(ARGV[1]), redis.call('PTTL', KEYS[1])))
return 0
"""
)
