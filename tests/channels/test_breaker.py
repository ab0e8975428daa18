"""The breaker in a real Redis: when it opens, who may probe, what closes it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis
from django.conf import settings

from channels import breaker as module
from channels.breaker import Breaker, Tally, Verdict

OK, BAD = Tally(1, 0), Tally(0, 1)
OPEN_MS = 300


@pytest.fixture
def breaker():
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-{uuid4()}", open_ms=OPEN_MS)
    yield breaker
    breaker.close()


def is_open(breaker, key):
    verdict = breaker.ask([key]).get(key)
    return verdict is not None and not verdict.is_probe


def fail(breaker, key, times=5):
    for _ in range(times):
        breaker.tell({key: BAD})


def until_half_open(factor=1.0):
    time.sleep(OPEN_MS / 1000 * factor + 0.02)


def test_five_failures_open_it_for_that_integration_only(breaker):
    failing, healthy = uuid4(), uuid4()

    fail(breaker, failing, 4)
    assert not breaker.ask([failing, healthy])
    fail(breaker, failing, 1)

    verdicts = breaker.ask([failing, healthy])
    assert set(verdicts) == {failing}
    assert 0 < verdicts[failing].wait_s <= OPEN_MS / 1000


def test_failures_among_many_answers_do_not_open_it(breaker):
    key = uuid4()

    breaker.tell({key: Tally(answered=100, failed=0)})
    fail(breaker, key, 20)

    assert not is_open(breaker, key)


def test_failures_of_the_last_window_still_count(breaker, monkeypatch):
    key = uuid4()
    monkeypatch.setattr(module, "WINDOW_MS", 500)
    time.sleep(0.5 - time.time() % 0.5 + 0.35)  # late in a window

    fail(breaker, key, 3)
    time.sleep(0.2)
    fail(breaker, key, 2)

    assert is_open(breaker, key)


def test_failures_of_long_ago_do_not_count(breaker, monkeypatch):
    key = uuid4()
    monkeypatch.setattr(module, "WINDOW_MS", 50)

    fail(breaker, key, 4)
    time.sleep(0.15)
    fail(breaker, key, 4)

    assert not is_open(breaker, key)


def test_exactly_one_of_twenty_gets_the_probe(breaker):
    key = uuid4()
    fail(breaker, key)
    until_half_open()

    with ThreadPoolExecutor(20) as threads:
        verdicts = list(threads.map(lambda _: breaker.ask([key])[key], range(20)))

    assert [v.is_probe for v in verdicts].count(True) == 1
    assert all(v.wait_s > 0 for v in verdicts if not v.is_probe)


def test_an_answered_probe_closes_it(breaker):
    key = uuid4()
    fail(breaker, key)
    until_half_open()

    assert breaker.ask([key])[key] == Verdict(is_probe=True)
    breaker.tell({key: OK})

    assert not breaker.ask([key])


def test_a_failed_probe_doubles_the_rest(breaker):
    key = uuid4()
    fail(breaker, key)
    until_half_open()

    assert breaker.ask([key])[key].is_probe
    breaker.tell({key: BAD})

    assert breaker.ask([key])[key].wait_s > OPEN_MS / 1000


def test_the_rest_is_bounded(monkeypatch):
    breaker = Breaker(settings.REDIS_URL, prefix=f"test-{uuid4()}", open_ms=10_000_000)
    key = uuid4()

    fail(breaker, key)

    assert 299 < breaker.ask([key])[key].wait_s <= 300
    breaker.close()


def test_what_was_in_flight_when_it_opened_changes_nothing(breaker):
    key = uuid4()
    fail(breaker, key)

    fail(breaker, key, 50)
    assert breaker.ask([key])[key].wait_s <= OPEN_MS / 1000
    breaker.tell({key: OK})

    assert is_open(breaker, key)


def test_a_lost_probe_is_replaced_after_its_lease(breaker, monkeypatch):
    key = uuid4()
    monkeypatch.setattr(module, "PROBE_MS", 150)
    fail(breaker, key)
    until_half_open()

    assert breaker.ask([key])[key].is_probe
    assert is_open(breaker, key)
    time.sleep(0.2)

    assert breaker.ask([key])[key].is_probe


def test_without_redis_everything_passes_and_is_not_asked_again_at_once(caplog):
    breaker = Breaker("redis://127.0.0.1:1/0")
    key = uuid4()

    for _ in range(3):
        breaker.tell({key: BAD})
        assert breaker.ask([key]) == {}

    assert [r.levelname for r in caplog.records] == ["WARNING"]
    breaker.close()


def test_a_batch_of_integrations_is_one_call(breaker):
    keys = [uuid4() for _ in range(50)]
    breaker.ask(keys)
    breaker.tell(dict.fromkeys(keys, OK))  # the scripts are loaded now
    watcher, mark = redis.Redis.from_url(settings.REDIS_URL), str(uuid4())

    with watcher.monitor() as monitor:
        breaker.ask(keys)
        breaker.tell(dict.fromkeys(keys, OK))
        redis.Redis.from_url(settings.REDIS_URL).echo(mark)
        seen = list(iter(lambda: monitor.next_command()["command"], f"ECHO {mark}"))

    ours = [command for command in seen if str(keys[0]) in command and "lua" not in command]
    assert sum(command.startswith("EVALSHA") for command in ours) == 2
    watcher.close()


def test_others_ask_again_soon_while_a_probe_is_under_way(breaker):
    key = uuid4()
    fail(breaker, key)
    until_half_open()

    first, second = breaker.ask([key])[key], breaker.ask([key])[key]

    assert first.is_probe
    assert 0 < second.wait_s <= module.PROBE_LOOK_MS / 1000


def test_three_failures_and_nothing_else_open_it_when_they_last(breaker, monkeypatch):
    monkeypatch.setattr(module, "ROW_MS", 100)
    key, answering = uuid4(), uuid4()

    for waits_s in (0.0, 0.06, 0.06):
        time.sleep(waits_s)
        fail(breaker, key, 1)
        breaker.tell({answering: Tally(answered=1, failed=1)})

    assert is_open(breaker, key)
    assert not is_open(breaker, answering)


def test_three_failures_in_a_moment_do_not_open_it(breaker):
    key = uuid4()

    fail(breaker, key, 3)

    assert not is_open(breaker, key)


def test_what_is_open_or_being_probed_is_listed_for_all(breaker):
    failing, healthy = uuid4(), uuid4()
    breaker.tell({healthy: OK})
    fail(breaker, failing)

    listed = [breaker.open_ids()]
    until_half_open()
    listed.append(breaker.open_ids())
    waiting = breaker.half_open_ids()
    assert breaker.ask([failing])[failing].is_probe
    listed.append(breaker.open_ids())
    breaker.tell({failing: OK})
    listed.append(breaker.open_ids())

    assert listed == [{failing}, set(), {failing}, set()]
    assert waiting == {failing}
    assert breaker.half_open_ids() == set()
