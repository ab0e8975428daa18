"""The screens of outgoing webhooks: a developer adds, tests, rotates and sends again."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.webhooks import endpoints
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon
from tests.notifications.conftest import change
from tests.notifications.webhook_line import forget_deliveries

LIST = "/admin/notifications/webhookendpoint/"
SENT = "/admin/notifications/webhookdelivery/"
URL = "https://crm.example/hook"


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield make_salon()
        forget_deliveries()


@pytest.fixture
def developer(salon):
    return browser(salon.people["developer"])


@pytest.fixture
def row(salon):
    """An endpoint of the live mode; every test begins with this one alone."""
    with tenant_scope(salon.tenant.id):
        WebhookEndpoint.objects.all().delete()
        return endpoints.add_endpoint(salon.tenant.id, "live", {"url": URL})[0]


def rows(salon, model):
    with tenant_scope(salon.tenant.id):
        return list(model.objects.filter(tenant=salon.tenant).order_by("-pk"))


def act(client, path, name, *chosen):
    form = {"action": name, "_selected_action": [str(one.pk) for one in chosen]}
    return client.post(path, form, follow=True).content.decode()


def test_a_new_webhook_shows_its_secret_once(salon, developer, row):
    form = {"url": f"{URL}/new", "description": "CRM", "mode": "test", "events": ["message.sent"]}

    shown = developer.post(f"{LIST}add/", form, follow=True).content.decode()

    made = rows(salon, WebhookEndpoint)[0]
    assert (made.url, made.mode, made.events) == (form["url"], "test", ["message.sent"])
    assert re.search(r"whsec_[\w+/=]+", shown)
    page = developer.get(reverse("admin:notifications_webhookendpoint_change", args=[made.pk]))
    assert "whsec_" not in page.content.decode()


@pytest.mark.parametrize(
    ("language", "words"),
    [("ru", "должен быть адрес, который начинается с https://"), ("en", "begins with https://")],
)
def test_a_wrong_address_is_told_in_the_visitors_language(developer, row, language, words):
    form = {"url": "http://crm.example", "mode": "live"}

    shown = developer.post(f"{LIST}add/", form, headers={"accept-language": language})

    assert words in shown.content.decode()


def test_the_same_address_twice_is_refused_by_the_form(developer, row):
    shown = developer.post(f"{LIST}add/", {"url": URL, "mode": "live"}).content.decode()

    assert "There is a webhook of this address already" in shown


def test_events_are_offered_by_their_meaning(developer, row):
    page = f"{LIST}{row.pk}/change/"

    russian = developer.get(page, headers={"accept-language": "ru"}).content.decode()
    english = developer.get(page).content.decode()

    assert "message.delivered: сообщение доставлено клиенту" in russian
    assert "message.delivered: the message reached the client" in english


def test_saving_with_the_other_button_sends_a_test(salon, developer, row):
    form = {"url": URL, "description": "CRM", "notifications_webhookendpoint_save_and_test": "1"}

    shown = developer.post(f"{LIST}{row.pk}/change/", form, follow=True).content.decode()

    sent = rows(salon, WebhookDelivery)[0]
    assert (sent.type, sent.endpoint_id) == ("webhook.test", row.pk)
    assert f"{SENT}{sent.pk}/change/" in shown
    assert rows(salon, WebhookEndpoint)[0].description == "CRM"


def test_a_rotation_shows_the_new_secret_and_keeps_the_old_for_a_day(salon, developer, row):
    shown = act(developer, LIST, "rotate", row)

    assert "whsec_" in shown
    assert rows(salon, WebhookEndpoint)[0].previous_until is not None


def test_what_is_off_says_why_and_is_not_tested(salon, developer, row):
    act(developer, LIST, "switch_off", row)
    shown = act(developer, LIST, "send_test", row)

    assert "Switched off by hand" in shown
    assert "switch it on first" in shown
    act(developer, LIST, "switch_on", row)
    assert rows(salon, WebhookEndpoint)[0].is_enabled


def test_what_was_sent_is_shown_with_body_and_answer_and_sent_again(salon, developer, row):
    act(developer, LIST, "send_test", row)
    sent = rows(salon, WebhookDelivery)[0]
    fail(sent)

    listed = developer.get(f"{SENT}?endpoint__id__exact={row.pk}").content.decode()
    found = developer.get(f"{SENT}?q={sent.event_id}").content.decode()
    page = developer.get(f"{SENT}{sent.pk}/change/").content.decode()
    act(developer, SENT, "resend", sent)

    assert "webhook.test" in listed
    assert "webhook.test" in found
    assert "Bad Gateway" in page
    assert str(row.pk) in page  # in the body
    assert rows(salon, WebhookDelivery)[0].state == "pending"


def test_all_that_failed_is_sent_again(salon, developer, row):
    act(developer, LIST, "send_test", row)
    fail(rows(salon, WebhookDelivery)[0])

    shown = act(developer, LIST, "resend_failed", row)

    assert "Sent again: 1." in shown
    assert rows(salon, WebhookDelivery)[0].state == "pending"


def test_what_was_sent_to_a_deleted_webhook_is_not_shown(salon, developer, row):
    act(developer, LIST, "send_test", row)
    sent = rows(salon, WebhookDelivery)[0]

    developer.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})

    assert str(sent.pk) not in developer.get(SENT).content.decode()
    assert developer.get(f"{SENT}{sent.pk}/change/").status_code == 302


@pytest.mark.parametrize("role", ["marketer", "receptionist", "analyst"])
def test_others_see_no_webhooks(salon, row, role):
    assert browser(salon.people[role]).get(LIST).status_code == 403
    assert browser(salon.people[role]).get(SENT).status_code == 403


def fail(delivery):
    change(
        "update notifications_webhookdelivery set state = 'failed', status = 502,"
        " answer = 'Bad Gateway' where id = %s",
        [delivery.pk],
    )
