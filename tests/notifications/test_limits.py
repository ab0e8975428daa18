"""Limits hold when everybody comes at once, and give back what was not used."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from channels.integrations import add_integration, ensure_phone
from notifications import engine
from notifications.limits import Need, key_of, release, reserve
from notifications.preparing import prepare
from tenants.scope import batch_scope
from tests.channels.mail_server import MailServer
from tests.notifications.conftest import NO_QUIET, change, end_lease, look
from tests.threads import at_once

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}
VERA = {"subscriberId": "vera", "phone": "+79161234568"}


@pytest.fixture
def promos(reminders, worker):
    for name in ("spring", "summer"):
        reminders.promo(name, "sms", "email")
    reminders.workflow("code", ("sms", {"channels": ["sms", "email"]}))
    return reminders


def need(salon, *key, index=0, limit=1) -> Need:
    ends_at = datetime.now(UTC) + timedelta(hours=1)
    return Need(index, salon.pk, key_of("\0".join([salon.pk.hex, *key])), limit, ends_at, "test")


def test_fifty_at_once_get_a_limit_of_one_exactly_once(salon):
    one = need(salon, "client")

    def take(_):
        with batch_scope([salon.pk]):
            return not reserve([one])

    assert sum(at_once(50, take)) == 1


def test_a_batch_gets_as_much_as_is_left_and_no_more(salon):
    wanted = [need(salon, "client", index=n, limit=3) for n in range(5)]

    with batch_scope([salon.pk]):
        first, second = reserve(wanted), reserve(wanted)

    assert sorted(first) == [3, 4]
    assert sorted(second) == [0, 1, 2, 3, 4]


def test_what_a_refused_message_does_not_use_is_the_next_ones(salon):
    day = [need(salon, "day", index=index, limit=1) for index in range(3)]
    refused, free, late = need(salon, "full", limit=0), need(salon, "one", index=1), day[2]

    with batch_scope([salon.pk]):
        assert reserve([refused, day[0]]) == {0: refused}
        assert reserve([refused, day[0], free, day[1], late]) == {0: refused, 2: late}
        assert reserve([late]) == {2: late}


def test_a_refused_message_gives_back_what_it_took_elsewhere(salon):
    full, free = need(salon, "full", limit=0), need(salon, "free")

    with batch_scope([salon.pk]):
        assert sorted(reserve([full, free])) == [0]
        assert reserve([free]) == {}


def test_what_is_released_can_be_taken_again(salon):
    one = need(salon, "client")

    with batch_scope([salon.pk]):
        reserve([one])
        release([one])
        assert reserve([one]) == {}


def test_a_window_that_is_over_starts_anew(salon):
    one = need(salon, "client")
    with batch_scope([salon.pk]):
        reserve([one])
    change("update notifications_counter set ends_at = now() where id = %s", [one.key])

    with batch_scope([salon.pk]):
        assert reserve([one]) == {}
        assert sorted(reserve([one])) == [0]


def test_eight_workers_with_the_same_keys_in_any_order_never_deadlock(salon):
    names = [uuid4().hex for _ in range(60)]

    def work(index):
        order = names[index:] + names[:index]
        order = order[::-1] if index % 2 else order
        for _ in range(6):
            with batch_scope([salon.pk]):
                needs = [need(salon, n, index=i, limit=1000) for i, n in enumerate(order)]
                reserve(needs)
            with batch_scope([salon.pk]):
                release(needs)
        return True

    assert at_once(8, work) == [True] * 8


def test_marketing_reaches_a_client_once_in_three_days(promos, worker, provider):
    promos.trigger("spring", ANNA)
    worker.drain_dry()
    promos.trigger("summer", {**ANNA, "email": "anna@mail.test"})
    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert promos.states == [("completed", ""), ("skipped", "frequency_cap")]
    change(
        "update notifications_counter set ends_at = now() where tenant_id = %s", [promos.salon.pk]
    )
    promos.trigger("summer", "anna")
    worker.drain_dry()
    assert len(provider.bodies) == 2


def test_the_window_lasts_three_days(promos, worker):
    promos.trigger("spring", ANNA)
    worker.drain_dry()

    ends = look(
        "select max(ends_at) - now() from notifications_counter where tenant_id = %s",
        [promos.salon.pk],
    )[0][0]
    assert timedelta(days=2, hours=23) < ends <= timedelta(days=3)


def test_two_clients_who_share_a_phone_get_marketing_once(promos, worker, provider):
    promos.trigger("spring", [ANNA, {"subscriberId": "mother", "phone": ANNA["phone"]}])

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert sorted(promos.states) == [("completed", ""), ("skipped", "frequency_cap")]


def test_a_card_made_later_for_the_same_phone_gets_no_second_promo(promos, worker, provider):
    promos.trigger("spring", ANNA)
    worker.drain_dry()
    promos.trigger("summer", [ANNA | {"subscriberId": "anna-again"}])
    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert promos.states[-1] == ("skipped", "frequency_cap")


def test_a_phone_that_many_share_is_counted_itself(promos, worker, provider):
    promos.trigger("spring", [{"subscriberId": f"c{n}", "phone": ANNA["phone"]} for n in range(9)])

    worker.drain_dry()

    assert len(provider.bodies) == 1
    counters = look(
        "select count(*) from notifications_counter where tenant_id = %s", [promos.salon.pk]
    )
    assert counters[0][0] == 9 + 1 + 1  # clients, the phone, the salon's day


def test_two_promos_in_one_batch_send_one(promos, worker, provider):
    promos.trigger("spring", ANNA)
    promos.trigger("summer", ANNA)

    worker.drain_dry()

    assert len(provider.bodies) == 1


def test_a_promo_that_fails_at_once_gives_its_slot_back(promos, worker, provider):
    provider.answer = lambda body: (422 if len(provider.bodies) == 1 else 200, {}, b"{}")
    promos.trigger("spring", ANNA)
    worker.drain_dry()
    promos.trigger("summer", ANNA)
    worker.drain_dry()

    assert [m.state for m in promos.messages] == ["failed", "sent"]


def test_a_promo_that_waits_for_its_retry_holds_no_slot_and_takes_it_anew(promos, worker, provider):
    provider.answer = lambda body: (500 if len(provider.bodies) == 1 else 200, {}, b"{}")
    promos.trigger("spring", ANNA)
    worker.drain_dry()
    promos.hurry()
    worker.drain_dry()

    assert [m.state for m in promos.messages] == ["sent"]
    promos.trigger("summer", ANNA)
    worker.drain_dry()
    assert promos.states[-1] == ("skipped", "frequency_cap")


def test_a_fallback_to_another_channel_still_counts_once(promos, worker, provider):
    mails = MailServer()
    change(
        "delete from channels_integration where kind = 'email' and tenant_id = %s",
        [promos.salon.pk],
    )
    account = {
        "host": "127.0.0.1",
        "port": str(mails.port),
        "security": "none",
        "from_address": "a@b.test",
    }
    add_integration(promos.salon.pk, "smtp", account, identifier="mail")
    promos.promo("letters", "email", "sms")
    promos.trigger("letters", {**ANNA, "email": "unknown@mail.test"})
    worker.drain_dry()
    mails.close()

    assert [(m.channel, m.state) for m in promos.messages] == [
        ("email", "failed"),
        ("phone", "sent"),
    ]
    promos.trigger("summer", ANNA)
    worker.drain_dry()
    assert len(provider.bodies) == 1


def test_a_promo_of_two_messages_counts_once_and_sends_both(promos, worker, provider):
    promos.limit(**NO_QUIET)
    promos.workflow("pair", "sms", "sms", category="mk", priority="low")
    promos.trigger("pair", ANNA)

    worker.drain_dry()

    assert len(provider.bodies) == 2
    assert promos.states == [("completed", "")]


def test_a_worker_that_dies_before_sending_leaves_a_promo_that_may_be_sent(
    promos, worker, provider
):
    promos.trigger("spring", ANNA)
    prepare(engine.claim("low", "dead", 10, engine.NIL), engine.now())
    end_lease()

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert promos.states == [("completed", "")]


def test_the_eleventh_message_of_an_hour_waits(promos, worker, provider):
    for _ in range(11):
        promos.trigger("code", ANNA)

    worker.drain_dry()

    assert len(provider.bodies) == 10
    assert promos.log.count(("waiting", "hourly_cap")) == 1


def test_another_channel_has_an_hour_of_its_own(promos, worker, provider):
    promos.limit(per_hour=1)
    promos.workflow("mail", "email")
    promos.trigger("code", {**ANNA, "email": "anna@mail.test"})
    promos.trigger("mail", "anna")

    worker.drain_dry()

    assert sorted(body["kind"] for body in provider.bodies) == ["email", "sms"]


@pytest.mark.parametrize(("name", "category"), [("code", "tx"), ("spring", "mk")])
def test_a_salons_day_is_limited_and_the_rest_goes_tomorrow(
    promos, worker, provider, name, category
):
    promos.limit(**{f"{category}_per_day": 1})
    promos.set_salon(timezone="Asia/Vladivostok")
    promos.trigger(name, [ANNA, VERA])

    worker.drain_dry()

    assert len(provider.bodies) == 1
    assert promos.log.count(("waiting", f"daily_{category}_limit")) == 1
    (due,) = promos.due
    midnight = due.due_at.astimezone(ZoneInfo("Asia/Vladivostok"))
    assert (midnight.hour, midnight.minute) == (0, 0)


def test_an_attempt_that_is_repeated_counts_once_in_the_day(promos, worker, provider):
    provider.answer = lambda body: (500 if len(provider.bodies) < 3 else 200, {}, b"{}")
    promos.limit(tx_per_day=1)
    promos.trigger("code", ANNA)

    for _ in range(3):
        worker.drain_dry()
        promos.hurry()

    assert promos.states == [("completed", "")]


def test_test_traffic_never_touches_live_counters(promos, worker, provider, settings):
    settings.PHONE_URL = provider.url.rstrip("/")
    ensure_phone(promos.salon.pk)
    promos.limit(tx_per_day=1)
    promos.trigger("code", ANNA, mode="test")
    worker.drain_dry()
    promos.trigger("spring", ANNA, mode="test")
    worker.drain_dry()

    promos.trigger("code", ANNA)
    promos.trigger("spring", ANNA)
    worker.drain_dry()

    assert [m.provider for m in promos.messages].count("webhook") == 2
