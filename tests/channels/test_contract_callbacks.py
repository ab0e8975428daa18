"""What was put into a message comes back with its reports: each provider, there and back again.

The fakes check our calls as the providers would and call back with what they were given.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from channels.contract import Content, Outbound
from channels.registry import ADAPTERS
from channels.request import HttpResponse
from channels.told import StatusEvent
from tests.channels.heard import NOW
from tests.for_each import for_each
from tests.providers.calling import KNOWN, WRITERS, report
from tests.providers.rows import ROWS
from tests.providers.server import arrived

#: Words of each provider: delivered, nobody lives there.
WORDS = {
    "sendgrid": ("delivered", "bounce/bounce"),
    "mailgun": ("delivered", "failed/bounce"),
    "postmark": ("Delivery", "Bounce/HardBounce"),
    "brevo": ("delivered", "hard_bounce"),
    "resend": ("email.delivered", "email.bounced/Permanent"),
    "unisender_go": ("delivered", "hard_bounced/err_user_unknown"),
    "ses": ("Delivery", "Bounce/Permanent"),
    "twilio": ("delivered", "undelivered/30005"),
    "smsc": ("1", "20/1"),
    "smsaero": ("1", ""),
    "smsru": ("103", "150"),
}
ADDRESS = "https://kolokol.example/v1/callbacks/1/token"
#: These know our message by their own name only.
NAMELESS = {"smsc", "smsru"}


def sent(name):
    """Send a message to the fake: the adapter, the message, the call and the provider's id."""
    row = ROWS[name]
    base = "https://fake.example/" + name
    own = row.credentials(base) | KNOWN.get(name, {}) | {"callback_url": ADDRESS}
    adapter, fake = ADAPTERS[name](own), row.fake()
    content = Content(body="Ждём вас завтра", title="Визит")
    message = Outbound(str(uuid4()), row.kind, row.address(1), content, "ru", "tx")
    request = adapter.request(message)
    to = urlsplit(request.url)
    headers = {key.lower(): value for key, value in request.headers.items()} | {"host": to.netloc}
    call, _ = arrived(request.method, to.path, headers, request.body)
    reply = fake.serve(call)
    assert not fake.complaints
    lower = {key.lower(): value for key, value in reply.headers.items()}
    receipt = adapter.receipt(HttpResponse(reply.status, lower, reply.body))
    return adapter, message, call, receipt.provider_id


def test_every_provider_that_calls_back_here_has_a_fake_that_does():
    assert set(WORDS) == set(WRITERS)


@pytest.mark.parametrize("name", WORDS)
def test_a_report_finds_the_message_by_our_id_and_by_the_providers(name):
    adapter, message, call, number = sent(name)

    (told,) = adapter.read_callback(report(name, call, number, WORDS[name][0], NOW))

    assert isinstance(told, StatusEvent)
    assert told.state == "delivered"
    assert told.provider_id == number
    assert told.message_id == ("" if name in NAMELESS else message.message_id)


@for_each("name", [name for name in WORDS if WORDS[name][1]])
def test_a_report_that_nobody_lives_there_names_the_dead_address(name):
    adapter, message, call, number = sent(name)

    (told,) = adapter.read_callback(report(name, call, number, WORDS[name][1], NOW))

    assert (told.effect, told.reason) == ("dead", "permanent_recipient")
    assert told.state in {"failed", "bounced"}
    assert name == "smsru" or told.address.lstrip("+") == message.address.lstrip("+")


def test_smsc_tells_what_an_sms_has_cost():
    adapter, _, call, number = sent("smsc")

    (told,) = adapter.read_callback(report("smsc", call, number, "1", NOW))

    assert (told.cost, told.currency) == ("4.10", "RUB")
