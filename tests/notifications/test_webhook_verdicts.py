"""How a call is signed and what its answer means: numbers only.

Vectors: tests/payloads/webhook/standard_webhooks.json (Standard Webhooks 1.0.0).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from channels.errors import Ambiguous, NotStarted, Permanent
from channels.request import HttpResponse
from notifications.webhooks.signing import signed_headers
from notifications.webhooks.verdicts import MOST_ATTEMPTS, judge
from tests.for_each import for_each

PAYLOADS = Path(__file__).parents[1] / "payloads" / "webhook"
VECTORS = json.loads((PAYLOADS / "standard_webhooks.json").read_text())
NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)  # of the vectors
HOUR = 3600


def answered(status, *, attempts=1, jitter=0.0, body=b"", **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return judge(HttpResponse(status, names, body), attempts, NOW, jitter)


def waits_s(verdict):
    assert verdict.state == "pending"
    return (verdict.due_at - NOW).total_seconds()


def signed(vector, *secrets):
    moment = datetime.fromtimestamp(int(vector["webhook-timestamp"]), UTC)
    moscow = moment.astimezone(ZoneInfo("Europe/Moscow"))  # the same moment
    return signed_headers(secrets, vector["webhook-id"], vector["raw_body"], moscow)


def test_the_signature_is_that_of_the_specification():
    vector = VECTORS["library_vector"]

    headers = signed(vector, vector["secret"])

    assert headers == {name: vector[name] for name in headers}


def test_during_a_rotation_the_new_secret_signs_first():
    vector = VECTORS["rotation"]

    headers = signed(vector, vector["new_secret"], vector["old_secret"])

    assert headers["webhook-signature"] == vector["webhook-signature"]


@for_each("case", VECTORS["receiver_answers"])
def test_each_answer_of_the_vectors_means_what_they_say(case):
    named = {name.lower().replace("-", "_"): text for name, text in case.get("headers", {}).items()}

    verdict = answered(case["http"], **named)

    asked = {"30": 30, "Fri, 20 Nov 2026 10:05:00 GMT": 300, None: None}
    wanted = asked[case.get("headers", {}).get("Retry-After")]
    states = {"ok": "delivered", "disable_endpoint": "failed"}
    assert verdict.state == states.get(case["expect"], "pending")
    assert verdict.is_gone == (case["expect"] == "disable_endpoint")
    assert verdict.until == (NOW + timedelta(seconds=wanted) if wanted else None)


@for_each("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_success(status):
    verdict = answered(status)

    assert (verdict.state, verdict.is_fine) == ("delivered", True)


def test_each_failure_waits_longer_and_the_eighth_is_the_last():
    waits = [waits_s(answered(500, attempts=n)) for n in range(1, MOST_ATTEMPTS)]

    assert waits == [5, 300, 1800, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR]
    assert answered(500, attempts=MOST_ATTEMPTS).state == "failed"
    assert MOST_ATTEMPTS == 8


def test_jitter_only_ever_adds_a_tenth():
    assert waits_s(answered(500, attempts=2, jitter=1.0)) == 330


@for_each("status", [301, 302, 307, 400, 401, 404, 500, 502])
def test_all_else_is_tried_again(status):
    verdict = answered(status)

    assert waits_s(verdict) == 5
    assert verdict.is_fine is False


def test_gone_ends_the_endpoint():
    verdict = answered(410)

    assert (verdict.state, verdict.is_gone) == ("failed", True)


@for_each("status", [429, 502, 503, 504])
def test_an_endpoint_that_asks_for_time_gets_it(status):
    verdict = answered(status, retry_after="120")

    assert waits_s(verdict) == 120
    assert verdict.until == NOW + timedelta(seconds=120)


def test_the_schedule_wins_when_it_waits_longer():
    assert waits_s(answered(503, attempts=4, retry_after="1")) == 2 * HOUR


def test_nobody_may_ask_for_more_than_a_day():
    assert waits_s(answered(429, retry_after="99999999999")) == 24 * HOUR


@for_each("text", ["soon", "-5", "", "0"])
def test_an_unreadable_wish_for_time_is_none(text):
    assert answered(429, retry_after=text).until is None


def test_other_answers_cannot_ask_for_time():
    assert answered(500, retry_after="120").until is None


def test_a_call_that_did_not_leave_costs_no_attempt():
    verdict = judge(NotStarted("no free slot"), 3, NOW, 0.0)

    assert (verdict.unused, verdict.is_fine) == (1, None)


@pytest.mark.parametrize("error", [Ambiguous("time-out"), Permanent("target is not allowed")])
def test_a_broken_call_is_tried_again_and_says_why(error):
    verdict = judge(error, 1, NOW, 0.0)

    assert waits_s(verdict) == 5
    assert verdict.answer == error.detail


def test_only_the_beginning_of_an_answer_is_kept_on_one_line():
    verdict = answered(500, body="нет\n\0\n".encode() + b"x" * 5000)

    assert verdict.answer.startswith("нет xxx")
    assert len(verdict.answer) == 200
