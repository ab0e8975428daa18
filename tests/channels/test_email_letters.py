"""E-mail over HTTP: each letter is whole in the provider's own terms."""

from __future__ import annotations

import json
import sys

import pytest

from channels.contract import Content
from channels.errors import BadAddress, BadCredentials, Permanent, Unsupported
from channels.registry import ADAPTERS
from tests.channels.letters import (
    CLASSES,
    CONTENT,
    MESSAGE_ID,
    NAMES,
    SECRET,
    UNSUBSCRIBE,
    adapter,
    outbound,
    read,
)
from tests.for_each import for_each


@for_each("name", NAMES)
def test_a_letter_is_whole_in_the_provider_s_own_terms(name):
    letter = read(name, adapter(name).request(outbound()))

    assert letter.to == "anna@klient.example"
    assert "Салон «Лотос», Москва" in letter.sender
    assert "salon@beauty.example" in letter.sender
    assert letter.reply_to == "answers@beauty.example"
    assert letter.subject == "Завтра в 15:00"
    assert letter.text.startswith("Анна, ждём вас завтра!")
    assert "https://salon.example/c/5fK2" in letter.text
    assert letter.ours == MESSAGE_ID


@for_each("name", NAMES)
def test_picture_and_buttons_appear_in_the_html(name):
    html = read(name, adapter(name).request(outbound())).html

    assert "<b>ждём</b>" in html
    assert 'src="https://salon.example/p.png?a=1&amp;b=2"' in html
    assert '<a href="https://salon.example/c/5fK2">Подтвердить</a>' in html
    assert html.rstrip().endswith("</body></html>")


@for_each("name", NAMES)
def test_a_letter_that_has_its_picture_and_buttons_stays_as_it_is(name):
    html = (
        '<p><img src="https://salon.example/p.png?a=1&amp;b=2">'
        '<a href="https://salon.example/c/5fK2">Да!</a></p>'
    )
    content = Content("Анна", "Завтра", html, CONTENT.image_url, CONTENT.buttons)

    assert read(name, adapter(name).request(outbound(content))).html.strip() == html


@for_each("name", NAMES)
def test_a_plain_text_leaves_without_an_html_part(name):
    letter = read(name, adapter(name).request(outbound(Content("Анна", "Завтра"))))

    assert (letter.text, letter.html) == ("Анна", "")


@for_each("name", NAMES)
def test_marketing_can_be_left_by_one_click(name):
    headers = read(name, adapter(name).request(outbound())).headers

    assert headers["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Content-Language"] == "ru"


@for_each("name", NAMES)
def test_a_transactional_letter_has_no_list_headers(name):
    headers = read(name, adapter(name).request(outbound(category="tx"))).headers

    assert "List-Unsubscribe" not in headers


@for_each("name", NAMES)
@for_each(
    "address", ["anna@klient.example, eva@klient.example", "anna", "a\r\nBcc: e@x.example", "@"]
)
def test_what_is_no_single_address_is_refused_before_the_call(name, address):
    with pytest.raises(BadAddress):
        adapter(name).request(outbound(address=address))


@for_each("name", NAMES)
def test_a_line_break_in_the_subject_is_refused(name):
    with pytest.raises(Permanent, match="line break"):
        adapter(name).request(outbound(Content("Анна", "Завтра\r\nBcc: eva@x.example")))


@for_each("name", NAMES)
def test_another_address_of_the_api_keeps_its_path(name):
    own = adapter(name, api_base="http://127.0.0.1:9/fake/")

    for request in (own.request(outbound()), own.probe()):
        assert request.url.startswith("http://127.0.0.1:9/fake/")
        assert "//" not in request.url.removeprefix("http://")
        assert SECRET not in request.url


def test_repeats_carry_the_key_that_each_provider_knows():
    brevo = json.loads(adapter("brevo").request(outbound()).body)
    unisender = json.loads(adapter("unisender_go").request(outbound()).body)

    assert adapter("resend").request(outbound()).headers["Idempotency-Key"] == MESSAGE_ID
    assert brevo["headers"]["idempotencyKey"] == MESSAGE_ID
    assert unisender["message"]["idempotence_key"] == MESSAGE_ID
    assert [one.provider for one in CLASSES if one.is_idempotent] == ["resend"]


def test_marketing_takes_the_broadcast_stream_of_postmark():
    own = adapter("postmark", message_stream="outbound", broadcast_stream="broadcast")

    streams = [
        json.loads(own.request(outbound(category=category)).body)["MessageStream"]
        for category in ("tx", "mk")
    ]

    assert streams == ["outbound", "broadcast"]


def test_unisender_gets_our_unsubscribe_page_and_leave_to_drop_its_own():
    plain = json.loads(adapter("unisender_go").request(outbound()).body)["message"]
    approved = adapter("unisender_go", skip_unsubscribe="1").request(outbound())

    assert plain["options"]["unsubscribe_url"] == UNSUBSCRIBE
    assert "skip_unsubscribe" not in plain
    assert json.loads(approved.body)["message"]["skip_unsubscribe"] == 1


def test_a_region_cannot_lead_to_another_host():
    with pytest.raises(BadCredentials, match="region"):
        adapter("ses", region="evil.example/#").request(outbound())


def test_a_domain_that_is_none_cannot_lead_to_another_path():
    with pytest.raises(Permanent, match="mailgun cannot write it"):
        adapter("mailgun", domain="a.example/../b").request(outbound())


def test_without_the_extra_amazon_says_what_to_install(monkeypatch):
    for module in ("botocore.auth", "botocore.awsrequest", "botocore.credentials"):
        monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(Unsupported, match=r"pip install '\.\[aws\]'"):
        adapter("ses").request(outbound())
    assert "ses" in ADAPTERS
