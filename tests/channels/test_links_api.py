"""Links by which clients' chats are tied to them: written as each messenger wants them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from channels.defaults import add_default, delete_default
from channels.integrations import add_integration, set_disabled
from tenants.links import TOKEN
from tenants.models import LinkToken, StoredResponse
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.factories import ApiKeyFactory, SubscriberFactory, TenantFactory, word

BOT = {"token": "7000000001:AA-links", "public_name": "@rosa_bot"}
NUMBER = {
    "token": "EAA",
    "phone_number_id": "1",
    "app_secret": "s",
    "verify_token": "v",
    "public_name": "+79161234567",
}


def made(api, person, **body) -> dict[str, Any]:
    answer = api.post(f"/v1/subscribers/{person.subscriber_id}/links", body)
    assert answer.status_code == 201, answer.content
    return answer.json()["data"]


@pytest.fixture
def anna(salon):
    """A client of Alice's salon."""
    return SubscriberFactory.create(tenant=salon)


def test_a_link_per_named_account_and_the_field_that_the_others_lack(salon, api, anna):
    add_integration(salon.pk, "telegram", BOT, identifier="bot")
    add_integration(salon.pk, "whatsapp_cloud", NUMBER, identifier="number")
    add_integration(salon.pk, "max", {"token": "m"}, identifier="max")
    off = {"token": "v", "public_name": "rosa"}
    off_key = add_integration(salon.pk, "vk", off, identifier="vk").pk
    set_disabled(salon.pk, off_key, True)

    found = made(api, anna)

    urls = {one["channel"]: TOKEN.sub("TOKEN", one["url"]) for one in found["links"]}
    assert urls == {
        "telegram": "https://t.me/rosa_bot?start=TOKEN",
        "whatsapp": "https://wa.me/79161234567?text=TOKEN",
    }
    assert found["missing"] == [
        {"channel": "max", "integration": "max", "field": "credentials.public_name"}
    ]
    with tenant_scope(salon.pk):
        assert LinkToken.objects.filter(subscriber_id=anna.pk).count() == 2


@pytest.mark.parametrize(("has_own", "expected"), [(False, ["https://max.ru/bell"]), (True, [])])
def test_the_platforms_account_speaks_for_a_salon_that_has_none(
    salon, api, anna, has_own, expected
):
    if has_own:
        own = {"url": "https://chats.example/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
        add_integration(salon.pk, "webhook", own, identifier="mine", kind="chat")
    lent = [
        add_default("max", {"token": "m", "public_name": "bell"}, identifier=word("lent")),
        add_default("vk", {"token": "v", "group_id": "1"}, identifier=word("lent")),
    ]
    try:
        found = made(api, anna)
    finally:
        for row in lent:
            delete_default(row.pk)

    assert [one["url"].partition("?")[0] for one in found["links"]] == expected
    assert found["missing"] == []


def test_tokens_fit_the_tightest_messenger_and_differ(salon, api, anna):
    add_integration(salon.pk, "telegram", BOT, identifier="bot")

    tokens = [made(api, anna, channels=["telegram"])["links"][0]["url"] for _ in range(3)]

    assert len(set(tokens)) == 3
    assert all(re.search(r"start=[A-Za-z0-9_-]{22,43}$", token) for token in tokens)


@pytest.mark.parametrize("mode", ["test", "live"])
def test_test_traffic_and_demo_salons_open_the_phone(mode):
    salon: Any = TenantFactory(is_sandbox=mode == "live")
    api = Api(ApiKeyFactory.create(tenant=salon, mode=mode).text)
    person: Any = SubscriberFactory(tenant=salon, mode=mode)

    (link,) = made(api, person, channels=["vk"])["links"]

    assert re.fullmatch(r".*/phone/\?tab=vk&start=[\w-]{32}", link["url"])


@pytest.mark.parametrize("channels", [["pigeon"], "telegram", [1]])
def test_a_channel_that_has_no_links_is_named(api, anna, channels):
    answer = api.post(f"/v1/subscribers/{anna.subscriber_id}/links", {"channels": channels})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["channels"])


def test_a_name_that_fits_no_link_is_refused(api):
    bot = {"token": "1:a", "public_name": "https://t.me/rosa"}

    answer = api.post("/v1/integrations", {"providerId": "telegram", "credentials": bot})

    assert list(answer.json()["errors"]) == ["credentials.public_name"]


def test_a_link_is_not_kept_for_a_repeated_call(salon, api, anna):
    add_integration(salon.pk, "telegram", BOT, identifier="bot")
    path, key = f"/v1/subscribers/{anna.subscriber_id}/links", {"Idempotency_Key": word("links")}

    first, again = (api.post(path, {}, **key).json()["data"]["links"] for _ in range(2))

    assert first != again
    with tenant_scope(salon.pk):
        assert not StoredResponse.objects.filter(tenant=salon).exists()
