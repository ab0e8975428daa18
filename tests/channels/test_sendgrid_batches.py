"""SendGrid: a thousand letters in one call, each with its own words, within published limits."""

from __future__ import annotations

import json

import pytest

from channels.adapters.sendgrid import SendgridAdapter
from channels.contract import Button, Content, Outbound, Receipt
from channels.errors import BadCredentials, NotStarted, Permanent, RateLimited
from notifications.rendering import email_html
from tests.channels.expected import answer
from tests.for_each import for_each

OWN = SendgridAdapter(
    {"api_key": "SG.KEY", "from_address": "salon@beauty.example", "from_name": "Салон «Лотос»"}
)
WORDS = ("Маникюр & педикюр", "Don't be late", "«Стрижка», 15:00", '<b>"хит"</b>', "50 % $1 \\1")


def letter(number, *, body="", html=None, category="mk", title=None):
    words = f"{WORDS[number % len(WORDS)]} {number}"
    links = {"unsubscribeUrl": f"https://salon.example/u/{number}"}
    content = Content(
        body or f"Анна {number}, {words}!\n\nЖдём вас завтра.",
        title or f"Для вас: {words}",
        image_url="https://salon.example/p.png",
        buttons=(Button("Записаться", f"https://salon.example/c/{number}?a=1&b=2"),),
    )
    made = email_html(content, brand={"name": "Лотос"}, language="ru", links=links)
    content = Content(
        content.body,
        content.title,
        made if html is None else html,
        content.image_url,
        content.buttons,
    )
    return Outbound(
        f"0199a3f2-6d10-7c1e-9b3a-{number:012}",
        "email",
        f"client{number}@klient.example",
        content,
        "ru",
        category,
        extra={"unsubscribe_url": links["unsubscribeUrl"]},
    )


def body_of(letters):
    return json.loads(OWN.request_many(letters).body)


def received(body, number):
    """Put one letter together as SendGrid does: every key is replaced wherever it stands."""
    own = body["personalizations"][number]
    parts = [own["subject"], *(part["value"] for part in body["content"])]
    for key, value in own["substitutions"].items():
        parts = [part.replace(key, value) for part in parts]
    return parts


@pytest.fixture(scope="module")
def thousand():
    return [letter(number) for number in range(1000)]


@pytest.fixture(scope="module")
def request_of_thousand(thousand):
    return OWN.request_many(thousand)


def test_a_thousand_letters_of_one_template_share_one_key(thousand):
    assert OWN.batch_size == 1000
    assert len({OWN.batch_key(one) for one in thousand}) == 1


def test_a_thousand_letters_are_one_call_within_the_published_limits(request_of_thousand):
    body = json.loads(request_of_thousand.body)

    people = body["personalizations"]
    assert request_of_thousand.url == "https://api.sendgrid.com/v3/mail/send"
    assert len(request_of_thousand.body) < 30_000_000
    assert len(people) == 1000
    assert all(len(one["to"]) == 1 for one in people)
    for one in people:
        assert len(json.dumps(one["substitutions"], ensure_ascii=False).encode()) <= 10_000
        assert len(json.dumps(one["custom_args"]).encode()) <= 10_000
        assert all(isinstance(value, str) for value in one["substitutions"].values())
    assert [part["type"] for part in body["content"]] == ["text/plain", "text/html"]
    assert all(part["value"] for part in body["content"])


def test_each_recipient_gets_her_own_letter_byte_for_byte(thousand, request_of_thousand):
    body = json.loads(request_of_thousand.body)

    for number, one in enumerate(thousand):
        subject, text, html = received(body, number)
        assert subject == one.content.title
        assert text == f"{one.content.body}\n\nЗаписаться: {one.content.buttons[0].url}"
        assert html == one.content.html


def test_each_recipient_can_be_told_apart_and_can_leave(thousand, request_of_thousand):
    people = json.loads(request_of_thousand.body)["personalizations"]

    for number, (one, sent) in enumerate(zip(people, thousand, strict=True)):
        assert one["to"] == [{"email": sent.address}]
        assert one["custom_args"] == {"kolokol_id": sent.message_id}
        assert one["headers"]["List-Unsubscribe"] == f"<https://salon.example/u/{number}>"
        assert one["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_the_shared_part_leaves_once_and_holds_nobody_s_words(thousand, request_of_thousand):
    body = json.loads(request_of_thousand.body)

    shared = json.dumps({name: body[name] for name in body if name != "personalizations"})
    assert len(request_of_thousand.body) < sum(len(OWN.request(one).body) for one in thousand) / 3
    assert "custom_args" not in body
    assert "headers" not in body
    assert not any(f"client{number}" in shared or f"/u/{number}" in shared for number in range(9))


def test_two_letters_to_one_address_stay_two_letters():
    first, second = letter(1), letter(2)
    second = Outbound(
        second.message_id, "email", first.address, second.content, "ru", "mk", extra=second.extra
    )

    body = body_of([first, second])

    assert received(body, 0)[1].startswith("Анна 1,")
    assert received(body, 1)[1].startswith("Анна 2,")


@pytest.mark.parametrize(
    "other",
    [
        letter(2, category="tx"),
        letter(2, html="<p>Другой шаблон</p>"),
        letter(2, body="Один абзац"),
    ],
)
def test_letters_of_another_kind_or_template_do_not_share_a_call(other):
    assert OWN.batch_key(other) != OWN.batch_key(letter(1))


@for_each(
    "alone",
    [
        letter(1, body="я" * 3400),  # in text and HTML: above 10,000 bytes of values
        letter(1, body="a [%kt%] b"),
        letter(1, title="[%k0%]"),
        letter(1, title="Для вас\r\nBcc: eva@klient.example"),
        letter(1, html=f"<style>{'a' * 1_000_001}</style><p>Анна</p>"),
    ],
)
def test_a_letter_that_breaks_a_limit_goes_alone(alone):
    assert OWN.batch_key(alone) is None


def test_large_markup_does_not_count_against_the_values():
    html = "<style>" + ".a{color:red}" * 5000 + "</style><p>Анна {}</p>"

    letters = [letter(number, html=html.replace("{}", str(number))) for number in (1, 2)]

    assert OWN.batch_key(letters[0]) == OWN.batch_key(letters[1]) is not None
    assert received(body_of(letters), 1)[2].startswith(html.replace("{}", "2")[:-4])


def test_the_second_value_is_not_found_in_the_twelfth():
    letters = [
        letter(number, html="".join(f"<p>{sign}{number}</p>" for sign in "abcdefghijklm"))
        for number in (1, 2)
    ]

    assert received(body_of(letters), 1)[2].startswith(letters[1].content.html)


def test_letters_without_html_share_a_call_too():
    letters = [
        Outbound(
            f"0199a3f2-{n}", "email", f"c{n}@k.example", Content(f"Анна {n}", "Да"), "ru", "tx"
        )
        for n in range(2)
    ]

    body = body_of(letters)

    assert OWN.batch_key(letters[0]) == OWN.batch_key(letters[1]) is not None
    assert [part["type"] for part in body["content"]] == ["text/plain"]
    assert received(body, 1) == ["Да", "Анна 1"]


def test_a_letter_without_a_plain_part_does_not_join_those_that_have_one():
    picture = '<p><img src="https://salon.example/p.png"></p>'
    bare, whole = (
        Outbound("1", "email", "c@k.example", Content(body, "Да", picture), "ru", "tx")
        for body in ("", "Анна")
    )

    assert OWN.batch_key(bare) != OWN.batch_key(whole)
    assert [part["type"] for part in body_of([bare])["content"]] == ["text/html"]
    assert [part["type"] for part in body_of([whole])["content"]] == ["text/plain", "text/html"]


def test_one_acceptance_gives_each_letter_a_receipt_of_its_own(thousand):
    receipts = OWN.receipts(answer(202, b"", {"X-Message-Id": "f3a1QkZ"}), thousand)

    assert all(isinstance(receipt, Receipt) for receipt in receipts)
    assert receipts[7].provider_id == f"f3a1QkZ:{thousand[7].message_id}"
    assert len({receipt.provider_id for receipt in receipts}) == 1000


def test_a_bad_recipient_fails_alone_and_the_others_cost_no_attempt():
    errors = {
        "errors": [
            {"message": "Does not contain a valid address.", "field": "personalizations.1.to.0"}
        ]
    }

    results = OWN.receipts(answer(400, errors), [letter(number) for number in range(3)])

    assert [type(result) for result in results] == [NotStarted, Permanent, NotStarted]


@for_each(
    "status, error",
    [(400, Permanent), (401, BadCredentials), (413, Permanent), (429, RateLimited)],
)
def test_what_is_wrong_with_the_call_is_wrong_for_all(status, error):
    with pytest.raises(error):
        OWN.receipts(answer(status, {"errors": [{"message": "", "field": None}]}), [letter(1)])
