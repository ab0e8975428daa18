"""What a client's words mean: whole messages only, in both languages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.inbound_words import START, STOP, action_of, wish_of
from tests.for_each import for_each

VISIT = [
    {"text": "✅ Подтвердить", "action": "confirm"},
    {"text": "🔄 Перенести", "action": "reschedule"},
]
OFFER = [
    {"text": "Да, присылайте", "action": "agree-marketing"},
    {"text": "Нет, спасибо", "action": "refuse-marketing"},
]
LINK = [{"text": "Записаться", "action": "", "url": "https://salon.example/"}]


@for_each(
    "text, wish",
    [
        *[
            (word, STOP)
            for word in ("стоп", "СТОП!", " Stop. ", "«отписаться»", "/stop", "не пишите")
        ],
        *[(word, START) for word in ("Старт", "start", "/start", "подписаться")],
        *[(word, "") for word in ("", "?", "да", "стоп-кран", "не могу отписаться", "restart")],
    ],
)
def test_stop_and_start_are_whole_messages(text, wish):
    assert wish_of(text) == wish


@for_each(
    "text, buttons, action",
    [
        *[(word, VISIT, "confirm") for word in ("да", "Да!", "ок", "+", "1", "Yes", "✅", "👍")],
        *[(word, VISIT, "confirm") for word in ("подтвердить", "✅ Подтвердить", "Подтверждаю.")],
        *[(word, VISIT, "reschedule") for word in ("перенести", "Reschedule", "другое  время")],
        *[
            (word, VISIT, "")
            for word in ("нет", "отмена", "да, но позже", "confirm reschedule", "")
        ],
        *[(word, OFFER, "agree-marketing") for word in ("да", "Да, присылайте!", "YES")],
        *[(word, OFFER, "refuse-marketing") for word in ("нет", "-", "нет спасибо", "отмена")],
        *[(word, LINK, "") for word in ("да", "записаться", "")],
    ],
)
def test_an_answer_is_a_buttons_own_words_or_a_common_yes_or_no(text, buttons, action):
    assert action_of(text, buttons) == action


@settings(max_examples=40)
@given(
    word=st.sampled_from(["стоп", "stop", "отписка"]),
    before=st.text("абвгд xyz", max_size=8),
    after=st.text("абвгд xyz", max_size=8),
)
def test_a_word_among_others_is_no_opt_out(word, before, after):
    text = f"{before} {word} {after}"

    assert (wish_of(text) == STOP) == (not before.strip() and not after.strip())
