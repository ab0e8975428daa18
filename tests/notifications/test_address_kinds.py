"""Each kind of token and of staff address leaves by an account that takes it, or on the Phone."""

from __future__ import annotations

import pytest

from channels.integrations import add_integration, ensure_phone
from notifications.masking import mask
from tests.notifications.conftest import change

SHORT = (
    '{"endpoint":"https://fcm.googleapis.com/fcm/send/eXaMpLe:APA91bH","keys":{"p256dh":'
    '"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",'
    '"auth":"BTBZMqHH6r4Tts7J_aSIgg"}}'
)
TOKENS = {"push": "token-1", "fcm": "cFpX:APA91b", "apns": "ab" * 32, "web_push": SHORT}
AT_WORK = {"slack": "#staff", "discord": "staff", "teams": "staff", "mattermost": "@anna"}


@pytest.fixture
def alarms(reminders, worker, provider, settings):
    """Workflows of one step: a push, a message in a chat; the provider plays the Phone too."""
    settings.PHONE_URL = provider.url.rstrip("/")
    ensure_phone(reminders.salon.pk)
    reminders.workflow("push", ("push", {"channels": ["push"]}))
    reminders.workflow("chat", ("chat", {"channels": ["chat"]}))
    return reminders


@pytest.mark.parametrize("kind", TOKENS)
def test_a_client_with_any_token_is_reached_on_the_phone(alarms, worker, provider, kind):
    person = {"subscriberId": "anna", "channels": {kind: TOKENS[kind]}}

    alarms.trigger("push", person, mode="test")
    worker.drain_dry()

    assert [(body["kind"], body["address_kind"]) for body in provider.bodies] == [("push", kind)]


@pytest.mark.parametrize("kind", AT_WORK)
def test_staff_is_reached_on_the_phone_in_test_mode(alarms, worker, provider, kind):
    person = {"subscriberId": "anna", "kind": "staff", "channels": {kind: AT_WORK[kind]}}

    alarms.trigger("chat", person, mode="test")
    worker.drain_dry()

    assert [(body["kind"], body["address_kind"]) for body in provider.bodies] == [("chat", kind)]


def test_an_account_takes_its_own_kind_of_address_only(alarms, worker, provider):
    provider.answer = lambda body: (200, {}, b'{"id": "n1", "event": "message"}')
    change("delete from channels_integration where tenant_id = %s", [alarms.salon.pk])
    add_integration(alarms.salon.pk, "ntfy", {"api_base": provider.url}, identifier="ntfy")

    alarms.trigger("chat", {"subscriberId": "maria", "channels": {"ntfy": "salon1-staff"}})
    alarms.trigger("chat", {"subscriberId": "anna", "channels": {"slack": "C01"}})
    worker.drain_dry()

    assert [body["topic"] for body in provider.bodies] == ["salon1-staff"]
    assert sorted(alarms.states) == [("completed", ""), ("skipped", "no_integration")]
    assert [message.address for message in alarms.messages] == ["***aff"]


def test_a_log_shows_the_host_of_a_secret_address_only():
    assert mask("web_push", SHORT) == "fcm.googleapis.com/***"
    assert mask("slack", "https://hooks.slack.com/services/T/B/secret") == "hooks.slack.com/***"
    assert mask("apns", "ab" * 32) == "***bab"
    assert mask("slack", "#staff") == "***"
