"""Every adapter through every fault of its provider, over real sockets and the real gateway."""

from __future__ import annotations

from collections.abc import Iterator
from traceback import format_exception

import pytest
from django.conf import settings

from channels.registry import ADAPTERS
from tests.for_each import for_each
from tests.providers.driving import outcome, provider_of
from tests.providers.playing import Played, play
from tests.providers.rows import ROWS
from tests.providers.table import RETRY_AFTER, TAKEN
from tests.providers.world import World

#: Those that bring their own sockets have suites of their own: test_contract_sockets, test_apprise.
OWN_SOCKETS = {"smtp", "apprise"}
#: Those that only tell us something: tests/notifications/test_novu.
SILENT = {"novu"}


@pytest.fixture(scope="module")
def plays() -> Iterator[dict[str, Played]]:
    """All faults of all providers, met at once: some wait for time-outs."""
    world = World()
    yield play(ROWS, world, settings.REDIS_URL)
    world.close()


@pytest.fixture(params=list(ROWS))
def played(request, plays) -> Played:
    """One provider after all its faults."""
    return plays[request.param]


def test_every_provider_of_the_registry_has_a_fake_and_a_row():
    assert set(ADAPTERS) == set(map(provider_of, ROWS)) | OWN_SOCKETS | SILENT
    assert {row.fake.name for row in ROWS.values()} == set(ROWS)


@for_each("name", ROWS)
def test_every_refusal_of_a_fake_has_an_outcome(name):
    row = ROWS[name]

    assert set(row.fake.refusals) <= set(row.outcomes)


def test_every_fault_means_what_the_table_says(played):
    row = played.row

    assert {fault: outcome(one) for fault, one in played.done.items()} == dict(row.outcomes)
    waits = {fault: played.done[fault].error.retry_after_s for fault in row.waits}
    assert waits == pytest.approx(dict(row.waits), abs=2, rel=0.3)  # some count down meanwhile


def test_a_wait_freezes_the_recipient_alone_where_the_limit_is_hers(played):
    waits = {
        fault: played.done[fault].error.scope
        for fault, meant in played.row.outcomes.items()
        if meant == RETRY_AFTER
    }

    assert {fault for fault, scope in waits.items() if scope == "address"} == played.row.per_address


def test_the_provider_took_what_it_answered_for_and_what_was_lost_once_each(played):
    assert played.fake.counts == {played.recipient(fault): 1 for fault in TAKEN}
    assert len(played.fake.complaints) <= 1, played.fake.complaints  # of the wrong credentials


def test_no_secret_and_no_address_is_told_of_any_fault(played):
    told = [played.logs]
    for sent in played.done.values():
        told += format_exception(sent.error) if sent.error else [sent.receipt.raw]

    private = {"Анна", *filter(lambda one: len(one) > 8, map(played.recipient, played.done))}
    text = "\n".join(told)
    assert "127.0.0.1" in played.logs
    assert {secret for secret in played.secrets | private if secret in text} == set()
