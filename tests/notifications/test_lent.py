"""Callbacks of accounts that the platform lends: each comes home to the right salon, once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from channels.integrations import add_integration
from channels.models import DefaultIntegration
from channels.secrets import encrypt
from channels.told import Callback
from notifications import lent
from notifications.callbacks import receive
from notifications.keeping import Kept, keep
from notifications.models import LentCallback, ReceivedCallback
from tenants.ids import uuid7
from tenants.links import issue
from tenants.owner import as_owner
from tenants.scope import support_scope, tenant_scope
from tests.factories import SubscriberFactory, TenantFactory, word

SECRET = "s3cret-of-the-platform"
SOON = timedelta(minutes=1)


@pytest.fixture
def account():
    """A bot that the platform lends; of no kind, so that no other salon sends through it."""
    with support_scope("a test's own account"):
        row = DefaultIntegration.objects.create(
            provider="telegram",
            kind="none",
            identifier=word("bot"),
            credentials=encrypt({"token": "1:a", "webhook_secret": SECRET}),
            callback_token=word("token"),
        )
    yield row
    with support_scope("a test's own account"):
        row.delete()


def tell(account, **event) -> None:
    now = datetime.now(UTC)
    keep([Kept(None, account.pk, word("key"), json.dumps(event), now, uuid7(), "inbound")])


def received(salon) -> list[tuple[object, dict]]:
    with tenant_scope(salon.pk):
        return [(row.integration_id, row.event) for row in ReceivedCallback.objects.order_by("id")]


def waiting(account) -> list[LentCallback]:
    with as_owner():
        return list(LentCallback.objects.filter(account_id=account.pk))


def bring_home() -> None:
    while lent.bring_home(datetime.now(UTC)):
        pass


def move_to(account, message, provider_id: str = "") -> None:
    """Say that this message left through the lent account."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            "update notifications_message set integration_id = %s, provider_id = %s where id = %s",
            [account.pk, provider_id, message.pk],
        )


@pytest.fixture
def sent(reminders, worker, provider, settings):
    """A message of a salon, and the salon's client."""
    settings.PHONE_URL = provider.url.rstrip("/")
    reminders.trigger(to=[{"subscriberId": "anna", "phone": "+79161234567"}])
    worker.drain_dry()
    return next(message for message in reminders.messages if message.channel == "phone")


def test_a_signed_call_is_kept_once_without_a_salon(account):
    body = {"update_id": 7, "message": {"chat": {"id": 100}, "from": {"id": 100}, "text": "да"}}
    callback = Callback(json.dumps(body).encode(), {"x-telegram-bot-api-secret-token": SECRET})

    kept = [receive(account.pk, account.callback_token, callback).kept for _ in range(2)]

    assert kept == [1, 0]
    assert [row.event["value"] for row in waiting(account)] == ["да"]


@pytest.mark.parametrize("way", ["message_id", "provider_id", "address"])
def test_what_speaks_of_a_message_comes_home_to_its_salon(account, reminders, sent, way):
    move_to(account, sent, "100:7")
    told = {"message_id": str(sent.pk), "provider_id": "100:7", "address": "+79161234567"}
    if way == "address":
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(
                "update tenants_address set kind = 'telegram' where tenant_id = %s",
                [reminders.salon.pk],
            )

    tell(account, type="status", state="read", **{way: told[way]})
    bring_home()

    assert [(row[0], row[1]["state"]) for row in received(reminders.salon)] == [
        (account.pk, "read")
    ]
    assert waiting(account) == []


def test_a_named_account_gets_its_own_callback(account):
    salon, other = TenantFactory(), TenantFactory()
    mine = add_integration(salon.pk, "telegram", {"token": "2:b"}, identifier="bot")
    route = word("number")
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("update channels_integration set route = %s where id = %s", [route, mine.pk])

    tell(account, type="inbound", kind="text", value="да", route=route)
    bring_home()

    assert [row[0] for row in received(salon)] == [mine.pk]
    assert received(other) == []


def test_a_number_that_another_salon_claims_later_stays_its_owners(account):
    owner, *claimers = TenantFactory.create_batch(4)
    route = word("number")
    salons = [*claimers, owner]
    rows = [
        add_integration(salon.pk, "telegram", {"token": "2:b"}, identifier="bot")
        for salon in salons
    ]
    with as_owner(), connection.cursor() as cursor:
        for row, days in zip(rows, (1, 5, 3, 9), strict=True):
            cursor.execute(
                "update channels_integration set route = %s, created_at = now() - %s where id = %s",
                [route, timedelta(days=days), row.pk],
            )

    tell(account, type="inbound", kind="text", value="да", route=route)
    bring_home()

    assert [len(received(salon)) for salon in salons] == [0, 0, 0, 1]


def test_what_has_no_home_waits_and_is_given_up_after_a_day(account):
    tell(account, type="status", state="read", message_id=str(uuid7()))

    lent.bring_home(datetime.now(UTC) + SOON)
    (row,) = waiting(account)
    assert row.attempt == 1

    lent.bring_home(datetime.now(UTC) + timedelta(hours=25))
    assert waiting(account) == []


def test_a_message_id_that_is_none_changes_nothing(account):
    tell(account, type="status", state="read", message_id="'; drop table x")

    lent.bring_home(datetime.now(UTC))

    assert [row.attempt for row in waiting(account)] == [1]


def test_another_accounts_message_is_nobodys(account, sent, reminders):
    tell(account, type="status", state="read", message_id=str(sent.pk))

    lent.bring_home(datetime.now(UTC))

    assert received(reminders.salon) == []


@pytest.mark.parametrize("kind", ["start", "text"])
def test_an_opened_link_comes_home_to_the_salon_that_made_it(account, kind):
    salon = TenantFactory()
    with tenant_scope(salon.pk):
        person = SubscriberFactory(tenant=salon)
        token = issue(salon.pk, person.pk, ["telegram"], datetime.now(UTC))["telegram"]

    tell(account, type="inbound", kind=kind, value=f"Код {token}.", address=word("chat"))
    bring_home()

    assert [(row[0], row[1]["kind"]) for row in received(salon)] == [(account.pk, kind)]
