"""Letters whose links lead through us: /t/<token>.<n> and /o/<token>.gif."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client

from channels.integrations import add_integration
from notifications.callback_tasks import apply_callbacks
from notifications.letters.links import followed
from notifications.models import LogEntry, ReceivedCallback
from notifications.opened_letters import clicked, letter_of, opened
from tests.channels.mail_server import MailServer
from tests.for_each import for_each
from tests.notifications.conftest import VISIT, change

OFFER = "Привет!\n\nhttps://salon.example/скидка?a=1&b=2\n\nОтписаться: {{ unsubscribeUrl }}"


@pytest.fixture(scope="module")
def mails():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def letters(reminders, mails):
    change("delete from channels_integration where tenant_id = %s", [reminders.salon.pk])
    account = {
        "host": "127.0.0.1",
        "port": str(mails.port),
        "security": "none",
        "from_address": "salon@roza.test",
    }
    add_integration(reminders.salon.pk, "smtp", account, identifier="mail")
    reminders.promo("promo", "email", body=OFFER)
    return reminders


def html(*sent, **more):
    """Send, and give the letter's HTML as it arrived."""
    return arrived_letter(*sent, **more).get_body(("html",)).get_content().replace("\n", "")


def arrived_letter(letters, worker, mails, name="promo", payload=None):
    address = f"anna-{uuid4().hex[:8]}@mail.test"
    letters.trigger(name, {"subscriberId": "anna", "email": address}, payload or {})
    worker.drain_dry()
    (mail,) = [mail for _, recipients, mail in mails.mails if recipients == [address]]
    return mail


def paths(html):
    """The addresses of ours in a letter: of its link and of its point."""
    (link,) = set(re.findall(r'href="http://[^/]+(/t/[^"]+)"', html))
    (point,) = re.findall(r'src="http://[^/]+(/o/[^"]+)"', html)
    return link, point


def token_of(link):
    return link.removeprefix("/t/").partition(".")[0]


def arrived(letter, seconds_ago):
    return replace(letter, arrived=datetime.now(UTC) - timedelta(seconds=seconds_ago))


def told(letters):
    apply_callbacks()
    lines = [(line.status, line.reason) for line in letters.all(LogEntry)]
    return [line for line in lines if line[0] in ("read", "reported")]


def test_a_followed_link_leads_where_the_letter_said_and_the_click_is_noted_once(
    letters, worker, mails
):
    page = html(letters, worker, mails)
    link, _ = paths(page)
    letter = arrived(letter_of(token_of(link)), 3)

    answer = Client().get(link)
    for _ in range(2):
        clicked(letter, 0)

    assert answer.status_code == 302
    assert (
        answer["Location"] == "https://salon.example/%D1%81%D0%BA%D0%B8%D0%B4%D0%BA%D0%B0?a=1&b=2"
    )
    assert answer["Referrer-Policy"] == "no-referrer"
    # the browser's own click is a machine's, unless this machine is slower than two seconds
    noted = [line for line in told(letters) if line != ("reported", "machine_clicked")]
    assert noted == [("read", "clicked")]
    assert letters.messages[-1].state == "read"


def test_what_opens_a_letter_within_two_seconds_is_a_machine(letters, worker, mails):
    link, point = paths(html(letters, worker, mails))
    letter = letter_of(token_of(link))

    clicked(arrived(letter, -10), 0)  # 1.9 s would depend on how fast this machine is
    opened(arrived(letter, -10))
    assert {reason for _, reason in told(letters)} == {"machine_clicked", "machine_opened"}
    assert letters.messages[-1].state == "sent"

    opened(arrived(letter, 2))
    assert told(letters)[-1] == ("read", "opened")
    assert Client().get(point)["Content-Type"] == "image/gif"


def test_what_only_looks_is_led_on_and_not_counted(letters, worker, mails):
    link, point = paths(html(letters, worker, mails))
    client = Client()

    assert client.head(link).status_code == 302
    assert client.get(link, headers={"sec-purpose": "prefetch;prerender"}).status_code == 302
    assert client.get(link, headers={"x-purpose": "preview"}).status_code == 302
    assert client.head(point).status_code == 200

    assert letters.all(ReceivedCallback) == []


def test_the_link_to_unsubscribe_stays_direct_and_so_does_the_header(letters, worker, mails):
    page = html(letters, worker, mails)

    assert re.search(r'href="http://[^/]+/u/[^"]+"', page)
    assert "/u/" not in "".join(letters.messages[-1].extra["links"])


def test_service_letters_are_not_followed_unless_the_salon_says_so(letters, worker, mails):
    page = html(letters, worker, mails, "appointment-reminder-24h", VISIT)
    assert "/t/" not in page
    assert "/u/" not in page

    letters.set_salon(followed_letters="all", unsubscribe_always=True)
    page = html(letters, worker, mails, "appointment-reminder-24h", VISIT)
    assert page.count('href="http://127.0.0.1:8000/t/') == 2  # the two buttons, once each
    assert "salon.example" not in page
    assert "/u/" in page


def test_headers_say_what_kind_of_letter_it_is_and_how_it_is_left(letters, worker, mails):
    offer = arrived_letter(letters, worker, mails)
    reminder = arrived_letter(letters, worker, mails, "appointment-reminder-24h", VISIT)
    letters.set_salon(unsubscribe_always=True)
    left = arrived_letter(letters, worker, mails, "appointment-reminder-24h", VISIT)

    assert offer["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert offer["Feedback-ID"] == f"promo:{letters.salon.slug}:mk:kolokol"
    assert offer["Auto-Submitted"] is None
    assert reminder["List-Unsubscribe"] is None
    assert reminder["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<http://[^/]+/u/[\w=-]+>", left["List-Unsubscribe"])


def test_a_salon_that_follows_nothing_sends_plain_links(letters, worker, mails):
    letters.set_salon(followed_letters="none")

    assert "https://salon.example/" in html(letters, worker, mails)


def test_an_address_of_nobody_leads_nowhere(letters, worker, mails):
    link, _ = paths(html(letters, worker, mails))
    client = Client()

    for wrong in (f"/t/{'A' * 64}.0", link[:-1] + "7", f"{link}?to=https://evil.example"):
        answer = client.get(wrong)
        assert "evil" not in answer.get("Location", "")
    assert client.get(f"/t/{'A' * 64}.0").status_code == 404
    assert client.get(link[:-1] + "7").status_code == 404
    assert client.get(f"/o/{'A' * 64}.gif").status_code == 404
    assert client.post(link).status_code == 405


@for_each("kept", ["mailto:a@b.c", "tel:+7", "#top", "https://x.ru/u/1", "javascript:x", "{{ x }}"])
def test_what_is_no_web_link_stays_as_it_is(kept):
    html = f'<body><a class="a" href="{kept}">x</a></body>'

    changed, links = followed(html, base="https://n.ru", token="T", spared="https://x.ru/u/1")

    assert f'href="{kept}"' in changed
    assert links == []


def test_one_address_is_one_number_and_entities_are_read():
    html = '<a href="https://x.ru/?a=1&amp;copy=2">1</a><a href="https://x.ru/?a=1&copy=2">2</a>'

    changed, links = followed(html, base="https://n.ru", token="T", spared="")

    assert changed.count('href="https://n.ru/t/T.0"') == 2
    assert links == ["https://x.ru/?a=1&copy=2"]
