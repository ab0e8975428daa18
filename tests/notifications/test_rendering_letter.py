"""A rendered text dressed as an e-mail."""

from __future__ import annotations

from channels.contract import Button, Content
from notifications.rendering import email_html

BRAND = {"name": "Берёзка & Ко", "color": "#aa3366", "address": "ул. Мира, 1", "phone": "+7 000"}


def letter(content, *, brand=BRAND, language="ru", links=None):
    return email_html(content, brand=brand, language=language, links=links or {})


def test_the_body_becomes_escaped_paragraphs_with_links():
    html = letter(Content(body="Привет, <b>!\nВторая\n\nhttps://x.ru/c/1?a=1&b=2."))

    assert "Привет, &lt;b&gt;!<br>\nВторая</p>" in html
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
    links = {"unsubscribeUrl": "https://x.ru/u/1", "preferencesUrl": "https://x.ru/p/1"}

    russian = letter(Content(body="x"), links=links)
    english = letter(Content(body="x"), links=links, language="en")

    assert "Отписаться от рассылки" in russian
    assert "https://x.ru/p/1" in russian
    assert "Unsubscribe" in english
    assert "Отписаться" not in letter(Content(body="x"))


def test_a_letter_written_in_html_is_kept_as_it_is():
    assert "<p>Да &amp; да</p>" in letter(Content(body="Да & да", html="<p>Да &amp; да</p>"))


def test_an_empty_brand_still_makes_a_letter():
    assert letter(Content(body="x", title="Тема <1>"), brand={}).startswith("<!DOCTYPE html>")


def test_nothing_in_a_letter_runs_or_loads_a_script():
    html = letter(Content(body='"><script>x</script>', title="<script>", image_url="data:x"))

    assert "<script" not in html
    assert "data:x" not in html
