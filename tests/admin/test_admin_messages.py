"""A sent message's screen says in words where it went and through whom."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from notifications.models import Event, Message, Notification
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon

PAGE = "admin:notifications_message_{}"


@pytest.fixture(scope="module")
def salon(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        return make_salon()


@pytest.fixture(scope="module")
def sent(salon, django_db_blocker):
    """Two messages: one by SMS to the Phone, one in the inbox."""
    with django_db_blocker.unblock(), tenant_scope(salon.tenant.pk):
        mine = {"tenant": salon.tenant}
        event = Event.objects.create(
            **mine,
            mode="live",
            transaction_id="t-1",
            workflow=salon.workflow,
            version_id=salon.workflow.published_id,
            queue=0,
            due_at=now(),
        )
        notification = Notification.objects.create(
            **mine, event=event, subscriber=salon.client, state="running"
        )
        about = {**mine, "notification": notification, "step": 0, "language": "en", "body": "Hi"}
        places = (("sms", "sandbox"), ("in_app", "in_app"))
        return [
            Message.objects.create(**about, channel=channel, provider=provider, state="sent")
            for channel, provider in places
        ]


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_the_list_names_channels_and_providers(salon, sent):
    shown = words(browser(salon.people["owner"]).get(reverse(PAGE.format("changelist"))))

    assert ">SMS<" in shown
    assert ">The Phone<" in shown
    assert not [word for word in ("sandbox", "in_app", "sms") if f">{word}<" in shown]


def test_one_channel_can_be_chosen(salon, sent):
    response = browser(salon.people["owner"]).get(
        reverse(PAGE.format("changelist")) + "?channel=sms"
    )

    assert [row.pk for row in response.context["cl"].result_list] == [sent[0].pk]


def test_its_page_names_channel_provider_and_language(salon, sent):
    shown = words(
        browser(salon.people["owner"]).get(reverse(PAGE.format("change"), args=[sent[0].pk]))
    )

    for word in ("SMS", "The Phone", "English"):
        assert f"> {word} <" in shown or f">{word}<" in shown
    assert "sandbox" not in shown
