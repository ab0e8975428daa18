"""Which channel: the client's wish, the step's order, and who must not be written to."""

from __future__ import annotations

import pytest

from tests.notifications.conftest import change

ANNA = {
    "subscriberId": "anna",
    "phone": "+79161234567",
    "email": "anna@mail.test",
    "channels": {"telegram": ["551234567"]},
}
ORDER = ["chat", "sms", "email"]


@pytest.fixture
def routes(reminders, worker):
    reminders.workflow("note", ("chat", {"channels": ORDER}))
    reminders.promo()
    return reminders


def prefer(routes, word) -> None:
    change(
        "update tenants_subscriber set preferred_channel = %s where tenant_id = %s",
        [word, routes.salon.pk],
    )


def address(routes, kind, **values) -> None:
    change(
        "update tenants_address set state = %s, reason = 'test' where tenant_id = %s and kind = %s",
        [values["state"], routes.salon.pk, kind],
    )


def test_the_steps_order_decides(routes, worker, provider):
    routes.trigger("note", ANNA)

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["chat"]


@pytest.mark.parametrize(
    ("wish", "kind"), [("sms", "sms"), ("email", "email"), ("telegram", "chat"), ("push", "chat")]
)
def test_the_clients_preferred_channel_comes_first_if_the_step_allows_it(
    routes, worker, provider, wish, kind
):
    routes.trigger("note", ANNA, delay=60)
    prefer(routes, wish)
    routes.hurry()

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == [kind]


def test_a_wish_that_cannot_be_met_falls_back_to_the_order(routes, worker, provider):
    routes.trigger("note", {**ANNA, "email": None}, delay=60)
    prefer(routes, "email")
    routes.hurry()

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["chat"]


@pytest.mark.parametrize("state", ["inactive", "suppressed"])
def test_an_address_that_is_off_is_passed_over(routes, worker, provider, state):
    routes.trigger("note", ANNA, delay=60)
    address(routes, "telegram", state=state)
    routes.hurry()

    worker.drain_dry()

    assert [body["kind"] for body in provider.bodies] == ["sms"]


def test_a_no_from_one_holds_for_everybody_who_shares_the_phone(routes, worker, provider):
    phone = {"phone": "+79161234567"}
    routes.trigger("note", [{"subscriberId": "anna", **phone}], delay=60)
    address(routes, "phone", state="suppressed")
    routes.trigger("note", {"subscriberId": "daughter", **phone}, delay=60)
    routes.hurry()

    worker.drain_dry()

    assert provider.bodies == []
    assert routes.states == [("skipped", "suppressed")] * 2


def test_a_client_without_any_address_is_skipped_with_the_reason(routes, worker):
    routes.trigger("note", "nobody")

    worker.drain_dry()

    assert routes.states == [("skipped", "no_address")]


def test_a_salon_without_an_account_for_the_address_says_so(routes, worker):
    change(
        "delete from channels_integration where tenant_id = %s and kind = 'sms'",
        [routes.salon.pk],
    )
    routes.trigger("note", {"subscriberId": "anna", "phone": "+79161234567"})

    worker.drain_dry()

    assert routes.states == [("skipped", "no_integration")]


def test_staff_get_no_marketing_but_their_reminders(routes, worker, provider):
    routes.trigger("note", ANNA, delay=60)
    routes.trigger("promo", ANNA, delay=60)
    change("update tenants_subscriber set kind = 'staff' where tenant_id = %s", [routes.salon.pk])
    routes.hurry()

    worker.drain_dry()

    assert [body["category"] for body in provider.bodies] == ["tx"]
    assert sorted(routes.states) == [("completed", ""), ("skipped", "staff_get_no_marketing")]
