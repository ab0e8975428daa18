"""The Phone from outside: what arrives, what it shows to whom, what it tells the platform."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.signing import TimestampSigner
from django.test import Client

from channels.accounts import integrations_of
from channels.api import phone as page_api
from channels.api import phone_receive
from channels.contract import Button, Content, Outbound
from channels.errors import BadAddress, DeliveryError, Temporary, WindowClosed
from channels.integrations import ensure_phone
from channels.models import PhoneMessage, PhoneSwitch
from channels.phone import set_switch
from channels.phone_access import key_for
from channels.request import HttpResponse as ProviderAnswer
from channels.told import InboundEvent, StatusEvent
from tenants.models import Member, User
from tenants.scope import batch_scope, tenant_scope
from tests.channels import phone_urls
from tests.channels.salons import new_client, new_salon, version_of

pytestmark = pytest.mark.urls("tests.channels.phone_urls")
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


# --- Messages in -----------------------------------------------------------------------------


def test_a_message_is_kept_shown_and_reported_as_delivered(salon, anna):
    message = outbound(title="Визит", buttons=(Button("Да", action="confirm"),))

    receipt = deliver(salon, message)

    assert receipt.provider_id == message.message_id
    (seen,) = shown(linked(salon))
    assert (seen["tab"], seen["address"], seen["title"], seen["body"]) == (
        "telegram",
        "100",
        "Визит",
        "Ждём вас завтра",
    )
    assert seen["buttons"] == [{"text": "Да", "url": "", "action": "confirm"}]
    (event,) = wait_for(lambda: told(salon))
    assert (event.state, event.message_id) == ("delivered", message.message_id)


def test_a_repeated_send_shows_once(salon, anna):
    message = outbound()

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: deliver_in_thread(salon, message), range(4)))

    assert {receipt.provider_id for receipt in answers} == {message.message_id}
    assert len(shown(linked(salon))) == 1


def deliver_in_thread(salon, message):
    from django.db import connection

    try:
        return deliver(salon, message)
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("kind", "address", "address_kind", "tab"),
    [
        ("chat", "100", "", "telegram"),
        ("chat", "wa-1", "", "whatsapp"),
        ("chat", "+79161234567", "whatsapp", "whatsapp"),
        ("chat", "nobody's", "", "telegram"),
        ("sms", "+79161234567", "", "sms"),
        ("email", "anna@mail.example", "", "email"),
        ("push", "token", "", "push"),
        ("push", "ab" * 32, "apns", "push"),
        ("push", "{}", "web_push", "push"),
        ("chat", "#staff", "slack", "work"),
    ],
)
def test_the_message_lies_in_the_app_of_its_address(salon, anna, kind, address, address_kind, tab):
    new_client(salon, {"whatsapp": "wa-1"}, "Вера")
    message = outbound(kind, address)
    message = Outbound(**{**fields(message), "extra": {"address_kind": address_kind}})

    deliver(salon, message)

    assert [seen["tab"] for seen in shown(linked(salon))] == [tab]


def fields(message):
    return {name: getattr(message, name) for name in message.__slots__}


def test_a_message_that_is_not_signed_is_refused(salon):
    request = adapter_of(salon).request(outbound())
    forged = SimpleNamespace(url=request.url, headers=request.headers, body=request.body + b" ")
    foreign = SimpleNamespace(
        url=request.url, headers=adapter_of(other_salon()).request(outbound()).headers, body=b"{}"
    )
    nobody = SimpleNamespace(
        url=f"http://x/phone/receive/{uuid4()}", headers=request.headers, body=request.body
    )

    assert [post(r).status for r in (forged, foreign, nobody)] == [401, 401, 404]
    assert shown(linked(salon)) == []


def other_salon():
    other = new_salon(is_sandbox=True)
    ensure_phone(other.pk)
    return other


def test_a_signed_probe_is_answered_and_an_unknown_body_refused(salon):
    adapter = adapter_of(salon)

    assert adapter.receipt(post(adapter.probe()))
    assert post(adapter._post({"type": "message", "id": "7"})).status == 400


# --- Switches --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("no_network", Temporary),
        ("not_registered", BadAddress),
        ("blocked", BadAddress),
        ("window_closed", WindowClosed),
    ],
)
def test_a_switch_makes_the_phone_refuse(salon, anna, fault, error):
    set_switch(salon.pk, anna.pk, "telegram", fault=fault, is_on=True)

    with pytest.raises(error) as caught:
        deliver(salon, outbound())

    assert type(caught.value) is error
    assert isinstance(caught.value, DeliveryError)
    assert shown(linked(salon)) == []


def test_a_fault_of_one_app_leaves_the_others_alone(salon, anna):
    set_switch(salon.pk, anna.pk, "telegram", fault="blocked", is_on=True)

    assert deliver(salon, outbound("sms", "+79161234567"))


def test_no_network_silences_the_whole_phone_of_that_client_only(salon, anna):
    new_client(salon, {"telegram": "200"}, "Вера")
    set_switch(salon.pk, anna.pk, "telegram", fault="no_network", is_on=True)

    with pytest.raises(Temporary):
        deliver(salon, outbound("email", "anna@mail.example"))
    assert deliver(salon, outbound(address="200"))


def test_a_slow_phone_takes_the_message_later_and_only_two_at_a_time(salon, anna):
    set_switch(salon.pk, anna.pk, "", fault="slow", is_on=True)
    started = time.monotonic()

    with ThreadPoolExecutor(5) as threads:
        answers = list(threads.map(lambda _: slow_answer(salon), range(5)))

    assert sorted(answers) == [200, 200, 503, 503, 503]
    assert time.monotonic() - started >= 0.5


def slow_answer(salon):
    from django.db import connection

    try:
        return post(adapter_of(salon).request(outbound())).status
    finally:
        connection.close()


def test_a_block_and_its_end_tell_the_platform_once_each(salon, anna):
    browser = linked(salon)
    flip = {"client": str(anna.pk), "tab": "telegram", "fault": "blocked"}

    for is_on in (True, True, False, False):
        assert do(browser, "switch", **flip, on=is_on).status_code == 200

    assert [(event.kind, event.address) for event in told(salon)] == [
        ("blocked", "100"),
        ("unblocked", "100"),
    ]
    assert deliver(salon, outbound())


def test_a_switch_needs_a_client_of_this_salon_and_a_known_fault(salon, anna):
    other = new_client(other_salon(), {"telegram": "100"})
    browser = linked(salon)

    foreign = do(browser, "switch", client=str(other.pk), tab="telegram", fault="blocked", on=True)
    unknown = do(browser, "switch", client=str(anna.pk), tab="telegram", fault="fire", on=True)

    assert (foreign.status_code, unknown.status_code) == (404, 400)
    with tenant_scope(salon.pk):
        assert not PhoneSwitch.objects.filter(tenant_id=salon.pk).exists()


# --- What the client does --------------------------------------------------------------------


def test_a_press_on_an_action_reaches_the_platform_as_a_providers_callback(salon, anna):
    message = outbound(buttons=(Button("Да", action="confirm"), Button("Сайт", url="https://a.b")))
    deliver(salon, message)
    browser = linked(salon)
    (seen,) = shown(browser)

    assert do(browser, "press", id=seen["id"], button=0).json() == {"events": 1}

    press = next(event for event in told(salon) if isinstance(event, InboundEvent))
    assert (press.kind, press.value, press.message_id, press.address) == (
        "button",
        "confirm",
        message.message_id,
        "100",
    )
    assert shown(browser)[0]["pressed"] == "confirm"


def test_each_press_is_an_event_of_its_own(salon, anna):
    deliver(salon, outbound(buttons=(Button("Да", action="confirm"),)))
    browser = linked(salon)
    key = shown(browser)[0]["id"]

    do(browser, "press", id=key, button=0)
    do(browser, "press", id=key, button=0)

    assert len({event.key for event in told(salon) if isinstance(event, InboundEvent)}) == 2


def test_a_link_button_is_marked_and_tells_nobody(salon, anna):
    deliver(salon, outbound(buttons=(Button("Сайт", url="https://a.b", action="site"),)))
    browser = linked(salon)
    (seen,) = shown(browser)

    assert do(browser, "press", id=seen["id"], button=0).json() == {"events": 0}
    assert shown(browser)[0]["pressed"] == "site"


@pytest.mark.parametrize("button", [1, -1, "0", None])
def test_a_button_that_is_not_there_cannot_be_pressed(salon, anna, button):
    deliver(salon, outbound(buttons=(Button("Да", action="confirm"),)))
    browser = linked(salon)
    key = shown(browser)[0]["id"]

    assert do(browser, "press", id=key, button=button).status_code in {400, 404}
    assert shown(browser)[0]["pressed"] == ""


def test_the_platforms_answer_to_a_press_stands_under_the_message(salon, anna):
    message = outbound(buttons=(Button("Да", action="confirm"),))
    deliver(salon, message)
    adapter = adapter_of(salon)
    press = InboundEvent("k", "button", "100", "confirm", message_id=message.message_id)

    post(*adapter.acknowledge(press, "Спасибо, ждём!"))

    first, answer = shown(linked(salon))
    assert (answer["from"], answer["to"], answer["body"]) == (
        "answer",
        first["id"],
        "Спасибо, ждём!",
    )


def test_reading_is_told_once(salon, anna):
    deliver(salon, outbound())
    browser = linked(salon)
    key = shown(browser)[0]["id"]

    answers = [do(browser, "read", ids=[key]).json()["events"] for _ in range(2)]

    assert answers == [1, 0]
    assert [e.state for e in told(salon) if isinstance(e, StatusEvent) and e.state == "read"] == [
        "read"
    ]
    assert shown(browser)[0]["is_read"]


def test_a_reply_is_shown_and_told(salon, anna):
    browser = linked(salon)

    answer = do(browser, "reply", tab="sms", address="+79161234567", text=" Да, приду \n")

    assert answer.json() == {"events": 1}
    (event,) = told(salon)
    assert (event.kind, event.value, event.address) == ("text", "Да, приду", "+79161234567")
    (seen,) = shown(browser)
    assert (seen["from"], seen["body"], seen["tab"]) == ("client", "Да, приду", "sms")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"text": "  "}, 400),
        ({"text": "x" * 4097}, 400),
        ({"text": "\x00"}, 400),
        ({"text": "\ud800"}, 400),
        ({"text": 7}, 400),
        ({"tab": "fax"}, 400),
        ({"address": "+70000000000"}, 404),
    ],
)
def test_a_reply_that_nobody_could_write_is_refused(salon, anna, changes, status):
    browser = linked(salon)
    body = {"tab": "sms", "address": "+79161234567", "text": "Да", **changes}

    assert do(browser, "reply", **body).status_code == status
    assert told(salon) == []


def test_a_post_without_the_pages_token_is_refused(salon, anna):
    browser = linked(salon)
    browser.token = ""

    assert do(browser, "reply", tab="sms", address="+79161234567", text="Да").status_code == 403


# --- The page and who sees it ----------------------------------------------------------------


def test_the_links_key_leaves_the_address(salon):
    browser = Client()

    first = browser.get("/phone/", {"key": key_for(salon.pk)})
    page = browser.get(first["Location"])

    assert (first.status_code, first["Location"]) == (302, "/phone/?link")
    assert first.cookies["kolokol_phone"]["httponly"]
    assert first.cookies["kolokol_phone"]["path"] == "/phone/"
    assert page.status_code == 200
    assert "script-src" not in page["Content-Security-Policy"]
    assert "default-src 'self'" in page["Content-Security-Policy"]
    assert not re.search(r"<style|\son\w+=|javascript:", page.content.decode())


def old_key(salon):
    long_ago = time.time() - 31 * 86400
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: long_ago)
        return key_for(salon.pk)


@pytest.mark.parametrize(
    "spoil",
    [
        old_key,
        lambda salon: key_for(salon.pk)[:-1] + "!",
        lambda salon: key_for(salon.pk).replace(str(salon.pk), str(uuid4())),
        lambda salon: TimestampSigner(salt="unsubscribe").sign(str(salon.pk)),
        lambda salon: TimestampSigner(salt="phone").sign("not a salon"),
    ],
    ids=["old", "damaged", "other-salon", "other-purpose", "no-salon"],
)
def test_a_key_that_is_not_good_opens_nothing(salon, spoil):
    key = spoil(salon)
    by_link, by_cookie = Client(), Client()
    by_cookie.cookies["kolokol_phone"] = key

    assert by_link.get("/phone/", {"key": key}).status_code == 403
    assert [by_cookie.get(f"/phone/{path}").status_code for path in PATHS] == [403] * 3


def test_a_stranger_is_asked_to_log_in():
    browser = Client()

    assert browser.get("/phone/").status_code == 302
    assert "login" in browser.get("/phone/")["Location"]
    assert [browser.get(f"/phone/{path}").status_code for path in PATHS[1:]] == [403] * 2
    assert do(browser, "reply", tab="sms", address="1", text="Да").status_code == 403


def member(salon, role="owner"):
    user = User.objects.create_user(uuid4().hex)
    with tenant_scope(salon.pk):
        Member.objects.create(tenant_id=salon.pk, user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


def test_a_member_sees_the_own_salons_phone(salon, anna):
    deliver(salon, outbound())

    browser = member(salon)

    assert browser.get("/phone/").status_code == 200
    assert [client["name"] for client in browser.get("/phone/clients").json()["clients"]] == [
        "Анна"
    ]
    assert len(shown(browser)) == 1


def test_neither_member_nor_link_of_another_salon_sees_anything(salon, anna):
    deliver(salon, outbound(html="<p>Тайна</p>"))
    (seen,) = shown(linked(salon))
    with tenant_scope(salon.pk):
        key = PhoneMessage.objects.get(tenant_id=salon.pk).pk
    other = other_salon()

    for browser in (member(other), linked(other)):
        assert shown(browser) == []
        assert browser.get("/phone/clients").json()["clients"] == []
        assert browser.get(f"/phone/letter/{key}").status_code == 404
        browser.handler.enforce_csrf_checks = False
        assert do(browser, "press", id=str(key), button=0).status_code == 404
        assert do(browser, "read", ids=[str(key)]).json() == {"events": 0}
        assert do(browser, "reply", tab="telegram", address="100", text="Да").status_code == 404
    assert not shown(linked(salon))[0]["is_read"]
    assert seen["is_letter"]


def test_an_analyst_looks_but_does_not_touch(salon, anna):
    browser = member(salon, "analyst")

    assert browser.get("/phone/").status_code == 200
    assert do(browser, "reply", tab="sms", address="+79161234567", text="Да").status_code == 403


def test_a_link_counts_for_a_member_of_another_salon(salon, anna):
    deliver(salon, outbound())
    browser = member(other_salon())
    browser.get("/phone/", {"key": key_for(salon.pk)})

    assert len(browser.get("/phone/messages?link").json()["messages"]) == 1
    assert browser.get("/phone/messages").json()["messages"] == []


def test_a_live_salon_shows_its_test_clients_only():
    salon = new_salon()
    new_client(salon, {"phone": "+79161234567"}, "Живая")
    new_client(salon, {"phone": "+79161234568"}, "Пробная", mode="test")

    found = linked(salon).get("/phone/clients").json()["clients"]

    assert [(client["name"], client["mode"]) for client in found] == [("Пробная", "test")]


def test_an_address_that_nobody_has_is_listed_by_itself(salon, anna):
    deliver(salon, outbound("sms", "+70000000001"))

    found = linked(salon).get("/phone/clients").json()["clients"]

    assert [client["name"] for client in found] == ["Анна", "+70000000001"]


def test_clients_are_found_by_name(salon, anna):
    new_client(salon, {}, "Вера")

    found = linked(salon).get("/phone/clients", {"q": "ВЕР"}).json()["clients"]

    assert [client["name"] for client in found] == ["Вера"]


@pytest.mark.parametrize(("lang", "word"), [("ru", "Клиенты"), ("en", "Clients")])
def test_the_page_speaks_both_languages(salon, lang, word):
    browser = linked(salon)

    page = browser.get("/phone/", {"lang": lang})

    assert f">{word}</h2>" in page.content.decode()
    assert f">{word}</h2>" in browser.get("/phone/").content.decode()  # remembered


def test_a_letter_is_shown_without_rights(salon, anna):
    deliver(salon, outbound("email", "anna@mail.example", html="<script>1</script><p>Письмо</p>"))
    browser = linked(salon)
    (seen,) = shown(browser)

    letter = browser.get(f"/phone/letter/{seen['id']}")

    assert letter["Content-Security-Policy"].startswith("sandbox allow-popups")
    assert "default-src 'none'" in letter["Content-Security-Policy"]
    assert letter["X-Frame-Options"] == "SAMEORIGIN"
    assert "<p>Письмо</p>" in letter.content.decode()


def test_a_waiting_page_gets_a_new_message_at_once(salon, anna, monkeypatch):
    monkeypatch.setattr(page_api, "WAIT_S", 30.0)
    deliver(salon, outbound())
    browser = linked(salon)
    last = shown(browser)[0]["id"]

    with ThreadPoolExecutor(1) as threads:
        started = time.monotonic()
        waiting = threads.submit(wait_in_thread, browser, last)
        time.sleep(0.2)
        deliver(salon, outbound(body="Второе"))
        found = waiting.result()

    assert [message["body"] for message in found] == ["Второе"]
    assert time.monotonic() - started < 15


def wait_in_thread(browser, last):
    from django.db import connection

    try:
        return shown(browser, after=last, seen=last)
    finally:
        connection.close()


def test_a_message_whose_id_is_older_than_the_last_seen_is_not_lost(salon, anna):
    browser = linked(salon)
    deliver(salon, outbound(body="Раннее"))
    deliver(salon, outbound(body="Позднее"))
    early, late = shown(browser)

    found = shown(browser, after=late["id"], seen=late["id"])

    assert [message["id"] for message in found] == [early["id"]]


def test_waiting_pages_hold_a_bounded_number_of_threads(salon, anna):
    deliver(salon, outbound())
    browser = linked(salon)
    last = shown(browser)[0]["id"]
    held = [page_api._waiting.acquire(blocking=False) for _ in range(4)]

    answer = browser.get("/phone/messages", {"after": last, "seen": last}).json()

    for _ in held:
        page_api._waiting.release()
    assert answer == {"messages": [], "waited": False}


def test_a_page_that_shows_nothing_yet_hears_the_first_message(salon, anna):
    browser = linked(salon)
    nothing = "00000000-0000-7000-8000-000000000000"  # what the page says while it is empty
    assert browser.get("/phone/messages", {"after": nothing}).json()["messages"] == []

    deliver(salon, outbound(body="Первое"))

    assert [message["body"] for message in shown(browser, after=nothing)] == ["Первое"]
