"""The pack of business events: added once, complete in both languages, sent from Python."""

from __future__ import annotations

import json
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from channels.integrations import add_integration
from notifications.models import Workflow
from notifications.packs import load_pack, offered
from notifications.publish import publish_batch, publish_notification
from notifications.rendering import Locale, check, compile_unit, context_for
from tenants.errors import InvalidPayload
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon
from tests.api_client import Api
from tests.channels.mail_server import MailServer
from tests.factories import AddressFactory, ApiKeyFactory, SubscriberFactory
from tests.for_each import for_each
from tests.notifications.conftest import change

NAME = "business-events"
PACK = load_pack(NAME)
TEXTS = [
    pytest.param(workflow, language, id=f"{workflow.identifier}.{language}")
    for workflow in (*PACK.workflows, *load_pack("direct").workflows)
    for language in ("ru", "en")
]
URL = "https://shop.test/orders/1042"
PAYLOAD = {
    "text": "Слова",
    "title": "Тема",
    "orderNumber": 1042,
    "amount": "4 200 ₽",
    "productName": "Шампунь",
    "stockLeft": 3,
}
ADD = "/admin/notifications/workflow/packs/"


def rendered(workflow, language, payload):
    context = context_for(
        payload=payload,
        subscriber={},
        salon={"name": "Берёзка"},
        location={},
        links={"unsubscribeUrl": "https://salon.test/u/1"},
        year=2026,
        defaults=workflow.defaults(),
    )
    unit = compile_unit(workflow.steps[0].template.source(language))
    return unit.render(context, Locale(language, ZoneInfo("Europe/Moscow")))


def lines_of(content):
    return [content.title, *content.body.splitlines()]


def test_the_pack_has_its_events_in_order():
    rows = [(w.identifier, w.category, w.priority, w.critical) for w in PACK.workflows]

    assert rows == [
        ("order-created", "tx", "normal", False),
        ("order-shipped", "tx", "normal", False),
        ("order-delivered", "tx", "normal", False),
        ("payment-captured", "tx", "high", False),
        ("payment-failed", "tx", "high", False),
        ("low-stock", "tx", "low", False),
        ("welcome", "tx", "normal", False),
    ]


@for_each("workflow, language", TEXTS)
def test_a_text_uses_only_what_its_schema_gives_and_renders_fast(workflow, language):
    source = workflow.steps[0].template.source(language)

    assert check(source, known=workflow.known_keys()) == []
    assert compile_unit(source).is_planned


@for_each("workflow, language", TEXTS)
def test_a_text_is_whole_with_the_least_that_may_be_said(workflow, language):
    content = rendered(workflow, language, PAYLOAD)

    assert all(
        line.rstrip() == line and not line.endswith((":", ",")) for line in lines_of(content)
    )
    assert "  " not in content.body
    assert content.buttons == ()


@for_each("workflow, language", TEXTS)
def test_a_button_leads_where_the_caller_says_in_his_words_or_ours(workflow, language):
    ours = rendered(workflow, language, {**PAYLOAD, "actionUrl": URL}).buttons
    his = rendered(workflow, language, {**PAYLOAD, "actionUrl": URL, "actionText": "Сюда"}).buttons

    assert [(button.url, bool(button.text)) for button in ours] == [(URL, True)]
    assert [(button.url, button.text) for button in his] == [(URL, "Сюда")]


def run(*words):
    out = StringIO()
    call_command("pack", *words, stdout=out)
    return out.getvalue()


def test_the_command_adds_what_is_missing_and_remembers_the_version(salon):
    asked = ["--tenant", salon.slug, "--json"]

    added = [json.loads(run("add", NAME, *asked))["added"] for _ in range(2)]
    shown = {row["name"]: row for row in json.loads(run("list", *asked))}

    assert added == [len(PACK.workflows), 0]
    assert shown[NAME]["added"] == {w.identifier: PACK.version for w in PACK.workflows}
    assert shown[NAME]["missing"] == []
    assert len(shown["salon"]["missing"]) == len(load_pack("salon").workflows)


def test_what_the_platform_adds_by_itself_is_not_on_offer(salon):
    assert [pack.name for pack in offered()] == [NAME, "salon"]
    with pytest.raises(CommandError):
        run("add", "direct", "--tenant", salon.slug)
    with pytest.raises(CommandError):
        run("add", "--tenant", salon.slug)


def test_the_route_adds_it_too(api, salon):
    answers = [api.post(f"/v1/packs/{name}") for name in (NAME, NAME, "nothing", "direct")]

    assert [answer.status_code for answer in answers] == [201, 201, 404, 404]
    assert [answer.json()["data"]["added"] for answer in answers[:2]] == [len(PACK.workflows), 0]
    shown = {row["name"]: row for row in api.get("/v1/packs").json()["data"]}
    assert shown[NAME]["added"]["welcome"] == PACK.version


def test_adding_needs_its_scope(salon):
    reader = Api(ApiKeyFactory(tenant=salon, scopes=["workflows:read"]).text)

    assert reader.get("/v1/packs").status_code == 200
    assert reader.post(f"/v1/packs/{NAME}").status_code == 403


def test_the_list_of_workflows_offers_it_until_it_is_added():
    salon = make_salon()
    owner = browser(salon.people["owner"])
    at = "/admin/notifications/workflow/"

    assert "Orders and payments" in owner.get(at).content.decode()
    shown = owner.post(ADD, {"pack": NAME}, follow=True).content.decode()

    assert f"Workflows added: {len(PACK.workflows)}." in shown
    assert "Orders and payments" not in shown


def test_who_may_only_look_is_offered_nothing_and_adds_nothing():
    salon = make_salon()
    analyst = browser(salon.people["analyst"])

    assert (
        "Orders and payments" not in analyst.get("/admin/notifications/workflow/").content.decode()
    )
    analyst.post(ADD, {"pack": NAME})

    with tenant_scope(salon.tenant.pk):
        assert not Workflow.objects.filter(pack=NAME).exists()


@pytest.fixture
def shop(reminders):
    """A salon that sells, too."""
    run("add", NAME, "--tenant", reminders.salon.slug)
    return reminders


def test_an_order_from_python_arrives_with_its_button(shop, worker, provider):
    person = SubscriberFactory(tenant=shop.salon, subscriber_id="anna")
    AddressFactory(subscriber=person)
    with tenant_scope(shop.salon.pk):
        publish_notification(
            "anna",
            "order-created",
            {"orderNumber": 1042, "clientName": "Анна"},
            action_url=URL,
        )

    worker.drain_dry()

    (message,) = shop.messages
    assert "Анна, спасибо за заказ!" in message.body
    assert [button["url"] for button in message.extra["buttons"]] == [URL]
    assert len(provider.bodies) == 1


def test_a_receipt_is_a_letter_in_the_salons_own_layout(shop, worker):
    mails = MailServer()
    change("delete from channels_integration where tenant_id = %s", [shop.salon.pk])
    account = {
        "host": "127.0.0.1",
        "port": str(mails.port),
        "security": "none",
        "from_address": "salon@roza.test",
    }
    add_integration(shop.salon.pk, "smtp", account, identifier="mail")
    person = SubscriberFactory(tenant=shop.salon, subscriber_id="anna")
    AddressFactory(subscriber=person, kind="email", value="anna@mail.test")
    with tenant_scope(shop.salon.pk):
        publish_notification("anna", "payment-captured", {"amount": "4 200 ₽"}, action_url=URL)

    worker.drain_dry()
    mails.close()

    ((_, _, mail),) = mails.mails
    html = mail.get_body(preferencelist=("html",)).get_content()
    assert mail["Subject"] == "Оплата 4 200 ₽ прошла"
    assert f'href="{URL}"' in html
    assert "Открыть чек" in html
    assert "Роза" in html


def test_a_batch_of_low_stock_in_chunks_reaches_all_once(shop):
    people = [f"staff-{number}" for number in range(1_150)]

    with tenant_scope(shop.salon.pk):
        accepted = publish_batch(people, "low-stock", {"productName": "Шампунь", "stockLeft": 3})

    assert [one.status for one in accepted] == ["processed"] * 12
    assert len(shop.notifications) == 1_150


def test_an_order_without_its_number_is_refused_by_name(shop):
    with tenant_scope(shop.salon.pk), pytest.raises(InvalidPayload) as refused:
        publish_notification("anna", "order-created", {})

    assert list(refused.value.errors) == ["payload.orderNumber"]
