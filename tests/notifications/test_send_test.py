"""`send_test` through every provider's fake: it arrives, or says what to do about the account."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from channels.integrations import add_integration
from channels.kinds import CHANNEL_OF_ADDRESS
from channels.models import Integration
from channels.registry import ADAPTERS
from notifications.management.commands.send_test import Command
from tenants.scope import tenant_scope
from tests.channels.mail_server import MailServer
from tests.providers.rows import ROWS
from tests.providers.table import AUTH
from tests.providers.world import World

TEMPLATE = "appointment-reminder-24h-message"
NAMES = [name for name, row in ROWS.items() if not row.provider and name != "sandbox"]
#: Those whose account itself can be refused: others are reached by an address of the client's.
REFUSING = [name for name in NAMES if ROWS[name].outcomes["wrong_credentials"] == AUTH]


@pytest.fixture(scope="module")
def world():
    world = World()
    yield world
    world.close()


@pytest.fixture
def salon(seeded, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    with tenant_scope(seeded.salon.pk):
        Integration.objects.filter(tenant=seeded.salon).delete()
    return seeded.salon


@pytest.fixture
def send(salon, worker):
    """Run the command with this test's worker; give what it printed."""

    def run(*words):
        command, out = Command(), io.StringIO()
        command.look = worker.drain_dry
        words = (*words, "--tenant", salon.slug, "--mode", "live", "--timeout", "20")
        call_command(command, TEMPLATE, *words, stdout=out)
        return out.getvalue()

    return run


def connect(salon, name, world, *, is_wrong=False):
    """Add the account of a provider whose API is its fake."""
    row = ROWS[name]
    world.fakes[name] = row.fake()
    credentials = (row.wrong if is_wrong else row.credentials)(world.base(name))
    kind = "webhook" if name == "webhook" else row.kind
    return add_integration(
        salon.pk, name, credentials, identifier=name.replace("_", "-"), kind=kind
    )


def whom(name):
    """Address the client as this provider can."""
    if name == "webhook":
        return ("--to", "anna")
    row, kinds = ROWS[name], ADAPTERS[name].address_kinds
    kind = next(one for one in kinds if CHANNEL_OF_ADDRESS[one] == row.kind)
    return ("--address", f"{kind}={row.address(0)}")


@pytest.mark.parametrize("name", NAMES)
def test_a_try_arrives_at_the_provider(salon, send, world, name):
    connect(salon, name, world)

    told = send(*whom(name), "--channel", name)

    assert world.fakes[name].complaints == []
    assert len(world.fakes[name].letters) == 1, told


@pytest.mark.parametrize(
    ("name", "language"),
    [(name, ("ru", "en")[number % 2]) for number, name in enumerate(REFUSING)],
)
def test_of_a_wrong_credential_it_tells_what_to_do(salon, send, world, name, language):
    connect(salon, name, world, is_wrong=True)

    with pytest.raises(CommandError) as caught:
        send(*whom(name), "--channel", name, "--language", language)

    first, *steps, last = str(caught.value).splitlines()
    assert ("не принимает аккаунт" if language == "ru" else "refuses the account") in first
    assert steps
    assert ("Сохранить и проверить" if language == "ru" else "Save and check") in last


def test_it_names_the_field_and_where_it_is_found(salon, send, world):
    connect(salon, "whatsapp_cloud", world, is_wrong=True)

    with pytest.raises(
        CommandError, match=r"Check Token \(token\): Meta Business → Business settings"
    ):
        send(*whom("whatsapp_cloud"), "--channel", "whatsapp_cloud", "--language", "en")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, about this test's server
def test_of_a_wrong_password_of_a_mail_server_it_tells_the_same(salon, send):
    server = MailServer(login=("anna", "right"))
    mail = {
        "host": "127.0.0.1",
        "port": str(server.port),
        "security": "none",
        "from_address": "salon@mail.example",
        "username": "anna",
        "password": "wrong",
    }
    add_integration(salon.pk, "smtp", mail, identifier="mail", name="Почта")
    try:
        with pytest.raises(CommandError) as caught:
            send("--email", "anna@mail.example", "--channel", "smtp", "--language", "ru")
    finally:
        server.close()

    assert "не принимает аккаунт «Почта»" in str(caught.value)
    assert "Пароль (password)" in str(caught.value)


def test_a_browser_is_addressed_by_its_subscription(salon, send, world):
    connect(salon, "web_push", world)
    subscription = json.loads(ROWS["web_push"].address(0))

    send("--address", f"web_push={json.dumps(subscription)}", "--channel", "web_push")

    assert len(world.fakes["web_push"].letters) == 1


@pytest.mark.parametrize("words", [("--address", "pigeon=1"), ("--address", "web_push={")])
def test_an_address_that_cannot_be_is_refused(send, words):
    with pytest.raises(CommandError):
        send(*words)
