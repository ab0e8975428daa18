"""The providers' door: who may come in, what is kept, and what a repetition changes."""

from __future__ import annotations

import json
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import DataError, connection

from channels.integrations import add_integration
from channels.told import Callback
from notifications import callback_tasks
from notifications.callback_wake import DEEDS, REPORTS
from notifications.callbacks import MOST_BYTES, receive
from notifications.dispatch import server
from notifications.keeping import Kept, keep, keeper
from notifications.models import LogEntry
from tenants.errors import NotFound, TooLarge, Unauthorized
from tenants.ids import uuid7
from tenants.owner import as_owner
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.phone_line import PhoneLine, press, status


@pytest.fixture
def salon():
    """A demo salon, whose messages go to the Phone."""
    return TenantFactory(is_sandbox=True)


@pytest.fixture
def line(salon) -> PhoneLine:
    return PhoneLine(salon)


@pytest.fixture
def url(line) -> str:
    return f"/v1/callbacks/{line.row.pk}/{line.row.callback_token}"


def post(client, url: str, callback: Callback):
    return client.post(
        url, callback.body, content_type="application/json", headers=dict(callback.headers)
    )


def test_a_signed_report_is_kept_and_answered_at_once(client, line, url):
    answer = post(client, url, line.callback(status("delivered", uuid7(), "k1")))

    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    (row,) = line.received
    assert (row.key, row.event["state"], row.applied_at) == ("k1", "delivered", None)


def test_a_repetition_keeps_nothing_new(line):
    event = status("delivered", uuid7(), "k1")

    assert [line.report(event), line.report(event), line.report(event, event)] == [1, 0, 0]
    assert len(line.received) == 1


def test_two_salons_may_have_the_same_key(line):
    other = PhoneLine(TenantFactory(is_sandbox=True))

    assert line.report(status("read", uuid7(), "k1")) == 1
    assert other.report(status("read", uuid7(), "k1")) == 1
    assert len(line.received) == len(other.received) == 1


@pytest.mark.parametrize("token", ["wrong", "Ж", "0" * 43])
def test_a_wrong_token_is_404_and_shows_nothing_of_the_right_one(client, line, token):
    answer = client.post(f"/v1/callbacks/{line.row.pk}/{token}", b"{}", "application/json")

    body = answer.json()
    assert (answer.status_code, body["statusCode"]) == (404, 404)
    assert token not in json.dumps(body, ensure_ascii=False)


def test_an_unknown_integration_is_404(client, line):
    with pytest.raises(NotFound):
        receive(uuid4(), line.row.callback_token, line.callback())

    assert client.post(f"/v1/callbacks/{uuid4()}/t", b"{}", "application/json").status_code == 404


def test_another_salons_token_opens_nothing(line):
    other = PhoneLine(TenantFactory(is_sandbox=True))

    with pytest.raises(NotFound):
        receive(line.row.pk, other.row.callback_token, line.callback())


def test_a_wrong_signature_is_401_and_keeps_nothing(client, line, url):
    answer = post(client, url, line.callback(status("read", uuid7()), secret="another"))

    assert answer.status_code == 401
    assert line.received == []
    with pytest.raises(Unauthorized):
        receive(line.row.pk, line.row.callback_token, Callback(b"{}", {}))


def test_a_changed_byte_is_401(client, line, url):
    callback = line.callback(status("delivered", uuid7()))

    changed = Callback(callback.body.replace(b"delivered", b"read"), callback.headers)

    assert post(client, url, changed).status_code == 401


def test_a_body_over_a_megabyte_is_413(client, line, url):
    answer = client.post(url, b"x" * (MOST_BYTES + 1), "application/json")

    assert (answer.status_code, answer.json()["statusCode"]) == (413, 413)
    with pytest.raises(TooLarge):
        receive(line.row.pk, line.row.callback_token, Callback(b"x" * (MOST_BYTES + 1), {}))


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_405(client, url, method):
    answer = getattr(client, method)(url)

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")


def test_a_get_that_is_no_handshake_is_401(client, url):
    assert client.get(url).status_code == 401


def test_only_listed_addresses_may_call(client):
    salon = TenantFactory()
    row = add_integration(
        salon.pk,
        "telegram",
        {"token": "1:a", "webhook_secret": "hush", "callback_networks": "203.0.113.0/24, ::1"},
        identifier="bot",
    )
    url = f"/v1/callbacks/{row.pk}/{row.callback_token}"

    def call(address: str) -> int:
        headers = {"X-Telegram-Bot-Api-Secret-Token": "hush"}
        return client.post(
            url, b"{}", "application/json", headers=headers, REMOTE_ADDR=address
        ).status_code

    assert [call(a) for a in ("203.0.113.9", "::1", "127.0.0.1", "")] == [200, 200, 403, 403]


def test_many_that_call_at_once_each_hear_of_their_own(line):
    """They share a transaction; one of them is refused by the database and pays alone."""
    wanted = [str(uuid4()) for _ in range(60)]

    def call(key: str) -> int:
        try:
            return line.report(status("read", uuid7(), key), status("read", uuid7(), key))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, wanted)) == {1}
    assert sorted(row.key for row in line.received) == sorted(wanted)


def test_what_the_database_refuses_costs_nobody_else_his_callback(line):
    """Eight wait while one is written, and what one of them brings is no JSON."""

    def kept(key: str, event: str = "{}") -> Kept:
        return Kept(line.salon.pk, line.row.pk, key, event, datetime.now(UTC), uuid7(), "")

    def call(row: Kept) -> int:
        try:
            return keep([row])
        except DataError:
            return -1
        finally:
            connection.close()  # this thread's own

    with ThreadPoolExecutor(9) as pool:
        with tenant_scope(line.salon.pk):
            keep([kept("same")])  # whoever keeps it, too, must wait for this transaction
            writing = pool.submit(call, kept("same"))
            wait_for(lambda: keeper.is_serving)
            rows = [kept(str(index), "{" if index == 3 else "{}") for index in range(8)]
            waiting = [pool.submit(call, row) for row in rows]
            wait_for(lambda: len(keeper.waiting) == len(rows))
        heard = [one.result(timeout=30) for one in (writing, *waiting)]

    assert heard == [0, *(-1 if index == 3 else 1 for index in range(8))]
    assert len(line.received) == 8


def wait_for(question) -> None:
    deadline = time.monotonic() + 30
    while not question():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_signed_body_that_the_adapter_cannot_read_is_answered_and_dropped(line, caplog):
    assert line.report("not an object") == 0

    assert line.received == []
    assert "could not be read" in caplog.text


def test_text_that_postgresql_refuses_is_kept_without_it(line):
    event = {"type": "text", "key": "a\0b", "address": "+7", "value": "да\0 \ud800!"}

    assert [line.report(event), line.report(event)] == [1, 0]
    assert line.received[0].event["value"] == "да ?!"


def test_a_report_without_a_key_is_still_kept_once(line):
    event = {"type": "text", "key": "", "address": "+7", "value": "да"}

    assert [line.report(event), line.report(event)] == [1, 0]


@pytest.mark.parametrize(
    ("event", "work", "queue"),
    [
        ({"type": "text", "key": "k", "address": "+7", "value": "да"}, DEEDS, "rq:queue:high"),
        ({"type": "read", "key": "k", "message_id": "none"}, REPORTS, "rq:queue:normal"),
    ],
    ids=["what a client does goes before", "what a provider reports does not"],
)
def test_one_job_is_asked_for_what_was_kept(line, event, work, queue):
    server().delete(work.flag, queue)

    line.report(event)

    _, job = server().blpop([queue], timeout=10)
    asked = json.loads(zlib.decompress(server().hget(b"rq:job:" + job, "data")))
    assert asked[2] == [list(work.kinds)]
    work.ask()
    assert server().llen(queue) == 0


def test_the_job_applies_what_is_open_and_lets_the_next_wake_up_through(line):
    event = {"type": "text", "key": "k", "address": "+7", "value": "да"}
    line.report(event)
    server().set(DEEDS.flag, 1, ex=60)  # it was asked for
    server().delete(f"rq:queue:{DEEDS.queue}")

    callback_tasks.apply_callbacks()

    assert line.received[0].applied_at is not None
    line.report({**event, "key": "k2"})
    assert server().blpop([f"rq:queue:{DEEDS.queue}"], timeout=10)


def test_a_report_without_a_message_waits_longer_each_time_and_is_given_up_after_a_day(line):
    line.report(status("delivered", uuid7()))
    waits: list[timedelta] = []
    for _ in range(3):
        before = line.received[0].due_at
        line.work(ahead=timedelta(minutes=len(waits)))
        waits.append(line.received[0].due_at - before)

    assert line.received[0].applied_at is None
    assert waits == sorted(waits)
    line.work(ahead=timedelta(hours=25))
    (row,) = line.received
    assert row.applied_at is not None
    assert row.event["note"] == "no_message"


def test_a_callback_that_breaks_does_not_hold_up_the_others(line, caplog):
    line.report(*[{"type": "text", "key": f"k{n}", "address": "", "value": ""} for n in range(5)])
    broken = line.received[2]
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(
            'update notifications_receivedcallback set event = \'{"type": "nonsense"}\''
            " where id = %s",
            [broken.pk],
        )

    line.work()

    assert [row.applied_at is None for row in line.received] == [False, False, True, False, False]


def test_a_press_without_a_message_waits_too(line):
    line.told(press(uuid7(), "confirm", "+79161234567"))

    assert line.received[0].applied_at is None
    assert line.received[0].attempt == 1


def test_workers_that_apply_at_once_neither_double_nor_lock_each_other(
    line, reminders, worker, provider, settings
):
    settings.PHONE_URL = provider.url.rstrip("/")
    reminders.trigger(to=[{"subscriberId": f"c{n}", "phone": f"+7916123{n:04}"} for n in range(20)])
    worker.drain_dry()
    sent = [message for message in reminders.messages if message.channel == "phone"]
    everything = [
        event
        for message in sent
        for event in (
            status("read", message),
            status("delivered", message),
            press(message, "confirm", f"+7916123{0:04}"),
        )
    ]
    for events in (everything, list(reversed(everything))):
        line.report(*[{**event, "key": str(uuid4())} for event in events])

    def work() -> None:
        try:
            for _ in range(3):
                callback_tasks.apply_callbacks()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for _ in range(4)]:
            done.result()

    assert all(row.applied_at for row in line.received)
    assert {m.state for m in reminders.messages if m.channel == "phone"} == {"read"}
    read = [entry.message_id for entry in reminders.all(LogEntry) if entry.status == "read"]
    assert sorted(read) == sorted(message.pk for message in sent)
    assert [entry for entry in reminders.log if entry[0] == "answered"] == [("answered", "confirm")]
