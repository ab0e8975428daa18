"""Messengers call our address: each is answered in its own form, a repetition counts once."""

from __future__ import annotations

import pytest

from channels.accounts import callback_url
from channels.integrations import add_integration
from notifications.models import ReceivedCallback
from tenants.scope import tenant_scope
from tests.channels.captured import Captured
from tests.factories import TenantFactory
from tests.providers.signing import called, credentials

#: Provider -> a captured call of its own, and what it wants to hear.
CALLS = {
    "telegram": ("update_callback_query.json", b'{"ok":true}'),
    "whatsapp_cloud": ("status_read.json", b'{"ok":true}'),
    "instagram": ("webhook_seen.json", b'{"ok":true}'),
    "vk": ("message_read.json", b"ok"),
    "max": ("message_created_stop.json", b'{"ok":true}'),
}


class Door:
    """A salon's account at a messenger, and the address that is called."""

    def __init__(self, provider, **changes):
        self.provider, self.salon = provider, TenantFactory()
        given = credentials(provider) | changes
        self.row = add_integration(self.salon.pk, provider, given, identifier="chat")
        url = callback_url(self.row.pk, self.row.callback_token)
        self.path = "/" + url.split("/", 3)[3]

    @property
    def keys(self):
        with tenant_scope(self.salon.pk):
            rows = ReceivedCallback.objects.filter(integration_id=self.row.pk)
            return list(rows.order_by("id").values_list("key", flat=True))

    def post(self, client, body):
        callback = called(self.provider, body)
        headers = dict(callback.headers)
        return client.post(self.path, body, content_type="application/json", headers=headers)


@pytest.mark.parametrize("provider", CALLS)
def test_a_messenger_hears_what_it_wants_and_a_repetition_counts_once(client, provider):
    door, (name, wanted) = Door(provider), CALLS[provider]
    body = Captured(provider).raw(name)

    answers = [door.post(client, body) for _ in range(2)]

    assert [(one.status_code, one.content) for one in answers] == [(200, wanted)] * 2
    assert len(door.keys) == len(set(door.keys)) > 0


@pytest.mark.parametrize("provider", CALLS)
def test_whoever_cannot_prove_it_is_refused_and_keeps_nothing(client, provider):
    door = Door(provider)
    secret = b'"secret": "vk_hook_secret_1"'
    body = Captured(provider).raw(CALLS[provider][0]).replace(secret, b'"secret": "guessed"')

    answer = client.post(door.path, body, content_type="application/json")

    assert (answer.status_code, door.keys) == (401, [])


def test_metas_handshake_is_answered_in_plain_text(client):
    door = Door("whatsapp_cloud")
    query = Captured("whatsapp_cloud").body("webhook_verify_get.json")["query"]

    good = client.get(door.path, query)
    wrong = client.get(door.path, query | {"hub.verify_token": "guessed"})

    assert (good.status_code, good.content) == (200, b"1158201444")
    assert good["Content-Type"].startswith("text/plain")
    assert (wrong.status_code, door.keys) == (403, [])


def test_vks_handshake_is_answered_with_the_communitys_string(client):
    door = Door("vk", confirmation="c0de")

    answer = door.post(client, Captured("vk").raw("callback_confirmation.json"))

    assert (answer.status_code, answer.content, door.keys) == (200, b"c0de", [])
    assert answer["Content-Type"].startswith("text/plain")
