"""The answer to "why did she not get it?": what the engine did, line by line, and in words."""

from __future__ import annotations

import ast
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import notifications
from channels.errors import Outcome
from notifications.story import stories, story, tell
from notifications.story_reasons import REASONS
from notifications.story_words import STATUSES
from tenants.scope import tenant_scope
from tests.notifications.conftest import PROMO
from tests.notifications.statements import statements

ENGINE = ("engine", "preparing", "verdict", "settling", "limits", "gates")
CLOCK = re.compile(r"^\d\d:\d\d:\d\d ")


def read(reminders, transaction_id, mode="live"):
    with tenant_scope(reminders.salon.pk):
        return story(reminders.salon.pk, mode, transaction_id)


def sentences(reminders, transaction_id, language="ru"):
    """The told lines without their times."""
    return [CLOCK.sub("", line) for line in tell(read(reminders, transaction_id), language)]


def test_a_story_holds_who_what_where_and_the_providers_answer(reminders, worker):
    transaction_id = reminders.trigger()
    worker.drain_dry()

    (one,) = read(reminders, transaction_id)

    assert (one.subscriber, one.workflow, one.state) == (
        "anna",
        "appointment-reminder-24h",
        "completed",
    )
    assert [(line.status, line.step, line.channel) for line in one.lines] == [
        ("accepted", "", ""),
        ("delivered", "inbox", "in_app"),
        ("sent", "message", "phone"),
    ]
    sent = one.lines[-1]
    assert (sent.provider, sent.detail, sent.address) == ("webhook", '{"status": 200}', "+7***4567")
    assert "Стрижка" in sent.text
    assert [line.time for line in one.lines] == sorted(line.time for line in one.lines)


def test_a_story_is_told_in_both_languages(reminders, worker):
    transaction_id = reminders.trigger()
    worker.drain_dry()

    assert sentences(reminders, transaction_id) == [
        "принято",
        "доставлено в личный кабинет",
        "отправлено по SMS (вебхук), ответ 200",
    ]
    assert sentences(reminders, transaction_id, "en") == [
        "accepted",
        "delivered to the inbox",
        "sent by SMS (webhook), answer 200",
    ]


def test_times_are_the_salons(reminders):
    (one,) = read(reminders, transaction_id := reminders.trigger())

    told = tell(read(reminders, transaction_id), "ru")[0]

    moscow = one.lines[0].time + timedelta(hours=3)
    assert told.startswith(f"{moscow:%H:%M:%S} ")


def test_work_that_nobody_has_taken_is_queued(reminders):
    transaction_id = reminders.trigger()

    assert read(reminders, transaction_id)[0].state == "queued"
    assert sentences(reminders, transaction_id)[-1] == "в очереди на отправку"


def test_what_is_scheduled_says_until_when(reminders):
    at = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    transaction_id = reminders.trigger(scheduledAt=at.isoformat())

    (one,) = read(reminders, transaction_id)

    assert (one.state, one.waits_until, one.waits_for) == ("delayed", at, "scheduled")
    assert "отправка" in sentences(reminders, transaction_id)[0]


def test_a_failed_attempt_waits_and_says_for_what(reminders, worker, provider):
    provider.answer = lambda body: (500, {}, b"")
    transaction_id = reminders.trigger()
    worker.drain_dry()

    (one,) = read(reminders, transaction_id)

    assert (one.state, one.waits_for, one.lines[-1].status) == ("delayed", "retry", "retry")
    assert one.waits_until > one.lines[-1].time
    assert sentences(reminders, transaction_id)[-1].startswith("ждёт до ")


def test_a_skip_is_told_with_its_reason(reminders, worker):
    transaction_id = reminders.trigger(to={"subscriberId": "nobody"})
    worker.drain_dry()

    assert sentences(reminders, transaction_id)[-1] == (
        "шаг «message» пропущен: у клиента нет адреса для этого шага"
    )


def test_a_refusal_is_told_with_the_providers_words(reminders, worker, provider):
    provider.answer = lambda body: (400, {}, b"")
    transaction_id = reminders.trigger()
    worker.drain_dry()

    assert read(reminders, transaction_id)[0].state == "failed"
    assert sentences(reminders, transaction_id, "en")[-1] == (
        "not delivered by SMS (webhook): the provider refused the text,"
        " answer: 400 refused by the receiver"
    )


def test_each_of_several_clients_has_a_heading(reminders):
    transaction_id = reminders.trigger("promo-notification", to=["anna", "vera"], payload=PROMO)

    told = tell(read(reminders, transaction_id), "ru")

    assert sorted(line for line in told if line.endswith(":")) == ["anna:", "vera:"]


def test_a_foreign_salon_and_the_other_mode_see_nothing(reminders, other_salon):
    transaction_id = reminders.trigger()
    (mine,) = read(reminders, transaction_id)

    assert read(reminders, transaction_id, "test") == []
    with tenant_scope(other_salon.pk):
        assert story(other_salon.pk, "live", transaction_id) == []
        assert story(reminders.salon.pk, "live", transaction_id) == []
        assert stories(reminders.salon.pk, [mine.notification]) == []


def test_a_hundred_recipients_cost_one_statement(reminders):
    people = [f"client-{number}" for number in range(100)]
    transaction_id = reminders.trigger(to=people)

    with tenant_scope(reminders.salon.pk), statements() as seen:
        found = story(reminders.salon.pk, "live", transaction_id)

    assert len(found) == 100
    assert len(seen) == 1


def reasons_of_the_engine() -> set[str]:
    """Collect every literal that the engine hands over as a reason."""
    room = Path(notifications.__file__).parent
    files = [room / f"{name}.py" for name in ENGINE] + [*(room / "steps").glob("*.py")]
    found: set[str] = set()
    for path in files:
        tree = ast.parse(path.read_text())
        rules = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                found |= _reasons(node, rules)
            if isinstance(node, ast.Constant) and str(node.value).endswith("_cap"):
                found.add(str(node.value))
    return found


def _reasons(call, rules: dict[str, ast.FunctionDef]) -> set[str]:
    places = {
        "Skip": 0,
        "Fail": 0,
        "Cancel": 0,
        "Wait": 1,
        "Retry": 1,
        "Reroute": 2,
        "Heal": 2,
        "Limit": 5,
    }
    given = [word.value for word in call.keywords if word.arg == "reason"]
    place = places.get(call.func.id)
    if place is not None and len(call.args) > place:
        given.append(call.args[place])
    return {word for node in given for word in _words(node, rules)}


def _words(node: ast.expr, rules: dict[str, ast.FunctionDef]) -> set[str]:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in rules:
        returned = [r.value for r in ast.walk(rules[node.func.id]) if isinstance(r, ast.Return)]
        return {word for value in returned if value for word in _words(value, rules)}
    if isinstance(node, ast.IfExp):
        return _words(node.body, rules) | _words(node.orelse, rules)
    if isinstance(node, ast.Constant):
        return {str(node.value)} if node.value else set()
    if isinstance(node, ast.JoinedStr):
        pattern = "".join(
            str(part.value) if isinstance(part, ast.Constant) else "[a-z]+" for part in node.values
        )
        pattern = pattern.partition(":")[0]  # what stands behind it says which one
        matching = {word for word in REASONS if re.fullmatch(pattern, word)}
        return matching or {pattern}
    return set()


def test_every_reason_of_the_engine_has_words():
    found = reasons_of_the_engine()

    assert {"no_address", "hourly_cap", "daily_tx_limit", "salon_closed", "delay"} <= found
    assert found - REASONS.keys() == set()


def test_every_outcome_of_a_provider_has_words():
    assert {str(outcome) for outcome in Outcome} - REASONS.keys() == set()


@pytest.mark.parametrize("table", [REASONS, STATUSES])
def test_every_word_is_there_in_both_languages(table):
    for russian, english in table.values():
        assert re.search("[а-яё]", russian)
        assert not re.search("[а-яё]", english)
