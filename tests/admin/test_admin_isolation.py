"""A member sees one salon, by every way of asking.

That each page of the admin opens to its salon's owner and to no other, and shows platform staff
all and lets them write nothing, stands in the table of tests/isolation/pages.py.
"""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from notifications.models import Event, LogEntry, Message, MessageTemplate, Notification, Step
from tenants.ids import uuid7
from tenants.models import Subscriber
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon, make_staff

MODELS = [model for model in admin.site._registry if hasattr(model, "tenant")]


@pytest.fixture(scope="module")
def salons(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        mine, other = make_salon("Берёзка"), make_salon("Ромашка")
        for salon in (mine, other):
            tell_story(salon)
        yield mine, other


def tell_story(salon):
    """One notification from trigger to delivery, and one that failed."""
    from django.utils.timezone import now

    from channels.integrations import ensure_phone
    from channels.models import ChannelRule, WhatsAppTemplate
    from notifications.escalation import client_wrote
    from notifications.models import DeadLetter, ExternalDelivery, Stop, WebhookDelivery
    from notifications.webhooks.endpoints import add_endpoint
    from tenants import suppressions
    from tenants.accounts import issue_key
    from tenants.models import Consent, Topic, TopicMember

    with tenant_scope(salon.tenant.id):
        mine = {"tenant": salon.tenant}
        event = Event.objects.create(
            **mine,
            mode="live",
            transaction_id=f"tx-{salon.tenant.slug}",
            workflow=salon.workflow,
            version_id=salon.workflow.published_id,
            queue=0,
            due_at=now(),
        )
        notification = Notification.objects.create(
            **mine, event=event, subscriber=salon.client, state="completed", finished_at=now()
        )
        message = Message.objects.create(
            **mine,
            notification=notification,
            channel="chat",
            provider="telegram",
            step=0,
            state="delivered",
            language="ru",
            body="Ждём вас",
        )
        LogEntry.objects.create(
            **mine, notification=notification, message_id=message.pk, step=0, status="delivered"
        )
        DeadLetter.objects.create(
            **mine, notification=notification, step=0, queue=0, reason="permanent"
        )
        Consent.objects.create(
            **mine,
            subscriber=salon.client,
            purpose="advertising",
            given=True,
            source="form",
            actor="t",
            at=now(),
        )
        topic = Topic.objects.create(**mine, key="vip")
        TopicMember.objects.create(**mine, topic=topic, subscriber=salon.client)
        ChannelRule.objects.create(**mine, target="vk")
        phone = ensure_phone(salon.tenant.id)
        WhatsAppTemplate.objects.create(**mine, integration=phone, name="visit", body="Ждём вас")
        issue_key(salon.tenant.id, "live", "app")
        hook = add_endpoint(salon.tenant.id, "live", {"url": "https://crm.example/"})[0]
        WebhookDelivery.objects.create(
            **mine,
            endpoint=hook,
            event_id=uuid7(),
            type="message.sent",
            body="{}",
            state="delivered",
            due_at=now(),
        )
        client_wrote(salon.tenant.id, salon.client.pk, "Где вы?")
        suppressions.add(salon.tenant.id, [suppressions.Line("phone", "+79160000001")], "t")
        Stop.objects.create(**mine, channel="sms", started_by="staff:1")
        ExternalDelivery.objects.create(
            **mine, integration_id=phone.pk, key="evt_1", event="message.sent", at=now()
        )


def page(model, name, *args):
    meta = model._meta
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_{name}", args=args)


def rows_of(response):
    return list(response.context["cl"].result_list)


def first_of(salon, model):
    with tenant_scope(salon.tenant.id):
        return model.objects.filter(tenant=salon.tenant).first()


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.model_name)
def test_a_list_shows_the_own_salons_rows_only(salons, model):
    mine, _other = salons

    response = browser(mine.people["owner"]).get(page(model, "changelist"))

    assert response.status_code == 200
    assert {row.tenant_id for row in rows_of(response)} == {mine.tenant.id}


def test_search_finds_nobody_elses_client(salons):
    mine, other = salons
    alice = browser(mine.people["owner"])

    for word in ("Анна", "9161234567", other.client.subscriber_id):
        found = rows_of(alice.get(page(Subscriber, "changelist"), {"q": word}))
        assert {row.tenant_id for row in found} <= {mine.tenant.id}
    assert rows_of(alice.get(page(Subscriber, "changelist"), {"q": "Анна"}))


def test_autocomplete_offers_the_own_salons_templates_only(salons):
    mine, other = salons
    question = {"app_label": "notifications", "model_name": "step", "field_name": "template"}

    answer = browser(mine.people["owner"]).get(reverse("admin:autocomplete"), question).json()

    offered = {row["id"] for row in answer["results"]}
    assert str(mine.template.pk) in offered
    assert str(other.template.pk) not in offered


def test_a_foreign_template_posted_into_a_step_is_refused(salons):
    mine, other = salons
    step = first_of_workflow(mine)
    form = workflow_form(mine, step, template=other.template.pk)

    url = page(type(mine.workflow), "change", mine.workflow.pk)
    response = browser(mine.people["owner"]).post(url, form)

    assert response.status_code == 200
    assert "template" in response.context["inline_admin_formsets"][0].formset.errors[0]
    assert first_of_workflow(mine).template_id == mine.template.pk


def first_of_workflow(salon):
    with tenant_scope(salon.tenant.id):
        return Step.objects.get(workflow=salon.workflow)


def workflow_form(salon, step, **changed):
    values = {
        "name_ru": "Напоминание",
        "name_en": "Reminder",
        "identifier": salon.workflow.identifier,
        "category": "tx",
        "priority": "urgent",
        "is_active": "on",
        "payload_schema": "{}",
        "steps-TOTAL_FORMS": 1,
        "steps-INITIAL_FORMS": 1,
        "steps-0-id": step.pk,
        "steps-0-workflow": salon.workflow.pk,
    }
    row = {
        "position": 0,
        "key": "message",
        "kind": "chat",
        "channels": "chat, sms",
        "template": salon.template.pk,
        "settings": "{}",
    } | changed
    return values | {f"steps-0-{name}": value for name, value in row.items()}


def test_a_foreign_step_posted_into_an_own_workflow_is_refused(salons):
    mine, other = salons
    theirs = first_of_workflow(other)
    url = page(type(mine.workflow), "change", mine.workflow.pk)

    browser(mine.people["owner"]).post(url, workflow_form(mine, theirs, key="stolen"))

    assert first_of_workflow(other).key == "message"


def test_an_action_on_foreign_ids_changes_nothing(salons):
    mine, other = salons
    data = {"action": "delete_selected", "_selected_action": [str(other.client.pk)], "post": "yes"}

    browser(mine.people["owner"]).post(page(Subscriber, "changelist"), data)

    assert first_of(other, Subscriber) == other.client


def test_a_new_client_belongs_to_the_visitors_salon_whatever_is_posted(salons):
    mine, other = salons
    key = uuid7().hex
    form = {
        "subscriber_id": key,
        "kind": "client",
        "mode": "live",
        "data": "{}",
        "tenant": str(other.tenant.id),
        "tenant_id": str(other.tenant.id),
        "addresses-TOTAL_FORMS": 1,
        "addresses-INITIAL_FORMS": 0,
        "addresses-0-kind": "phone",
        "addresses-0-value": "8 (916) 765-43-21",
        "addresses-0-state": "active",
        "preferences-TOTAL_FORMS": 1,
        "preferences-INITIAL_FORMS": 0,
        "preferences-0-channel": "sms",
    }

    response = browser(mine.people["owner"]).post(page(Subscriber, "add"), form)

    assert response.status_code == 302, response.context["errors"]
    with tenant_scope(mine.tenant.id):
        made = Subscriber.objects.get(subscriber_id=key)
        assert made.addresses.get().value == "+79167654321"
        assert made.preferences.get().tenant_id == mine.tenant.id


def test_a_key_that_is_taken_in_the_own_salon_is_refused_beside_its_field(salons):
    mine, _other = salons
    form = {
        "subscriber_id": mine.client.subscriber_id,
        "kind": "client",
        "mode": "live",
        "data": "{}",
        "addresses-TOTAL_FORMS": 0,
        "addresses-INITIAL_FORMS": 0,
    }

    response = browser(mine.people["owner"]).post(page(Subscriber, "add"), form)

    assert response.status_code == 200
    assert response.context["errors"]


def test_platform_staff_write_in_the_salon_that_they_chose(salons):
    mine, other = salons
    dana = browser(make_staff())

    chosen = dana.post(reverse("switch_salon", args=[mine.tenant.slug]))

    assert chosen.status_code == 302
    found = rows_of(dana.get(page(MessageTemplate, "changelist")))
    assert {row.tenant_id for row in found} == {mine.tenant.id}
    assert dana.get(page(Subscriber, "add")).status_code == 200
    assert dana.get(page(Subscriber, "change", other.client.pk)).status_code == 302


def test_a_member_cannot_switch_to_a_foreign_salon(salons):
    mine, other = salons
    alice = browser(mine.people["owner"])

    assert alice.post(reverse("switch_salon", args=[other.tenant.slug])).status_code == 403
    assert alice.post(reverse("switch_salon", args=["-"])).status_code == 403
    assert alice.get(reverse("switch_salon", args=[mine.tenant.slug])).status_code == 405


def test_a_forged_choice_in_the_session_opens_nothing(salons):
    mine, other = salons

    response = browser(mine.people["owner"], salon=str(other.tenant.id)).get(
        page(Subscriber, "changelist")
    )

    assert {row.tenant_id for row in rows_of(response)} == {mine.tenant.id}


def test_a_stranger_is_sent_to_the_login_page(client):
    response = client.get(page(Subscriber, "changelist"))

    assert response.status_code == 302
    assert "/admin/login/" in response.headers["location"]


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.model_name)
def test_no_column_costs_a_query_per_row(salons, model, monkeypatch):
    dana = browser(make_staff())  # she sees both salons' rows
    url = page(model, "changelist")
    dana.get(url)

    assert queries_of(dana, url) <= queries_of(dana, url, monkeypatch)


def queries_of(visitor, url, monkeypatch=None):
    """Count the statements of a list; with monkeypatch: of a list of one row."""
    with CaptureQueriesContext(connection) as queries:
        if monkeypatch is None:
            visitor.get(url)
        else:
            with monkeypatch.context() as patch:
                for screen in admin.site._registry.values():
                    patch.setattr(screen, "list_per_page", 1)
                visitor.get(url)
    return len(queries)
