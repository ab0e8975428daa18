"""A rendered text dressed as an e-mail."""

from __future__ import annotations

import re

import pytest

from channels.contract import Button, Content
from notifications.rendering import email_html

BRAND = {"name": "Берёзка & Ко", "color": "#aa3366", "address": "ул. Мира, 1", "phone": "+7 000"}


def letter(content, *, brand=BRAND, language="ru", links=None):
    return email_html(content, brand=brand, language=language, links=links or {})


def test_the_body_becomes_escaped_paragraphs_with_links():
    html = letter(Content(body="Привет, <b>!\nВторая\n\nhttps://x.ru/c/1?a=1&b=2."))

    assert "Привет, &lt;b&gt;!<br>\nВторая</div>" in html
    assert '<a href="https://x.ru/c/1?a=1&amp;b=2" style=' in html


def test_buttons_lead_to_web_addresses_only():
    good, bad = Button("Да <", "https://x.ru/c/1"), Button("Нет", "javascript:alert(1)")

    html = letter(Content(body="x", buttons=(good, bad, Button("Только ответ", action="a"))))

    assert ">Да &lt;</a>" in html
    assert "javascript" not in html
    assert "Только ответ" not in html


def test_the_brand_is_shown_and_a_wrong_colour_is_not_trusted():
    assert "Берёзка &amp; Ко" in letter(Content(body="x"))
    assert "#aa3366" in letter(Content(body="x"))
    assert "evil" not in letter(Content(body="x"), brand={"color": "red;evil", "logoUrl": "evil:1"})


def test_the_footer_has_an_unsubscribe_link_only_when_given():
    links = {"unsubscribeUrl": "https://x.ru/u/1"}

    russian = letter(Content(body="x"), links=links)
    english = letter(Content(body="x"), links=links, language="en")

    assert "Отписаться от рассылки" in russian
    assert "Unsubscribe" in english
    assert "Отписаться" not in letter(Content(body="x"))


def test_an_empty_brand_still_makes_a_letter():
    assert letter(Content(body="x", title="Тема <1>"), brand={}).startswith("<!doctype html>")


def test_nothing_in_a_letter_runs_or_loads_a_script():
    html = letter(Content(body='"><script>x</script>', title="<script>", image_url="data:x"))

    assert "<script" not in html
    assert "data:x" not in html


def seen(html):
    """What is seen in the letter itself, without what a list of letters shows of it."""
    return html.partition('role="article"')[2]


VISIT = Content(
    title="Ваша запись",
    body="👋 Здравствуйте!\n\nЖдём вас:\n📅 1 декабря\n💇 Стрижка\n\n✅ Да: https://x.ru/c/1\nПока!",
    buttons=(Button("Подтвердить", "https://x.ru/c/1"),),
)


def test_lines_with_a_sign_stand_together_as_facts():
    html = letter(VISIT)

    assert html.count("background:#f8eff3") == 1  # one tint, of the brand's colour
    assert re.search(r">📅</td><td [^>]*>1 декабря</td></tr><tr>", html)
    assert ">👋 Здравствуйте!</div>" in html


def test_a_line_that_only_repeats_a_button_is_left_to_the_button():
    html = seen(letter(VISIT))

    assert html.count("https://x.ru/c/1") == 1
    assert "Да:" not in html
    assert "Пока!" in html


def test_the_link_to_unsubscribe_stands_once_where_every_letter_has_it():
    html = letter(
        Content(body="Скидка!\n\nНе хотите? https://x.ru/u/1"),
        links={"unsubscribeUrl": "https://x.ru/u/1"},
    )

    assert html.count("https://x.ru/u/1") == 1
    assert "Не хотите?" not in seen(html)


@pytest.mark.parametrize(
    ("color", "ink"), [("#7a4b8c", "#ffffff"), ("#ffe066", "#2b2530"), ("#eee", "#2b2530")]
)
def test_the_name_can_be_read_on_every_colour(color, ink):
    html = letter(Content(body="x"), brand={"name": "Роза", "color": color})

    assert f'color:{ink};">Роза' in html


def test_links_can_be_read_on_white_whatever_the_salons_colour():
    body = Content(body="Здесь:\nhttps://x.ru/a")

    assert 'style="color:#7a4b8c">https://x.ru/a' in letter(body, brand={"color": "#7a4b8c"})
    assert 'style="color:#2b2530">https://x.ru/a' in letter(body, brand={"color": "#ffe066"})


def test_marks_of_the_layout_mean_nothing_in_a_clients_words():
    html = letter(
        Content(body="[[footer]] [[/body]]", title="[[content]]"),
        brand={"name": "[[footer]]", "address": "[[unsubscribe]]"},
    )

    assert seen(html).count("[[footer]]") == 3  # the name, in head and foot, and the client's word
    assert seen(html).count("[[unsubscribe]]") == 1
    assert seen(html).count("[[content]]") == 1


def test_no_letter_calls_a_server_of_fonts():
    assert "fonts.g" not in letter(VISIT)
    assert "@import" not in letter(VISIT)
