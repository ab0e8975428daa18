"""A webhook that was switched off is put before the salon's people, once."""

from __future__ import annotations

import pytest

from notifications.escalation_tasks import tell
from notifications.models import Escalation, WebhookEndpoint
from notifications.webhooks import endpoints
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory

URL = "https://crm.rose.example/hooks/s3cret-path?key=s3cret"
Off = WebhookEndpoint.Off


@pytest.fixture
def endpoint(salon) -> WebhookEndpoint:
    return listening(salon)


def listening(salon, mode="live") -> WebhookEndpoint:
    with tenant_scope(salon.pk):
        return endpoints.add_endpoint(salon.pk, mode, {"url": URL})[0]


def switch_off(endpoint, reason=Off.FAILING) -> None:
    with tenant_scope(endpoint.tenant_id):
        endpoints.switch_off(endpoint.tenant_id, endpoint.pk, reason)


def cases(salon) -> list[tuple[str, str, str, int]]:
    with tenant_scope(salon.pk):
        rows = Escalation.objects.filter(cause="webhook_off").order_by("pk")
        return [(row.mode, row.state, row.subject_id, row.repeats) for row in rows]


@pytest.mark.parametrize("mode", ["live", "test"])
def test_it_opens_one_case_of_its_own_mode(salon, mode):
    endpoint = listening(salon, mode)

    switch_off(endpoint)
    switch_off(endpoint)

    assert cases(salon) == [(mode, "open", str(endpoint.pk), 0)]


def test_what_people_switched_off_themselves_they_know(salon, endpoint):
    switch_off(endpoint, Off.BY_HAND)

    assert cases(salon) == []


@pytest.mark.parametrize(
    ("language", "reason", "words"),
    [
        ("ru", Off.GONE, "больше не получает событий: сервер отказался от событий (ответил 410)"),
        ("en", Off.FAILING, "hears of nothing any more: its server has taken no event for three"),
    ],
)
def test_staff_hear_of_it_without_the_secrets_of_its_address(
    reminders, worker, endpoint, language, reason, words
):
    staff = SubscriberFactory.create(tenant=reminders.salon, kind="staff", language=language)
    AddressFactory.create(subscriber=staff, kind="email", value="maria@rose.example")
    switch_off(endpoint, reason)

    tell()
    tell()
    worker.drain_dry()

    (message,) = reminders.messages
    assert message.body.startswith(f"crm.rose.example {words}")
    page = f"/admin/notifications/webhookendpoint/{endpoint.pk}/change/"
    assert message.body.endswith(page)
    assert "s3cret" not in message.body + message.title


def test_nobody_is_told_of_what_works_again(reminders, worker, endpoint):
    staff = SubscriberFactory.create(tenant=reminders.salon, kind="staff")
    AddressFactory.create(subscriber=staff, kind="email", value="maria@rose.example")
    switch_off(endpoint)
    with tenant_scope(reminders.salon.pk):
        endpoints.switch_on(endpoint)

    tell()
    worker.drain_dry()

    assert reminders.messages == []
