"""A preview shows what each channel leaves of a text, and only where that differs."""

from __future__ import annotations

from channels.contract import Button, Content
from notifications.channel_views import channel_views

YES, MAP = Button("Да", action="cf:1"), Button("На карте", url="https://s.example/map")


def views(content, *words):
    return {view.channels: view.fitted for view in channel_views(content, words)}


def test_a_text_that_is_the_same_everywhere_is_shown_once():
    assert views(Content("Ждём вас", title="Запись"), "chat", "sms", "push") == {}


def test_buttons_that_a_channel_lacks_are_lines_in_its_preview():
    shown = views(Content("x", buttons=(YES, MAP)), "chat", "sms")

    assert set(shown) == {("whatsapp", "instagram"), ("sms",)}
    assert shown["whatsapp", "instagram"].text == "x\n\nНа карте: https://s.example/map"
    assert shown["whatsapp", "instagram"].buttons == (YES,)
    assert shown["sms",].text == "x\n\nНа карте: https://s.example/map\n1 — Да"


def test_a_preview_shows_no_marks_and_no_escapes():
    content = Content("Tom & <b>", title="2 * 3", image_url="https://s.example/a.jpg")

    shown = views(content, "telegram", "vk", "max")

    assert set(shown) == {("vk",)}
    assert shown["vk",].text == "2 * 3\nTom & <b>\n\nhttps://s.example/a.jpg"


def test_a_text_that_is_split_shows_its_parts():
    (fitted,) = views(Content("слово " * 100), "instagram").values()

    assert len(fitted.parts) == 2


def test_where_a_text_cannot_go_says_so():
    assert views(Content("я" * 4097), "telegram", "push")["telegram",] is None


def test_words_that_are_no_channels_are_left_out():
    assert views(Content("x", buttons=(YES,)), "email", "in_app", "webhook", "novel") == {}
