"""Accounts as callbacks need them: kept for seconds, then all that are used looked at together."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from channels import callback_doors
from channels.callback_doors import KEPT_S, find
from channels.integrations import add_integration, delete_integration
from channels.models import Integration
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.statements import statements

READ = "select id, provider, callback_token"


@pytest.fixture
def clock(monkeypatch) -> SimpleNamespace:
    """The seconds of this process, which a test moves on."""
    now = SimpleNamespace(s=1_000.0)
    monkeypatch.setattr(callback_doors, "time", SimpleNamespace(monotonic=lambda: now.s))
    callback_doors.forget()
    return now


@pytest.fixture
def accounts():
    return [
        add_integration(TenantFactory().pk, "telegram", {"token": "1:a"}, identifier="bot")
        for _ in range(3)
    ]


def reads(seen: list[str]) -> int:
    return len([statement for statement in seen if READ in statement])


def test_an_account_is_read_once_for_seconds(clock, accounts):
    with statements() as seen:
        doors = {id(find(accounts[0].pk)) for _ in range(3)}

    assert (len(doors), reads(seen)) == (1, 1)


def test_all_that_are_used_are_looked_at_by_one_statement_and_stay_open(clock, accounts):
    for _ in range(2):
        doors = [find(row.pk) for row in accounts]
    clock.s += KEPT_S

    with statements() as seen:
        again = [find(row.pk) for row in accounts]

    assert reads(seen) == 1
    assert all(one is two for one, two in zip(doors, again, strict=True))


def test_what_has_changed_is_read_anew(clock, accounts):
    changed, gone, same = accounts
    for _ in range(2):
        doors = [find(row.pk) for row in accounts]
    with tenant_scope(changed.tenant_id):
        Integration.objects.filter(pk=changed.pk).update(callback_token="another")
    delete_integration(gone.tenant_id, gone.pk)
    clock.s += KEPT_S

    assert find(same.pk) is doors[2]
    assert find(gone.pk) is None
    assert find(changed.pk).opens_to("another")


def test_what_nobody_used_since_is_forgotten(clock, accounts):
    used, unused = accounts[:2]
    for row in (used, unused, used):
        find(row.pk)
    clock.s += KEPT_S
    find(used.pk)

    with statements() as seen:
        find(unused.pk)

    assert reads(seen) == 1


def test_an_account_that_is_none_is_asked_for_each_time(clock):
    key = uuid7()

    assert [find(key), find(key)] == [None, None]
