"""Many people in few statements; only what is named changes."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from tenants.audience import add_addresses, set_address, upsert_subscribers
from tenants.models import Address, Subscriber
from tenants.people import SubscriberInput
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory
from tests.notifications.statements import statements


def upsert(salon, *people: SubscriberInput, mode="live"):
    with tenant_scope(salon.pk):
        return upsert_subscribers(salon.pk, mode, people)


def addresses(salon, subscriber_id: str) -> set[tuple[str, str, str]]:
    with tenant_scope(salon.pk):
        found = Address.objects.filter(subscriber__subscriber_id=subscriber_id)
        return set(found.values_list("kind", "value", "state"))


def fields(salon, subscriber_id: str):
    with tenant_scope(salon.pk):
        return Subscriber.objects.get(subscriber_id=subscriber_id)


def test_only_named_fields_change_and_empty_clears(salon):
    first = SubscriberInput(
        "1", {"first_name": "Anna", "last_name": "K", "data": {"vip": True}}, {"phone": ("+7916",)}
    )
    upsert(salon, first)
    upsert(salon, SubscriberInput("1", {"last_name": ""}))

    row = fields(salon, "1")
    assert (row.first_name, row.last_name, row.data) == ("Anna", "", {"vip": True})
    assert addresses(salon, "1") == {("phone", "+7916", "active")}


def test_results_keep_the_order_and_say_who_is_new(salon):
    upsert(salon, SubscriberInput("b"))

    results = upsert(salon, SubscriberInput("c"), SubscriberInput("b"), SubscriberInput("a"))

    assert [(r.subscriber_id, r.created) for r in results] == [
        ("c", True),
        ("b", False),
        ("a", True),
    ]


def test_a_person_named_twice_is_merged(salon):
    results = upsert(
        salon,
        SubscriberInput("1", {"first_name": "Anna"}, {"phone": ("+1",)}),
        SubscriberInput("1", {"last_name": "K"}, {"email": ("a@b.c",)}),
    )

    row = fields(salon, "1")
    assert (row.first_name, row.last_name) == ("Anna", "K")
    assert {kind for kind, _, _ in addresses(salon, "1")} == {"phone", "email"}
    assert results[0].id == results[1].id


def test_a_new_phone_takes_the_place_of_the_old_one(salon):
    upsert(salon, SubscriberInput("1", {}, {"phone": ("+1",), "email": ("a@b.c",)}))
    upsert(salon, SubscriberInput("1", {}, {"phone": ("+2",)}))

    assert addresses(salon, "1") == {("phone", "+2", "active"), ("email", "a@b.c", "active")}


def test_a_suppressed_phone_stays_and_stays_suppressed(salon):
    person = SubscriberFactory.create(tenant=salon, subscriber_id="1")
    AddressFactory.create(subscriber=person, value="+1", state="suppressed")

    upsert(salon, SubscriberInput("1", {}, {"phone": ("+2",)}))
    upsert(salon, SubscriberInput("1", {}, {"phone": ("+1",)}))

    assert addresses(salon, "1") == {("phone", "+1", "suppressed")}


def test_a_mother_and_a_daughter_share_a_phone(salon):
    upsert(
        salon,
        SubscriberInput("mother", {}, {"phone": ("+1",)}),
        SubscriberInput("daughter", {}, {"phone": ("+1",)}),
    )

    assert addresses(salon, "mother") == addresses(salon, "daughter") == {("phone", "+1", "active")}


def test_modes_do_not_meet(salon):
    upsert(salon, SubscriberInput("1", {"first_name": "Live"}))
    result = upsert(salon, SubscriberInput("1", {"first_name": "Test"}), mode="test")[0]

    assert result.created
    with tenant_scope(salon.pk):
        assert Subscriber.objects.get(mode="live").first_name == "Live"


def test_500_people_cost_as_many_statements_as_one(salon):
    people = [
        SubscriberInput(f"{n:03}", {"first_name": f"N{n}"}, {"phone": (f"+{n}",)})
        for n in range(500)
    ]

    with statements() as spent:
        made = upsert(salon, *people)
    new = [text for text in spent if "tenants_" in text]
    with statements() as spent:
        upsert(salon, *people)
    again = [text for text in spent if "tenants_" in text]

    assert sum(result.created for result in made) == 500
    assert (len(new), len(again)) == (3, 1)


def test_a_person_named_again_unchanged_is_not_written(salon):
    person = SubscriberInput("1", {"first_name": "Anna", "data": {"a": 1}}, {"phone": ("+1",)})
    upsert(salon, person)
    before = fields(salon, "1").updated_at
    upsert(salon, person)

    assert fields(salon, "1").updated_at == before


def test_upserts_at_once_in_any_order_neither_double_nor_lock_up(salon):
    rounds, threads, many = 3, 4, 400
    start = threading.Barrier(threads)

    def work(number):
        try:
            for turn in range(rounds):  # half of the people are new in each turn
                keys = [f"{n:06}" for n in range(turn * many, (turn + 2) * many)]
                people = [SubscriberInput(key, {"first_name": f"{number}"}) for key in keys]
                start.wait(60)
                upsert(salon, *(people if number % 2 else people[::-1]))
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))

    with tenant_scope(salon.pk):
        assert Subscriber.objects.count() == (rounds + 1) * many


@pytest.mark.parametrize(
    ("state", "after"), [("inactive", "active"), ("suppressed", "suppressed"), ("active", "active")]
)
def test_an_address_in_use_lives_again_unless_the_person_said_no(salon, state, after):
    person = SubscriberFactory.create(tenant=salon)
    AddressFactory.create(
        subscriber=person, kind="telegram", value="42", state=state, reason="blocked"
    )

    with tenant_scope(salon.pk):
        set_address(salon.pk, person.pk, "telegram", "42")

    assert addresses(salon, person.subscriber_id) == {("telegram", "42", after)}


@pytest.mark.parametrize(
    ("kind", "state", "after"),
    [
        ("fcm", "inactive", "active"),
        ("fcm", "suppressed", "suppressed"),
        ("phone", "inactive", "inactive"),
    ],
)
def test_a_token_that_the_app_names_again_lives_again(salon, kind, state, after):
    person = SubscriberFactory.create(tenant=salon)
    AddressFactory.create(subscriber=person, kind=kind, value="42", state=state, reason="gone")

    with tenant_scope(salon.pk):
        add_addresses(salon.pk, person.pk, kind, ["42"])

    assert addresses(salon, person.subscriber_id) == {(kind, "42", after)}


def test_a_rolled_back_upsert_leaves_nothing(salon):
    with tenant_scope(salon.pk), transaction.atomic():
        upsert_subscribers(salon.pk, "live", [SubscriberInput("1", {}, {"phone": ("+1",)})])
        transaction.set_rollback(True)

    with tenant_scope(salon.pk):
        assert not Subscriber.objects.exists()
