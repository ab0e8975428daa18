"""Published limits in a real Redis: who may go, who waits and for how long, and who froze what."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from channels.accounts import Account
from channels.adapters.sandbox import SandboxAdapter
from channels.breaker import Breaker
from channels.contract import Content, Outbound, Rate
from channels.errors import NotStarted, RateLimited
from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.limits import Limits, Wish
from tests.channels.script_server import ScriptServer
from tests.channels.test_exchanges import collect

PER_MINUTE = (Rate("account", 50, 60.0),)


@pytest.fixture
def limits():
    limits = Limits(settings.REDIS_URL)
    yield limits
    limits.close()


def wishes(count, address="chat", category="tx", first=0):
    return [Wish(key, f"{address}{key}", category) for key in range(first, first + count)]


def take(limits, account, wanted, rates=PER_MINUTE):
    return limits.take({account: wanted}, {account: rates})


def test_400_at_once_against_a_limit_of_50_pass_exactly_50():
    account, workers = uuid4(), [Limits(settings.REDIS_URL) for _ in range(8)]

    def work(limits):
        return sum(not take(limits, account, [Wish(0, "chat", "tx")]) for _ in range(50))

    with ThreadPoolExecutor(8) as threads:
        passed = sum(threads.map(work, workers))

    assert passed == 50
    for limits in workers:
        limits.close()


def test_no_period_holds_more_than_the_limit_wherever_it_starts(limits):
    account, rates = uuid4(), (Rate("account", 5, 0.3),)
    passed: list[float] = []
    end = time.monotonic() + 1.0

    while time.monotonic() < end:
        before = time.monotonic()
        held = take(limits, account, wishes(3), rates)
        passed += [before] * (3 - len(held))

    assert len(passed) >= 10
    spans = [later - first for first, later in zip(passed, passed[5:], strict=False)]
    assert min(spans) > 0.28


def test_who_is_held_is_told_when_it_may_be_its_turn(limits):
    account, rates = uuid4(), (Rate("account", 10, 10.0),)

    held = take(limits, account, wishes(14), rates)

    assert sorted(held) == [10, 11, 12, 13]
    waits = [held[key].wait_s for key in sorted(held)]
    assert 9.5 < waits[0] <= 11
    assert [round(later - first, 1) for first, later in pairwise(waits)] == [1, 1, 1]
    assert {found.scope for found in held.values()} == {"account"}


def test_waits_of_further_batches_follow_those_of_the_first(limits):
    account, rates = uuid4(), (Rate("account", 10, 1.0),)
    first = take(limits, account, wishes(30, category="mk"), rates)

    second = take(limits, account, wishes(20, category="mk", first=100), rates)

    last = max(held.wait_s for held in first.values())
    assert min(held.wait_s for held in second.values()) > last


def test_a_campaign_does_not_push_what_is_urgent_behind_itself(limits):
    account, rates = uuid4(), (Rate("account", 10, 1.0),)
    take(limits, account, wishes(500, category="mk"), rates)

    held = take(limits, account, [Wish(0, "urgent", "tx")], rates)

    assert held[0].wait_s <= 1.2


def test_a_campaign_leaves_a_part_of_a_long_period_to_what_is_urgent(limits):
    account, rates = uuid4(), (Rate("account", 10, 86_400.0),)

    campaign = take(limits, account, wishes(20, category="mk"), rates)
    urgent = take(limits, account, wishes(3, "urgent", first=20), rates)

    assert len(campaign) == 12
    assert set(urgent) == {22}


def test_one_chat_is_limited_by_itself_and_takes_nothing_of_the_account(limits):
    account, rates = uuid4(), (Rate("address", 2, 60.0), Rate("account", 5, 60.0))
    same = [Wish(key, "chat", "tx") for key in range(4)]

    held = take(limits, account, same, rates)
    others = take(limits, account, wishes(4, "other"), rates)

    assert {key: found.scope for key, found in held.items()} == {2: "address", 3: "address"}
    assert {key: found.scope for key, found in others.items()} == {3: "account"}


def test_the_narrowest_of_several_levels_decides(limits):
    account, rates = uuid4(), (Rate("account", 3, 1.0), Rate("account", 4, 3600.0))

    assert len(take(limits, account, wishes(5), rates)) == 2
    time.sleep(1.15)
    held = take(limits, account, wishes(5), rates)

    assert len(held) == 4
    assert min(found.wait_s for found in held.values()) > 3000


def test_accounts_are_counted_apart_and_asked_in_one_trip(limits):
    one, two = uuid4(), uuid4()
    take(limits, one, wishes(1))  # the script is loaded now
    watcher, mark = redis.Redis.from_url(settings.REDIS_URL), str(uuid4())

    with watcher.monitor() as monitor:
        held = limits.take(
            {one: wishes(60), two: wishes(60, first=100)}, {one: PER_MINUTE, two: PER_MINUTE}
        )
        redis.Redis.from_url(settings.REDIS_URL).echo(mark)
        seen = list(iter(lambda: monitor.next_command()["command"], f"ECHO {mark}"))

    assert len(held) == 11 + 10
    assert sum("EVALSHA" in command and str(one) in command for command in seen) == 1
    assert sum("EVALSHA" in command and str(two) in command for command in seen) == 1
    watcher.close()


def test_a_frozen_chat_waits_and_the_others_go_on_in_every_worker(limits):
    account, other_worker = uuid4(), Limits(settings.REDIS_URL)

    limits.rest(account, 30, "chat0")
    limits.rest(account, 5, "chat0")  # never shortens a rest
    held = take(other_worker, account, wishes(3))

    assert set(held) == {0}
    assert 29 < held[0].wait_s <= 30
    assert held[0].scope == "address"
    other_worker.close()


def test_a_frozen_account_waits_as_a_whole(limits):
    account = uuid4()

    limits.rest(account, 30)

    assert len(take(limits, account, wishes(3))) == 3


def test_a_rest_ends(limits):
    account = uuid4()

    limits.rest(account, 0.1, "chat0")
    time.sleep(0.12)

    assert take(limits, account, wishes(1)) == {}


def test_without_redis_tx_passes_and_mk_waits(caplog):
    limits, account = Limits("redis://127.0.0.1:1/0"), uuid4()

    first = take(limits, account, wishes(60))
    second = take(limits, account, wishes(60, category="mk"))
    limits.rest(account, 30)

    assert first == {}
    assert len(second) == 60
    assert all(held.wait_s > 0 for held in second.values())
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    limits.close()


def test_keys_share_the_accounts_hash_tag_name_no_address_and_end(limits):
    account, store = uuid4(), redis.Redis.from_url(settings.REDIS_URL)
    rates = (Rate("address", 1, 60.0), Rate("account", 50, 60.0))

    take(limits, account, [Wish(0, "+79161234567", "tx")], rates)
    limits.rest(account, 30, "+79161234568")

    keys = [key.decode() for key in store.scan_iter(f"*{account}*")]
    assert len(keys) == 3
    assert all(f"{{{account}}}" in key for key in keys)
    assert not any("7916" in key for key in keys)
    assert all(0 < store.pttl(key) <= 70_000 for key in keys)
    store.close()


def test_a_redis_that_forgot_the_script_is_told_again(limits):
    account, store = uuid4(), redis.Redis.from_url(settings.REDIS_URL)
    take(limits, account, wishes(1))

    store.script_flush()

    assert len(take(limits, account, wishes(60))) == 11
    store.close()


def test_a_changed_rate_counts_from_now_on(limits):
    account = uuid4()
    take(limits, account, wishes(50))

    assert take(limits, account, wishes(10), (Rate("account", 20, 1.0),)) == {}


def test_a_counter_forgets_what_no_longer_counts(limits):
    account, store = uuid4(), redis.Redis.from_url(settings.REDIS_URL)
    rates, sizes = (Rate("account", 1000, 0.2),), []
    end = time.monotonic() + 0.8

    while time.monotonic() < end:
        take(limits, account, wishes(1), rates)
        sizes.append(store.hlen(f"rate:{{{account}}}"))

    assert 1 < max(sizes) <= 12
    store.close()


class Limited(SandboxAdapter):
    provider = "limited"
    rates = (Rate("account", 50, 60.0),)


@pytest.fixture
def server():
    server = ScriptServer()
    yield server
    server.close()


def open_gateway():
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-limits-{uuid4()}")
    return Gateway(slots=100, guard=AddressGuard(("127.0.0.1",)), breaker=breaker)


def account(server, adapter=Limited, **credentials):
    own = {"url": server.url("/send"), "secret": "s", **credentials}
    return Account(uuid4(), "limited", "any", "l", 0, "active", None, adapter(own))


def messages(count):
    content = Content("Привет")
    return [Outbound(str(uuid4()), "sms", f"chat{n}", content, "ru", "tx") for n in range(count)]


def launch(gateway, account, outbounds):
    """Send as the engine does: ask for all, submit those that may go."""
    wanted = [(key, account, outbound) for key, outbound in enumerate(outbounds)]
    held = gateway.admit(wanted)
    going = [each for each in wanted if each[0] not in held]
    for key, sender, outbound in going:
        gateway.submit(key, sender, outbound, time.monotonic() + 60)
    return held, collect(gateway, len(going))


def test_400_messages_through_many_gateways_reach_the_provider_50_times(server):
    shared, gateways = account(server), [open_gateway() for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(lambda door: launch(door, shared, messages(50)), gateways))

    assert len(server.arrivals) == 50
    assert sum(len(held) for held, _ in results) == 350
    refused = next(iter(next(held for held, _ in results if held).values()))
    assert type(refused.error) is NotStarted
    assert refused.error.retry_after_s > 0
    for gateway in gateways:
        gateway.close()


def test_an_account_may_have_a_rate_of_its_own(server):
    gateway = open_gateway()

    held, _ = launch(gateway, account(server, rate="3/60"), messages(10))

    assert len(held) == 7
    gateway.close()


class Throttled(Limited):
    scope = "address"

    def receipt(self, response):
        if response.status == 429:
            raise RateLimited("429", retry_after_s=30, scope=self.scope)
        return super().receipt(response)


def test_a_chat_that_its_provider_froze_rests_in_every_worker(server):
    server.on("/send", (429, {}), (200, {}))
    gateways, shared = [open_gateway(), open_gateway()], account(server, Throttled)

    launch(gateways[0], shared, messages(1))
    held, done = launch(gateways[1], shared, messages(3))

    assert list(held) == [0]
    assert 28 < held[0].error.retry_after_s <= 30
    assert all(sent.receipt for sent in done.values())
    for gateway in gateways:
        gateway.close()


def test_an_account_that_its_provider_froze_rests_at_once(server):
    class Whole(Throttled):
        scope = "integration"

    server.on("/send", (429, {}), (200, {}))
    gateways, shared = [open_gateway(), open_gateway()], account(server, Whole)

    launch(gateways[0], shared, messages(1))
    held = [launch(gateway, shared, messages(3))[0] for gateway in gateways]

    assert [len(each) for each in held] == [3, 3]
    assert {each[0].error.why for each in held} == {"integration_rests", "provider_limit"}
    assert len(server.arrivals) == 1
    for gateway in gateways:
        gateway.close()


def test_an_adapter_without_limits_asks_redis_for_none(server):
    gateway, free = open_gateway(), account(server, SandboxAdapter)
    store = redis.Redis.from_url(settings.REDIS_URL)

    held, done = launch(gateway, free, messages(60))

    assert held == {}
    assert len(done) == 60
    assert list(store.scan_iter(f"rate:*{free.id}*")) == []
    gateway.close()
    store.close()
