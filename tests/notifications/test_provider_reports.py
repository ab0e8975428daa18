"""Providers of mail and SMS at our door: how they are answered, and what their words change."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest

from channels import callback_needs
from channels.integrations import add_integration, set_primary
from notifications.callback_tasks import apply_callbacks
from notifications.models import ReceivedCallback
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.providers import keys
from tests.providers.calling import KNOWN, proven, report
from tests.providers.rows import ROWS
from tests.providers.server import ProviderServer

PUBLIC = "https://kolokol.example"
OK = b'{"ok":true}'
#: What each tells of message 7, and the exact answer that it wants.
BODIES = {
    "sendgrid": ('[{"event": "delivered", "sg_event_id": "e1"}]', OK),
    "mailgun": ('{"event": "delivered", "id": "7"}', OK),
    "postmark": ('{"RecordType": "Delivery", "MessageID": "7"}', OK),
    "brevo": ('{"event": "delivered", "message-id": "<7>"}', OK),
    "resend": ('{"type": "email.delivered", "data": {"email_id": "7"}}', OK),
    "ses": ('{"eventType": "Delivery", "mail": {"messageId": "7"}}', OK),
    "twilio": ("MessageSid=SM7&MessageStatus=delivered", b"<Response/>"),
    "smsc": ("id=7&phone=79161234567&status=1", OK),
    "smsaero": ("id=7&status=1", OK),
    "smsru": ("data[0]=sms_status%0A7%0A103%0A1795168800", b"100"),
    "unisender_go": (
        '{"event_name": "transactional_email_status", "event_data": {"status": "delivered"}}',
        OK,
    ),
}
#: These do not sign what they tell: the address itself is the secret.
UNSIGNED = {"postmark", "brevo", "smsaero", "mailgun"}


@pytest.fixture(autouse=True)
def _known(settings):
    settings.PUBLIC_URL = PUBLIC
    callback_needs.remember(keys.CERTIFICATE_URL, keys.amazon()[1])


@pytest.fixture
def salon():
    return TenantFactory()


@pytest.fixture
def door(salon, client):
    return lambda name: Door(salon, client, name)


class Door:
    """The address of a salon's new account, and the client that calls it."""

    def __init__(self, salon, client, name):
        own = ROWS[name].credentials("https://provider.example") | KNOWN.get(name, {})
        row = add_integration(salon.pk, name, own, identifier=name.replace("_", "-"))
        self.salon, self.client, self.name = salon, client, name
        self.path = f"/v1/callbacks/{row.pk}/{row.callback_token}"

    def proven(self, body):
        return proven(self.name, body, int(time.time()), PUBLIC + self.path)

    def post(self, callback):
        form = "application/x-www-form-urlencoded"
        return self.client.post(
            self.path,
            callback.body,
            callback.headers.get("content-type", form),
            headers=dict(callback.headers),
        )

    @property
    def kept(self):
        with tenant_scope(self.salon.pk):
            rows = ReceivedCallback.objects.filter(tenant_id=self.salon.pk)
            return [row.event["state"] for row in rows]


@pytest.mark.parametrize("name", BODIES)
def test_a_report_is_kept_once_and_answered_as_the_provider_wants(door, name):
    place, (body, answer) = door(name), BODIES[name]
    callback = place.proven(body)

    answers = [place.post(callback) for _ in "12"]

    assert [(one.status_code, one.content) for one in answers] == [(200, answer)] * 2
    assert place.kept == ["delivered"]


@pytest.mark.parametrize("name", [name for name in BODIES if name not in UNSIGNED])
def test_a_report_that_was_changed_on_its_way_is_401_and_keeps_nothing(door, name):
    place = door(name)
    callback = place.proven(BODIES[name][0])
    changed = callback.body.replace(b"delivered", b"bounced").replace(b"7", b"9")

    answer = place.post(replace(callback, body=changed))

    assert (answer.status_code, place.kept) == (401, [])


def test_unisender_go_may_ask_whether_the_address_is_there(door):
    place = door("unisender_go")

    assert place.client.get(place.path).status_code == 200


def test_a_report_of_smsc_comes_by_get_too(door):
    place = door("smsc")
    form = place.proven(BODIES["smsc"][0]).body.decode()

    answer = place.client.get(f"{place.path}?charset=utf-8&fmt=3&{form}")

    assert (answer.status_code, place.kept) == (200, ["delivered"])


@pytest.fixture(scope="module")
def server():
    one = ProviderServer({})
    yield one
    one.close()


def test_a_letter_to_a_dead_address_comes_back_and_the_address_is_left(
    reminders, worker, server, client
):
    salon = reminders.salon
    server.fakes["sendgrid"] = fake = ROWS["sendgrid"].fake()
    own = ROWS["sendgrid"].credentials(server.base("sendgrid")) | KNOWN["sendgrid"]
    row = add_integration(salon.pk, "sendgrid", own, identifier="sendgrid")
    set_primary(salon.pk, row.pk)
    reminders.workflow("letter", ("email", {"channels": ["email"]}))
    reminders.trigger("letter", {"subscriberId": "anna", "email": "anna@mail.test"})
    worker.drain_dry()
    (sent,) = reminders.messages

    bounced = report(
        "sendgrid", fake.calls[-1], sent.provider_id, "bounce/bounce", int(time.time())
    )
    path = f"/v1/callbacks/{row.pk}/{row.callback_token}"
    headers = dict(bounced.headers)
    answer = client.post(path, bounced.body, "application/json", headers=headers)
    apply_callbacks()

    assert answer.status_code == 200
    assert [(one.state, one.reason) for one in reminders.messages] == [
        ("bounced", "permanent_recipient")
    ]
    assert [address[2:] for address in reminders.addresses] == [("inactive", "permanent_recipient")]


def test_a_thousand_events_of_one_call_are_kept(door):
    place = door("sendgrid")
    event = {"event": "delivered", "useragent": "Mozilla/5.0 " * 40}
    batch = json.dumps([{**event, "sg_event_id": f"e{number}"} for number in range(1000)])

    answer = place.post(place.proven(batch))

    assert len(batch) > 512 * 1024
    assert (answer.status_code, len(place.kept)) == (200, 1000)
