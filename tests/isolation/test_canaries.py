"""What is personal or secret goes its way and leaves no trace where it does not belong.

One client with a name, a telephone, an e-mail, a chat and a text that exist nowhere else goes
through triggers, sends, provider errors, callbacks and the admin, with every fault on the way.
Then logs, Redis, metrics, error pages and the delivery log are searched for all of it.
"""

from __future__ import annotations

import io
import json
import logging
import random
import zlib
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client

from channels.gateway import Gateway
from channels.guard import AddressGuard
from channels.integrations import add_integration
from config.logs import formatter
from notifications.dispatch import server
from notifications.engine import Drain
from notifications.models import LogEntry
from tenants.members import add_member
from tests.api_client import Api
from tests.factories import ApiKeyFactory, TenantFactory
from tests.isolation.planting import forget_open_work, superuser
from tests.notifications.conftest import QUEUES, Reminders
from tests.provider import Answer, Provider

OK = json.dumps({"ok": True, "result": {"message_id": 1, "chat": {"id": 1}}}).encode()
OK_ANSWER: Answer = (200, {}, OK)


@dataclass
class Secrets:
    """What nobody but the client, her salon and its provider may read."""

    mark: str = field(default_factory=lambda: uuid4().hex[:14])
    number: str = field(default_factory=lambda: str(random.randint(10**6, 10**7 - 1)))
    api_key: str = ""

    @property
    def phone(self) -> str:
        return f"+7916{self.number}"

    @property
    def email(self) -> str:
        return f"anna.{self.mark}@mail.test"

    @property
    def token(self) -> str:
        return f"70{self.number}:AA{self.mark}{self.mark}{self.mark}"[:46]

    @property
    def chat(self) -> str:
        return f"55{self.number}1"

    def found_in(self, text: str) -> list[str]:
        """Give lines that tell any of it, however it is written."""
        needles = [self.mark, self.number, self.api_key, quote(self.email), quote(self.phone)]
        return [
            line[:600] for line in text.splitlines() if any(needle in line for needle in needles)
        ]


@dataclass
class Journey:
    """Everything that was written on the way."""

    secrets: Secrets
    reminders: Reminders
    logs: str = ""
    redis: str = ""
    metrics: str = ""
    error_pages: dict[str, str] = field(default_factory=dict)
    statuses: set[int] = field(default_factory=set)


@pytest.fixture(scope="module")
def journey(django_db_setup, django_db_blocker):
    """Go the whole way once."""
    with django_db_blocker.unblock():
        provider, secrets = Provider(), Secrets()
        one = Journey(secrets, Reminders(TenantFactory.create(), provider))
        server().flushdb()
        with everything_logged() as written:
            go(one, provider)
        one.logs, one.redis = written.getvalue(), dumped()
        one.metrics = Client().get("/metrics").content.decode()
        provider.close()
        forget_open_work()
        server().flushdb()
        yield one


def test_the_journey_went_all_the_way(journey):
    assert {201, 400, 401, 404, 422, 500} <= journey.statuses
    assert {"sent", "retry"} <= {status for status, _ in journey.reminders.log}
    assert len(journey.logs.splitlines()) > 20
    assert "kolokol:" in journey.redis
    assert "rq:job:" in journey.redis


def test_logs_hold_nothing_personal_and_no_secret(journey):
    assert journey.secrets.found_in(journey.logs) == []


def test_redis_holds_nothing_personal_and_no_secret(journey):
    assert journey.secrets.found_in(journey.redis) == []


def test_metrics_hold_nothing_personal_and_no_salon(journey):
    assert journey.secrets.found_in(journey.metrics) == []
    assert journey.reminders.salon.slug not in journey.metrics
    assert str(journey.reminders.salon.pk) not in journey.metrics


def test_error_pages_hold_nothing_of_the_request(journey):
    assert len(journey.error_pages) == 4
    for path, page in journey.error_pages.items():
        assert journey.secrets.found_in(page) == [], path
        assert "Traceback" not in page


def test_the_delivery_log_holds_nothing_personal(journey):
    lines = [
        f"{line.status} {line.reason} {line.detail}" for line in journey.reminders.all(LogEntry)
    ]
    letters = [f"{letter.reason} {letter.detail}" for letter in journey.reminders.letters]
    masked = [message.address for message in journey.reminders.messages]

    assert lines
    assert journey.secrets.found_in("\n".join(lines + letters + masked)) == []


@contextmanager
def everything_logged():
    """Write all loggers down to DEBUG as the product's handler would."""
    out, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter())
    calls = logging.getLogger("channels.calls")
    levels = root.level, calls.level
    root.setLevel(logging.DEBUG)  # which also forgets what loggers remember of their levels
    calls.setLevel(logging.DEBUG)
    root.addHandler(handler)
    try:
        yield out
    finally:
        root.removeHandler(handler)
        root.setLevel(levels[0])
        calls.setLevel(levels[1])


def dumped():
    """Read every key of Redis with its value; RQ compresses its payloads."""
    found = []
    for key in server().scan_iter():
        kind = server().type(key)
        values = {
            b"string": lambda key=key: [server().get(key)],
            b"hash": lambda key=key: [x for pair in server().hgetall(key).items() for x in pair],
            b"list": lambda key=key: server().lrange(key, 0, -1),
            b"set": lambda key=key: list(server().smembers(key)),
            b"zset": lambda key=key: server().zrange(key, 0, -1),
            b"stream": lambda key=key: [str(server().xrange(key)).encode()],
        }[kind]()
        found += [plain(key), *map(plain, values)]
    return "\n".join(found)


def plain(value):
    try:
        return zlib.decompress(value).decode(errors="replace")
    except zlib.error:
        return value.decode(errors="replace")


def go(one, provider):
    secrets, salon = one.secrets, one.reminders.salon
    telegram = Provider(answer=lambda body: (200, {}, OK))
    bot = add_integration(
        salon.pk,
        "telegram",
        {"token": secrets.token, "api_base": telegram.url, "webhook_secret": f"hush{secrets.mark}"},
        identifier="bot",
    )
    one.reminders.workflow("note", ("chat", {"channels": ["telegram", "sms"]}), priority="high")
    secrets.api_key = ApiKeyFactory.create(tenant=salon).text
    api = Api(secrets.api_key)
    call_api(one, api)
    send(one, api, telegram, provider)
    hear(one, bot)
    look(one, bot)
    break_things(one, api)
    telegram.close()


def person(secrets, **changed):
    return {
        "subscriberId": f"client-{secrets.mark}",
        "firstName": f"Имя{secrets.mark}",
        "phone": secrets.phone,
        "email": secrets.email,
        "channels": {"telegram": [secrets.chat]},
    } | changed


def call_api(one, api):
    """Ask rightly and wrongly."""
    secrets = one.secrets
    text = {"clientName": f"текст{secrets.mark}"}
    answers = [
        api.post("/v2/subscribers", person(secrets)),
        api.post("/v2/subscribers", person(secrets, phone=f"{secrets.phone}x")),
        api.post("/v1/events/trigger", {"name": secrets.mark, "to": person(secrets)}),
        api.post("/v1/events/trigger", {"name": "note", "to": person(secrets), "payload": text}),
        api.post(
            "/v1/events/trigger",
            {
                "name": "note",
                "to": person(secrets),
                "payload": {"clientName": {"a": secrets.email}},
            },
        ),
        api.call("POST", "/v1/events/trigger", raw=f'{{"to": "{secrets.email}'.encode()),
        api.get(f"/v2/subscribers?email={quote(secrets.email)}&phone={quote(secrets.phone)}"),
        api.get(f"/v2/subscribers/{quote(secrets.email)}"),
        api.get(f"/v2/nothing/{quote(secrets.phone)}?key={secrets.api_key}"),
        Api(secrets.api_key + "0").get(f"/v2/subscribers?phone={quote(secrets.phone)}"),
    ]
    one.statuses |= {answer.status_code for answer in answers}


def send(one, api, telegram, provider):
    """Send; then let the providers fail in every way, quoting what they were told."""
    secrets = one.secrets
    guard = AddressGuard(("127.0.0.1",))
    gateways = [Gateway(guard=guard), Gateway(guard=guard, client="requests")]
    workers = [Drain(QUEUES, gateway, "canaries") for gateway in gateways]
    quoting = f'Bad Request: cannot parse "{secrets.mark}" of {secrets.chat}'
    faults = [
        OK_ANSWER,
        (400, {}, json.dumps({"ok": False, "error_code": 400, "description": quoting}).encode()),
        (403, {}, json.dumps({"ok": False, "error_code": 403, "description": quoting}).encode()),
        (500, {}, f"<p>{secrets.token} {secrets.email}</p>".encode()),
        (418, {}, f"{secrets.token} {secrets.phone}".encode()),
        (0, {}, b""),
        (401, {}, json.dumps({"ok": False, "error_code": 401, "description": quoting}).encode()),
    ]
    for turn, fault in enumerate([OK_ANSWER, *faults]):
        telegram.answer = lambda body, fault=fault: fault
        provider.answer = lambda body, fault=fault: (fault[0], {}, fault[2])
        payload = {"clientName": f"текст{secrets.mark}"}
        api.post("/v1/events/trigger", {"name": "note", "to": person(secrets), "payload": payload})
        workers[turn % 2].drain_dry()
    for gateway in gateways:
        gateway.close()


def hear(one, bot):
    """Let the provider call, rightly and wrongly."""
    secrets = one.secrets
    url = f"/v1/callbacks/{bot.pk}/{bot.callback_token}"
    message = {
        "message_id": 1,
        "date": 1,
        "chat": {"id": int(secrets.chat), "type": "private"},
        "from": {"id": int(secrets.chat), "is_bot": False, "first_name": f"Имя{secrets.mark}"},
        "text": f"текст{secrets.mark}",
    }
    right = {"X-Telegram-Bot-Api-Secret-Token": f"hush{secrets.mark}"}
    for body, headers in (
        (json.dumps({"update_id": 1, "message": message}), right),
        (json.dumps({"update_id": 1, "message": message}), {}),
        (f"{{broken {secrets.email}", right),
    ):
        Client().post(url, body, content_type="application/json", headers=headers)
    Client().post(f"{url}{secrets.mark}", "{}", content_type="application/json")


def look(one, bot):
    """Look at everything in the admin, and type secrets into forms."""
    secrets, visitor = one.secrets, member(one)
    for word in (secrets.email, secrets.phone, secrets.mark):
        for screen in ("tenants/subscriber", "notifications/message", "channels/integration"):
            visitor.get(f"/admin/{screen}/?q={quote(word)}")
    page = f"/admin/channels/integration/{bot.pk}/change/"
    visitor.post(page, {"name": "Бот", "position": 0, "credential_token": secrets.token,
                        "_save_and_check": "1"})  # fmt: skip
    visitor.get(page)
    visitor.get(f"/admin/nothing/?q={quote(secrets.email)}")
    Client().post("/admin/login/", {"username": secrets.email, "password": secrets.mark})


def member(one):
    visitor = Client(raise_request_exception=False)
    made = add_member(
        one.reminders.salon.pk, "owner", login=f"o-{uuid4().hex[:12]}", password="only for tests"
    )
    visitor.force_login(made.user)
    return visitor


def break_things(one, api):
    """Take a table away: every page and route that needs it fails."""
    secrets, visitor = one.secrets, member(one)
    query = f"?q={quote(secrets.email)}&email={quote(secrets.email)}&phone={quote(secrets.phone)}"
    with superuser() as admin:
        admin.execute("alter table tenants_subscriber rename to hidden")
    try:
        answers = [
            api.get(f"/v2/subscribers{query}"),
            api.post("/v1/events/trigger", {"name": "note", "to": person(secrets)}),
            visitor.get(f"/admin/tenants/subscriber/{query}"),
            visitor.post(f"/admin/tenants/subscriber/add/{query}", person(secrets)),
        ]
    finally:
        with superuser() as admin:
            admin.execute("alter table hidden rename to tenants_subscriber")
    one.statuses |= {answer.status_code for answer in answers}
    one.error_pages = {str(n): answer.content.decode() for n, answer in enumerate(answers)}
