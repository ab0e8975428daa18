"""A newer pack reaches a salon's copy, and leaves alone what the salon has made its own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from channels.models import Integration
from notifications import packs
from notifications.importing import Import
from notifications.models import DraftState, Message, MessageTemplate, Step, Workflow
from notifications.pack_updates import apply, plan
from notifications.publishing import PublishRefused, publish_workflow
from notifications.seeding import seed
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.commands import said
from tests.factories import TenantFactory

OLD = """
name: shop
version: 1
workflows:
- identifier: order
  name: {ru: Заказ, en: Order}
  description: {ru: О заказе, en: About an order}
  category: tx
  priority: normal
  payload_schema: {required: [id], type: object}
  steps:
  - key: message
    kind: chat
    channels: [telegram, sms]
    template:
      title: {ru: Заказ, en: Order}
      body: {ru: "Заказ {{ id }}", en: "Order {{ id }}"}
"""
NEW = (
    (
        OLD.replace("version: 1", "version: 2")
        .replace("priority: normal", "priority: high")
        .replace("[telegram, sms]", "[telegram, max, sms]")
        .replace("Order {{ id }}", "Your order {{ id }}")
    )
    + """
  - key: wait
    kind: delay
    settings: {seconds: 60}
  - key: mail
    kind: email
    channels: [email]
    template: {title: {ru: Тема, en: Subject}, body: {ru: "{{ id }}", en: "{{ id }}"}}
"""
)


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Where packs lie; the shop's is at version 1."""
    monkeypatch.setattr(packs, "_FOLDER", tmp_path)
    lay(tmp_path, OLD)
    yield tmp_path
    packs.load_pack.cache_clear()


def lay(shelf, text):
    packs.load_pack.cache_clear()
    (shelf / "shop.yaml").write_text(text)


@pytest.fixture
def shop(shelf):
    tenant = TenantFactory()
    with tenant_scope(tenant.pk):
        seed(tenant.pk, "shop")
        yield tenant


def update(salon, text=NEW):
    copy = Workflow.objects.get()
    found = plan(copy, packs.parse_pack(text))
    assert found is not None
    apply(copy, found, Import(salon.pk, datetime.now(UTC)))
    return found


def test_what_nobody_touched_follows_the_pack(shop):
    found = update(shop)

    copy = Workflow.objects.get()
    document = copy.published.document
    assert found.kept == ()
    assert found.changes == (
        *("order", "priority", "steps.mail", "steps.message.channels"),
        *("steps.message.text.en.body", "steps.wait"),
    )
    assert (copy.pack_version, copy.published.number, document["priority"]) == (2, 2, "high")
    assert [(step["key"], step["channels"]) for step in document["steps"]] == [
        ("message", ["telegram", "max", "sms"]),
        ("wait", []),
        ("mail", ["email"]),
    ]
    texts = {one.key: one.published.texts["en"]["body"] for one in MessageTemplate.objects.all()}
    assert texts == {"order-message": "Your order {{ id }}", "order-mail": "{{ id }}"}
    assert plan(copy, packs.parse_pack(NEW)) is None


def test_channels_texts_settings_and_the_switch_of_the_salon_stay(shop):
    Workflow.objects.update(is_active=False)
    Step.objects.update(channels=["sms"], settings={"on_failure": "continue"})
    MessageTemplate.objects.update(body_en="Mine {{ id }}")

    found = update(shop)

    copy = Workflow.objects.get()
    step = copy.published.document["steps"][0]
    assert found.kept == (
        "steps.message.channels",
        "steps.message.settings.on_failure",
        "steps.message.text.en.body",
    )
    assert (step["channels"], step["settings"]) == (["sms"], {"on_failure": "continue"})
    assert (copy.is_active, copy.priority) == (False, "high")
    assert MessageTemplate.objects.get(key="order-message").body_en == "Mine {{ id }}"
    later = NEW.replace("version: 2", "version: 3").replace("max, sms", "max, vk, sms")
    assert update(shop, later).kept == found.kept
    assert Step.objects.get(key="message").channels == ["sms"]


def test_a_version_that_says_the_same_changes_nothing(shop):
    found = update(shop, OLD.replace("version: 1", "version: 2"))

    assert (found.changes, found.kept, found.lines) == ((), (), ())


def test_a_step_that_the_salon_removed_stays_away_and_its_own_stays(shop):
    update(shop)
    Step.objects.filter(key="wait").delete()
    copy = Workflow.objects.get()
    Step.objects.create(
        tenant=shop, workflow=copy, key="own", kind="delay", settings={"seconds": 5}, position=9
    )

    update(shop, NEW.replace("version: 2", "version: 3").replace("seconds: 60", "seconds: 90"))

    assert [step.key for step in Workflow.objects.get().steps.all()] == ["message", "mail", "own"]


def test_where_four_eyes_look_an_update_waits_for_them(shop):
    Tenant.objects.filter(pk=shop.pk).update(four_eyes=True)

    update(shop)

    copy = Workflow.objects.get()
    assert (copy.state, copy.published.number) == (DraftState.REVIEW, 1)


def test_an_update_that_breaks_callers_is_refused(shop):
    with pytest.raises(PublishRefused, match="'total' is newly required"):
        update(shop, NEW.replace("[id]", "[id, total]"))


def test_the_command_shows_the_difference_and_takes_it_over(shelf):
    salon = TenantFactory()
    with tenant_scope(salon.pk):
        seed(salon.pk, "shop")
        Step.objects.update(channels=["sms"])
    words = ("--tenant", salon.slug)

    assert said("pack", "diff", *words).stdout == ""
    lay(shelf, NEW)
    shown, done, after = (said("pack", verb, *words) for verb in ("diff", "update", "diff"))

    assert shown.returncode == 1
    assert "order: to version 2\nkept: steps.message.channels\n" in shown.stdout
    assert "+priority: high" in shown.stdout
    assert (done.returncode, after.returncode, after.stdout) == (0, 0, "")


def test_a_step_may_name_the_account_that_it_leaves_through(reminders, worker, provider):
    reminders.connect("sms", provider, "second")
    steps = [("sms", {"channels": ["sms"], "settings": {"integrations": ["second"]}})]
    reminders.workflow("note", *steps)

    reminders.trigger("note", {"subscriberId": "anna", "phone": "+79161234567"}, {})
    worker.drain_dry()

    (message,) = reminders.all(Message)
    with tenant_scope(reminders.salon.pk):
        assert message.integration_id == Integration.objects.get(identifier="second").pk
        Step.objects.update(settings={"integrations": ["third"]})
        with pytest.raises(PublishRefused, match="no integration 'third'"):
            publish_workflow(Workflow.objects.get(identifier="note"))
