"""What docs/howto/send-from-your-product.md shows is so: each command, answer and table."""

from __future__ import annotations

import json
import re

import pytest

from notifications.models import Event, Workflow
from notifications.packs import load_pack
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.commands import ROOT
from tests.factories import ApiKeyFactory
from tests.shown import Reader, commands

PATH = ROOT / "docs" / "howto" / "send-from-your-product.md"
PAGE = PATH.read_text()
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
_, FIRST, *CURLS = commands(PATH)  # the first finds the key
ANSWERS = [json.loads(block) for kind, block in BLOCKS if kind == "json"]


@pytest.fixture
def reader(reminders, tmp_path):
    """Somebody who has followed the page's first step."""
    salon = reminders.salon
    one = Reader(Api(ApiKeyFactory(tenant=salon).text), tmp_path, {"beauty-lab": salon.slug})
    one.run(FIRST)
    return one


@pytest.fixture
def shop(reader, reminders):
    """The reader's salon."""
    return reminders


def plain(answer):
    """Leave out what differs from run to run."""
    return re.sub(r"txn_[^\"]+", "txn_", json.dumps(answer, sort_keys=True))


def test_every_command_of_the_page_answers_as_the_page_says(reader, shop, worker):
    shipped, many, later, waiting, back, by_sms, by_mail = map(reader.run, CURLS)

    assert shipped == ANSWERS[0]
    assert plain(many) == plain(ANSWERS[2])
    assert later["data"]["transactionId"] == "welcome-anna"
    assert [one["transactionId"] for one in waiting["data"]] == ["welcome-anna"]
    assert back == {"data": True}
    assert [one["data"]["status"] for one in (by_sms, by_mail)] == ["processed"] * 2

    worker.drain_dry()
    sent = {message.body: message for message in shop.messages}
    assert "Мастер заболел. Позвоните нам, пожалуйста." in sent
    assert any("Анна, ваш заказ уже едет к вам." in body for body in sent)
    assert [person.subscriber_id for person in shop.all(Subscriber)] == ["anna"]


def test_the_refusal_of_the_page_is_the_one_that_comes(reader):
    answer = reader.api.post(
        "/v1/notifications/send", {"name": "order-created", "to": "anna"}
    ).json()

    assert answer.items() >= ANSWERS[1].items()


def test_the_python_of_the_page_runs(shop):
    (code,) = [block for kind, block in BLOCKS if kind == "python"]

    exec(compile(code, "send-from-your-product.md", "exec"), {"salon": shop.salon})  # noqa: S102 (our own page)

    names = {"order-created": 1, "low-stock": 1, "direct-sms": 1}
    with tenant_scope(shop.salon.pk):
        events = Event.objects.filter(tenant_id=shop.salon.pk).select_related("workflow")
        found = [event.workflow.identifier for event in events]
    assert {name: found.count(name) for name in found} == names


def test_the_table_of_the_page_is_the_pack():
    table = re.findall(r"^\| `([\w-]+)` \|(.*?)\|(.*?)\| (\w+)", PAGE, re.MULTILINE)
    told = {
        name: (set(re.findall(r"`(\w+)`", needs)), set(re.findall(r"`(\w+)`", may)), priority)
        for name, needs, may, priority in table
    }

    for workflow in load_pack("business-events").workflows:
        needs, may, priority = told.pop(workflow.identifier)
        known = workflow.payload_schema["properties"].keys()
        assert needs == set(workflow.payload_schema.get("required", ()))
        assert may <= known - needs
        assert priority == workflow.priority
    assert told == {}


def test_the_names_of_direct_workflows_on_the_page_are_theirs(reader, shop):
    reader.api.post("/v1/notifications/send", {"to": "anna", "channel": "sms", "text": "Да"})

    with tenant_scope(shop.salon.pk):
        names = set(Workflow.objects.filter(pack="direct").values_list("name_en", flat=True))
    assert {name for name in ("Direct SMS", "Direct e-mail") if f"**{name}**" in PAGE} <= names
