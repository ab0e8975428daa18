"""One text on every channel: what becomes of markup, length, buttons and pictures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.contract import Button, Content
from channels.errors import Permanent, Unsupported
from channels.formatting import MOST_PARTS, fit
from channels.formatting_rules import RULES, Overflow
from tests.for_each import for_each

YES, NO = Button("Подтвердить", action="cf:1"), Button("Перенести", action="rs:1")
MAP = Button("На карте", url="https://s.example/map")
PICTURE = "https://s.example/a_(1).jpg"


@for_each("channel", RULES)
def test_a_short_text_passes_every_channel_unchanged(channel):
    fitted = fit(Content("Ждём вас в 15:30"), channel)

    assert fitted.text == "Ждём вас в 15:30"
    assert fitted.parts == (fitted.text,)


@for_each(
    "channel, text",
    [
        ("telegram", '<b>A &lt; B</b>\nTom &amp; "x" *y*'),
        ("whatsapp", '*A < B*\nTom & "x" *y*'),
        ("slack", '*A &lt; B*\nTom &amp; "x" *y*'),
        ("discord", '**A \\< B**\nTom & "x" \\*y\\*'),
        ("mattermost", '**A \\< B**\nTom & "x" \\*y\\*'),
        ("max", '<b>A &lt; B</b>\nTom &amp; "x" *y*'),
        ("vk", 'A < B\nTom & "x" *y*'),
        ("sms", 'A < B\nTom & "x" *y*'),
        ("instagram", 'A < B\nTom & "x" *y*'),
    ],
)
def test_a_text_is_escaped_as_the_channel_reads_it(channel, text):
    assert fit(Content('Tom & "x" *y*', title="A < B"), channel).text == text


@for_each("channel", ["email", "push", "in_app", "ntfy"])
def test_a_channel_with_titles_gets_the_title_apart(channel):
    fitted = fit(Content("Ждём вас", title="Запись"), channel)

    assert (fitted.title, fitted.text) == ("Запись", "Ждём вас")


@for_each(
    "content, markup, text",
    [
        (Content("a*b_c"), "plain", "a*b_c"),
        (Content("x", title="T"), "markdown", "**T**\nx"),
        (Content("x", html="<b>Анна</b>, ждём"), "markdown", "**Анна**, ждём"),
        (Content("5*3", title="T"), "html", "<b>T</b>\n5*3"),
    ],
)
def test_max_gets_html_only_where_its_markdown_would_misread(content, markup, text):
    fitted = fit(content, "max")

    assert (fitted.markup, fitted.text) == (markup, text)


def test_a_bold_title_that_holds_a_star_stays_plain_in_whatsapp():
    assert fit(Content("x", title="2 * 3"), "whatsapp").text == "2 * 3\nx"


@for_each("word", ["@here", "@everyone", "@all", "@channel"])
def test_no_text_calls_everybody_in_a_staff_chat(word):
    assert word not in fit(Content(f"Эй {word}!"), "mattermost").text


@for_each(
    "channel, text",
    [
        ("telegram", '<p><b>A</b> &amp; <a href="https://s.example/?a=1&b=2">c</a></p>'),
        ("whatsapp", "*A* & c: https://s.example/?a=1&b=2"),
        ("slack", "*A* &amp; <https://s.example/?a=1&amp;b=2|c>"),
        ("discord", "**A** & [c](https://s.example/?a=1&b=2)"),
        ("vk", "A & c: https://s.example/?a=1&b=2"),
    ],
)
def test_simple_html_is_written_in_the_channels_markup(channel, text):
    source = '<p><b>A</b> &amp; <a href="https://s.example/?a=1&b=2">c</a></p>'

    assert fit(Content("", html=source), channel).text == text


def test_a_letter_becomes_words_without_its_style():
    letter = "<html><head><style>p{}</style></head><body><h1>Hi</h1><p>x<br>y</p></body></html>"

    assert fit(Content("", html=letter), "sms").text == "Hi\nx\ny"


@for_each(
    "channel, shown, lines",
    [
        ("telegram", (YES, NO, MAP), ""),
        ("vk", (YES, NO, MAP), ""),
        ("max", (YES, NO, MAP), ""),
        ("whatsapp", (YES, NO), "\n\nНа карте: https://s.example/map"),
        ("instagram", (YES, NO), "\n\nНа карте: https://s.example/map"),
        (
            "sms",
            (),
            "\n\nНа карте: https://s.example/map\n1 — Подтвердить\n2 — Перенести",
        ),
        ("slack", (), "\n\n<https://s.example/map|На карте>"),
        ("discord", (), "\n\n[На карте](https://s.example/map)"),
        ("email", (), "\n\nНа карте: https://s.example/map"),
    ],
)
def test_a_button_that_cannot_be_shown_becomes_a_link_or_a_number(channel, shown, lines):
    fitted = fit(Content("x", buttons=(YES, NO, MAP)), channel)

    assert fitted.buttons == shown
    assert fitted.text == f"x{lines}"


def test_too_many_buttons_become_numbers_all_together():
    buttons = tuple(Button(f"Время {n}", action=f"t:{n}") for n in range(4))

    fitted = fit(Content("x", buttons=buttons), "whatsapp")

    assert fitted.buttons == ()
    assert fitted.text == "x\n\n1 — Время 0\n2 — Время 1\n3 — Время 2\n4 — Время 3"


def test_labels_are_cut_unless_they_would_look_alike():
    long = Button("Подтвердить мой визит завтра", action="cf:1")
    twin = Button("Подтвердить мой визит позже", action="rs:1")

    assert fit(Content("x", buttons=(long,)), "whatsapp").buttons[0].text == "Подтвердить мой виз…"
    assert fit(Content("x", buttons=(long, twin)), "whatsapp").buttons == ()


def test_a_text_too_long_for_buttons_keeps_its_words():
    fitted = fit(Content("я" * 1025, buttons=(YES,)), "whatsapp")

    assert fitted.buttons == ()
    assert fitted.text.endswith("\n\n1 — Подтвердить")


@for_each(
    "channel, text, image_url, line",
    [
        ("telegram", "x", PICTURE, ""),
        ("whatsapp", "x", PICTURE, ""),
        ("whatsapp", "я" * 1025, "", f"\n\n{PICTURE}"),
        ("vk", "x", "", f"\n\n{PICTURE}"),
        ("sms", "x", "", ""),
        ("discord", "x", "", "\n\nhttps://s.example/a_%281%29.jpg"),
    ],
)
def test_a_picture_is_shown_linked_or_dropped(channel, text, image_url, line):
    fitted = fit(Content(text, image_url=PICTURE), channel)

    assert (fitted.image_url, fitted.text) == (image_url, f"{text}{line}")


@for_each(
    "channel, fits, too_long",
    [
        ("telegram", "&" * 4096, "&" * 4097),
        ("telegram", "😀" * 2048, "😀" * 2048 + "a"),
        ("whatsapp", "я" * 4096, "я" * 4097),
        ("vk", "я" * 4096, "я" * 4097),
        ("max", "я" * 4000, "я" * 4001),
        ("instagram", "я" * 500, "я" * 501),
        ("sms", "я" * 1600, "я" * 1601),
    ],
)
def test_a_limit_is_counted_in_the_providers_own_unit(channel, fits, too_long):
    assert fit(Content(fits), channel).parts

    with pytest.raises(Permanent):
        fit(Content(too_long), channel)


def test_a_long_text_is_split_between_words_where_that_is_the_rule():
    text = "привет, как дела? " * 60

    parts = fit(Content(text), "instagram").parts

    assert len(parts) == 2
    assert all(len(part.encode()) <= 1000 for part in parts)
    assert " ".join(parts).split() == text.split()


def test_a_text_of_too_many_parts_is_refused():
    with pytest.raises(Permanent):
        fit(Content("слово " * 200 * MOST_PARTS), "instagram")


@for_each("channel", [name for name, row in RULES.items() if row.overflow is Overflow.CUT])
def test_staff_and_push_get_a_cut_text_with_its_links(channel):
    rules = RULES[channel]
    link = Button("Открыть", url="https://s.example/1")

    fitted = fit(Content("очень *важно* " * 4000, title="Т", buttons=(link,)), channel)

    assert rules.limit - 40 < rules.unit(fitted.text) <= rules.limit
    assert rules.buttons or "https://s.example/1" in fitted.text


@given(st.text(max_size=60), st.sampled_from(sorted(RULES)))
@settings(max_examples=50)
def test_any_text_keeps_within_the_limit(text, channel):
    rules = RULES[channel]
    content = Content(text * 40, title=text[:20].replace("\n", ""), buttons=(YES, MAP))

    try:
        fitted = fit(content, channel)
    except Permanent:
        return

    assert all(rules.unit(part) <= rules.limit for part in fitted.parts)


@pytest.mark.parametrize("action", ["", "я" * 33])
def test_a_button_that_does_nothing_is_refused_everywhere(action):
    for channel in RULES:
        with pytest.raises(Unsupported):
            fit(Content("x", buttons=(Button("b", action=action),)), channel)
