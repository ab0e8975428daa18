"""Redis forgets everything, or is away: limits stand in PostgreSQL, tx goes, marketing waits."""

from __future__ import annotations

import pytest

from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.integrations import update_credentials
from channels.models import Integration
from notifications import dispatch
from notifications.engine import Drain
from tests.notifications.conftest import NO_QUIET, QUEUES
from tests.notifications.flows import CONTACTS, chat, publish_flow, sms

FEW = ("few", "throttle", {"limit": 1, "window_s": 3600})
GATHER = ("gather", "digest", {"window_s": 3600})
SPLIT = ("ab", "ab_split", {"variants": [{"key": "a", "weight": 1}, {"key": "b", "weight": 1}]})
BIG = ("big", "condition", {"if": "total > 1"})
SCHEMA = {"type": "object", "properties": {"total": {"type": "number", "default": 0}}}
COUNT = "Заказов: {{ digest.count }}"


@pytest.fixture
def limited(reminders):
    """A salon where everything is limited to one."""
    salon = reminders.salon
    reminders.limit(**NO_QUIET, per_hour=2, same_text_minutes=60)
    publish_flow(salon, "code", sms("Код {{ total }}"), schema=SCHEMA)
    publish_flow(salon, "news", FEW, chat("Новость {{ total }}"), schema=SCHEMA)
    publish_flow(salon, "orders", GATHER, chat(COUNT))
    publish_flow(salon, "spring", sms("Весна"), category="mk")
    publish_flow(salon, "summer", sms("Лето"), category="mk")
    return reminders


def rounds(line, worker, *names) -> list[tuple[str, str]]:
    """Trigger these; give what the log says of it, sorted."""
    before = len(line.log)
    for number, name in enumerate(names):
        line.trigger(name.split(":")[0], CONTACTS, {"total": int(name.partition(":")[2] or number)})
        worker.drain_dry()
    return sorted(line.log[before:])


def test_no_limit_is_forgotten_with_redis(limited, worker):
    first = rounds(limited, worker, "code:1", "news", "orders", "spring")
    assert first == [
        *[("done", "")],
        *[("sent", "")] * 3,
        *[("waiting", "digest_open")],
    ]

    dispatch.server().flushdb()
    again = rounds(limited, worker, "code:1", "code:2", "code:3", "news", "orders", "summer")

    assert [(status, reason) for status, reason in again if status != "merged"] == [
        ("sent", ""),  # the second code of two that an hour allows
        ("skipped", "duplicate"),
        ("skipped", "frequency_cap"),
        ("skipped", "step_throttled"),
        ("waiting", "hourly_cap"),
    ]
    limited.hurry()
    worker.drain_dry()
    assert "Заказов: 2" in [message.body for message in limited.messages]


@pytest.mark.parametrize("category", ["tx", "mk"])
def test_a_salons_day_is_not_forgotten_with_redis(limited, worker, category):
    name = "code" if category == "tx" else "spring"
    limited.limit(**{f"{category}_per_day": 1})
    rounds(limited, worker, name)

    dispatch.server().flushdb()
    limited.trigger(name, {"subscriberId": "olga", "phone": "+79160000002"}, {"total": 9})
    worker.drain_dry()

    assert limited.log[-1] == ("waiting", f"daily_{category}_limit")


def test_every_kind_of_step_goes_on_without_redis_and_marketing_waits_for_it(
    limited, worker, provider, settings
):
    for kind in ("sms", "chat"):
        (account,) = [one for one in limited.all(Integration) if one.kind == kind]
        update_credentials(limited.salon.pk, account.pk, {"rate": "3/60"})
    reply = ("wait", "wait_for_reply", {"timeout_s": 60})
    staff = ("staff", "escalate", {})
    settled = {"of": "ask", "when": "not_delivered", "after_s": 60}
    again = ("again", "fallback", settled, {"channels": ["sms"], "body": "Ещё раз"})
    pause = ("pause", "delay", {"seconds": 60})
    inbox = ("inbox", "in_app", {}, {"body": "В кабинете"})
    steps = [FEW, BIG, SPLIT, GATHER, pause, inbox, chat("Придёте?", "ask"), reply, again, staff]
    publish_flow(limited.salon, "all", *steps)
    with_redis = settings.REDIS_URL
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    dispatch.server.cache_clear()
    gateway = Gateway(guard=AddressGuard(("127.0.0.1",)))
    limited.trigger("all", CONTACTS, {"total": 5})
    limited.trigger("spring", CONTACTS | {"subscriberId": "olga", "phone": "+79160000002"}, {})
    try:
        for _ in range(5):
            Drain(QUEUES, gateway, "test").drain_dry()
            limited.hurry()
    finally:
        gateway.close()
        settings.REDIS_URL = with_redis
        dispatch.server.cache_clear()

    assert [m.body for m in limited.messages] == ["В кабинете", "Придёте?", "Ещё раз"]
    assert ("waiting", "provider_limit") in limited.log
    assert [body["category"] for body in provider.bodies] == ["tx", "tx"]
    worker.drain_dry()
    assert limited.messages[-1].body == "Весна"
    assert limited.due == []
