"""A log in which something is away for hours stays readable, and tells when it is back."""

from __future__ import annotations

import logging
from itertools import pairwise
from types import SimpleNamespace

import pytest

from channels.outages import FIRST_S, LONGEST_S, Outage

HOUR = 3600


@pytest.fixture
def clock():
    return SimpleNamespace(now=1000.0)


@pytest.fixture
def outage(clock, caplog):
    caplog.set_level(logging.WARNING, "test.outage")
    return Outage("redis", logging.getLogger("test.outage"), clock=lambda: clock.now)


def last(outage, clock, seconds: int) -> None:
    for _ in range(seconds * 2):
        outage.lasts("ticks wait", ConnectionError("redis:6379 as kolokol"))
        clock.now += 0.5


def test_it_is_told_at_once_and_then_ever_more_rarely(outage, clock, caplog):
    last(outage, clock, HOUR)

    moments = [record.for_s for record in caplog.records]
    pauses = [later - before for before, later in pairwise(moments)]
    assert moments[0] == 0
    assert pauses == [FIRST_S * 2**n for n in range(6)] + [LONGEST_S] * 4
    assert {record.getMessage() for record in caplog.records} == {"redis is away: ticks wait"}
    assert "kolokol" not in str([vars(record) for record in caplog.records])


def test_that_it_is_back_is_told_once(outage, clock, caplog):
    last(outage, clock, 5)
    for _ in range(3):
        outage.is_over()

    assert [record.getMessage() for record in caplog.records][1:] == ["redis is back"]
    assert caplog.records[1].after_s == 5


def test_what_goes_away_again_is_told_at_once_again(outage, clock, caplog):
    for _ in range(2):
        last(outage, clock, 8)
        outage.is_over()

    said = [record.getMessage() for record in caplog.records]
    assert said == ["redis is away: ticks wait", "redis is back"] * 2


def test_of_what_was_never_away_nothing_is_told(outage, caplog):
    outage.is_over()

    assert caplog.records == []
