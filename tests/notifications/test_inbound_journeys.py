"""Messengers' own bodies, from the callback's address to what they change in the salon.

Bodies: tests/payloads, captured from the providers' documents; each is told twice.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from channels.defaults import add_default, delete_default
from channels.integrations import add_integration
from notifications.lent import bring_home
from tenants import links
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import AddressFactory, ApiKeyFactory, SubscriberFactory, TenantFactory, word
from tests.notifications.client_line import PHONE, ClientLine

BODIES = Path(__file__).parents[1] / "payloads"
SECRET = "vk_hook_secret_1"
TOKEN = "L_8fKq2Zt5vXw1Yb3NcR7dPg"  # stands in the captured bodies
BASE = {"api_base": "https://127.0.0.1:9"}


@dataclass(frozen=True)
class Messenger:
    """An account, and how its provider proves itself."""

    provider: str
    credentials: dict[str, str]
    header: str = ""

    def headers(self, body: bytes) -> dict[str, str]:
        if self.provider == "whatsapp_cloud":
            digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
            return {"X-Hub-Signature-256": f"sha256={digest}"}
        return {self.header: SECRET} if self.header else {}


TELEGRAM = Messenger(
    "telegram",
    {"token": "7000000001:AA-journeys", "webhook_secret": SECRET, **BASE},
    "X-Telegram-Bot-Api-Secret-Token",
)
VK = Messenger("vk", {"token": "v", "callback_secret": SECRET, "group_id": "212345678", **BASE})
MAX = Messenger("max", {"token": "m", "webhook_secret": SECRET, **BASE}, "X-Max-Bot-Api-Secret")
WHATSAPP = Messenger(
    "whatsapp_cloud",
    {"token": "E", "phone_number_id": "106540352242922", "app_secret": SECRET, **BASE},
)


class Door:
    """The salon's account, or one that the platform lends, called by its provider."""

    def __init__(self, messenger: Messenger, line: Any = None, lent: Any = None) -> None:
        self.line = line or ClientLine(TenantFactory())
        self.line.equip()
        self.messenger = messenger
        self.row = lent or add_integration(
            self.line.salon.pk, messenger.provider, messenger.credentials, identifier="account"
        )

    def called(self, name: str, old: str = "", new: str = "") -> None:
        """Call twice with a captured body, and let the job apply it."""
        folder = BODIES / self.messenger.provider
        body = (folder / name).read_text().replace(old or "\0", new).encode()
        for _ in range(2):
            answer = Client().post(
                f"/v1/callbacks/{self.row.pk}/{self.row.callback_token}",
                body,
                content_type="application/json",
                headers=self.messenger.headers(body),
            )
            assert answer.status_code == 200, answer.content
        while bring_home(datetime.now(UTC)):
            pass
        self.line.work()

    @property
    def addresses(self) -> list[tuple[Any, str, str]]:
        return [(a.subscriber_id, a.value, a.state) for a in self.line.all(Address)]


@pytest.mark.parametrize(
    ("messenger", "name", "old", "chat", "first_name"),
    [
        (TELEGRAM, "update_start_deeplink.json", TOKEN, "551234567", "Анна"),
        (VK, "message_new_ref.json", TOKEN, "187654321", ""),
        (MAX, "bot_started_payload.json", TOKEN, "123456789", "Анна"),
        (WHATSAPP, "message_text_stop.json", "Стоп", PHONE, "Анна"),
    ],
    ids=["telegram", "vk", "max", "whatsapp"],
)
def test_a_deep_link_links_once(messenger, name, old, chat, first_name):
    door = Door(messenger)
    anna: Any = SubscriberFactory(tenant=door.line.salon)
    kind = {"whatsapp_cloud": "whatsapp"}.get(messenger.provider, messenger.provider)
    with tenant_scope(anna.tenant_id):
        now = datetime.now(UTC)
        token = links.issue(anna.tenant_id, anna.pk, [kind], now)[kind]

    door.called(name, old, token)

    assert (anna.pk, chat, "active") in door.addresses
    assert door.line.answered == ["chat-linked"]
    (person,) = door.line.all(Subscriber)
    assert person.first_name == first_name


@pytest.mark.parametrize(
    ("messenger", "name", "chat"),
    [
        (TELEGRAM, "update_start_deeplink.json", "551234567"),
        (VK, "message_new_ref.json", "187654321"),
        (MAX, "bot_started_payload.json", "123456789"),
    ],
    ids=["telegram", "vk", "max"],
)
def test_a_deep_link_of_an_account_that_the_platform_lends_links_to_its_salon(
    messenger, name, chat
):
    salon: Any = TenantFactory()
    anna: Any = SubscriberFactory(tenant=salon)
    api = Api(ApiKeyFactory.create(tenant=salon).text)
    given = {**messenger.credentials, "public_name": "bell"}
    account = add_default(messenger.provider, given, identifier=word("lent"), kind="chat")
    try:
        made = api.post(f"/v1/subscribers/{anna.subscriber_id}/links", {})
        door = Door(messenger, ClientLine(salon), account)
        door.called(name, TOKEN, made.json()["data"]["links"][0]["url"].partition("=")[2])
    finally:
        delete_default(account.pk)

    assert made.json()["data"]["missing"] == []
    assert (anna.pk, chat, "active") in door.addresses
    assert door.line.answered == ["chat-linked"]


@pytest.mark.parametrize(
    ("messenger", "name", "kind", "value"),
    [
        (TELEGRAM, "update_text_stop.json", "telegram", "551234567"),
        (VK, "message_new_stop.json", "vk", "187654321"),
        (MAX, "message_created_stop.json", "max", "123456789"),
        (WHATSAPP, "message_text_stop.json", "whatsapp", PHONE),
    ],
    ids=["telegram", "vk", "max", "whatsapp"],
)
def test_stop_is_heard_in_every_messenger(messenger, name, kind, value):
    door = Door(messenger)
    anna: Any = SubscriberFactory(tenant=door.line.salon)
    AddressFactory(subscriber=anna, kind=kind, value=value)

    door.called(name)

    assert door.line.consents == [("advertising", "", False, "stop_word")]
    assert door.line.answered == ["marketing-stopped"]


@pytest.mark.parametrize(
    ("messenger", "name", "kind", "value"),
    [
        (TELEGRAM, "update_my_chat_member_blocked.json", "telegram", "551234567"),
        (VK, "message_deny.json", "vk", "187654321"),
        (MAX, "bot_stopped.json", "max", "123456789"),
    ],
    ids=["telegram", "vk", "max"],
)
def test_a_block_is_heard_where_it_is_told(messenger, name, kind, value):
    door = Door(messenger)
    anna: Any = SubscriberFactory(tenant=door.line.salon)
    AddressFactory(subscriber=anna, kind=kind, value=value)

    door.called(name)

    assert door.addresses == [(anna.pk, value, "inactive")]


def test_a_foreign_card_ties_nobodys_chat():
    door = Door(TELEGRAM)
    AddressFactory(subscriber=SubscriberFactory(tenant=door.line.salon), value=PHONE)

    door.called("update_contact_foreign.json")

    assert [value for _, value, _ in door.addresses] == [PHONE]
