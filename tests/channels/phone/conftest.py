"""A salon with a Phone, one client, and a browser that looks at the page."""

from __future__ import annotations

import json
import re
import time
from uuid import uuid4

import pytest
from django.test import Client

from channels.accounts import integrations_of
from channels.api import phone as page_api
from channels.api import phone_receive
from channels.contract import Content, Outbound
from channels.integrations import ensure_phone
from channels.phone_access import key_for
from channels.request import HttpResponse as ProviderAnswer
from tenants.scope import batch_scope
from tests.channels import phone_urls
from tests.channels.salons import new_client, new_salon, version_of

PATHS = ("", "clients", "messages")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(page_api, "WAIT_S", 1.0)
    monkeypatch.setattr(page_api, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(phone_receive.ReceiveView, "slow_s", 0.5)


@pytest.fixture
def salon():
    salon = new_salon(is_sandbox=True)
    ensure_phone(salon.pk)
    return salon


@pytest.fixture
def anna(salon):
    addresses = {"telegram": "100", "phone": "+79161234567", "email": "anna@mail.example"}
    return new_client(salon, addresses)


def adapter_of(salon):
    version = version_of(salon)
    with batch_scope([salon.pk]):
        return integrations_of(salon.pk, version)[0].adapter


def outbound(kind="chat", address="100", **content):
    given = {"body": "Ждём вас завтра", **content}
    return Outbound(str(uuid4()), kind, address, Content(**given), language="ru", category="tx")


def post(request):
    """Carry an adapter's request to the Phone."""
    path = request.url.partition("/phone/")[2]
    headers = {name: value for name, value in request.headers.items() if name != "Content-Type"}
    answer = Client(raise_request_exception=True).post(
        f"/phone/{path}", request.body, content_type="application/json", headers=headers
    )
    return ProviderAnswer(answer.status_code, {}, answer.content)


def deliver(salon, message):
    adapter = adapter_of(salon)
    return adapter.receipt(post(adapter.request(message)))


def linked(salon):
    browser = Browser(enforce_csrf_checks=True)
    browser.get("/phone/", {"key": key_for(salon.pk)})
    page = browser.get("/phone/")
    found = re.search(r'name="csrf" content="(\w+)"', page.content.decode())
    browser.token = found[1] if found else ""
    return browser


class Browser(Client):
    """Remembers the page's token."""

    token = ""


def do(browser, verb, **body):
    return browser.post(
        f"/phone/{verb}",
        json.dumps(body),
        content_type="application/json",
        headers={"X-CSRFToken": getattr(browser, "token", "")},
    )


def shown(browser, **query):
    return browser.get("/phone/messages", query).json()["messages"]


def told(salon):
    """Read what the platform got, with the salon's own adapter."""
    phone = ensure_phone(salon.pk)
    calls = [(token, call) for key, token, call in phone_urls.TAKEN if key == phone.pk]
    assert {token for token, _ in calls} <= {phone.callback_token}
    return [event for _, call in calls for event in adapter_of(salon).read_callback(call)]


def wait_for(condition, within_s=3.0):
    deadline = time.monotonic() + within_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def other_salon():
    other = new_salon(is_sandbox=True)
    ensure_phone(other.pk)
    return other
