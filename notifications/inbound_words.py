"""What does a client mean by a word? Tables, Russian and English; only whole messages count.

"Please stop by the pharmacy" is no opt-out: what is more than one of these words goes to a person.
Source: the opt-out words of messengers and SMS operators, and what salons ask clients to reply.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

STOP, START = "stop", "start"
LONGEST_LABEL: Final = 64
#: Buttons with these actions are a yes and a no to marketing, whatever their message says.
AGREE, REFUSE = "agree-marketing", "refuse-marketing"

_STOP = frozenset(
    [
        "стоп",
        "отписаться",
        "отписка",
        "отпишите",
        "отпишите меня",
        "отключить",
        "не писать",
        "не пишите",
        "stop",
        "stopall",
        "unsubscribe",
        "/stop",
    ]
)
_START = frozenset(["старт", "подписаться", "подписка", "start", "resume", "subscribe", "/start"])

#: Words -> actions of buttons that they may stand for; the message's own first one counts.
_MEANT: Final[Sequence[tuple[frozenset[str], tuple[str, ...]]]] = (
    (
        frozenset(
            [
                "да",
                "ага",
                "ок",
                "окей",
                "хорошо",
                "д",
                "+",
                "1",
                "👍",
                "✅",
                "подтверждаю",
                "подтвердить",
                "приду",
                "буду",
                "будем",
                "yes",
                "y",
                "ok",
                "okay",
                "yep",
                "sure",
                "confirm",
                "confirmed",
                "i confirm",
            ]
        ),
        ("confirm", "yes", AGREE),
    ),
    (
        frozenset(
            [
                "нет",
                "не",
                "н",
                "-",
                "👎",
                "❌",
                "отмена",
                "отменить",
                "отменяю",
                "отмените",
                "не приду",
                "не буду",
                "не смогу",
                "no",
                "n",
                "nope",
                "cancel",
            ]
        ),
        ("cancel", "no", REFUSE),
    ),
    (
        frozenset(["перенести", "перенос", "перенесите", "другое время", "reschedule", "move"]),
        ("reschedule",),
    ),
)
_NO_WORDS = re.compile(r"[^\w\s+/-]|_")


def plain(text: str) -> str:
    """Write a message as the tables do: folded, one space, no punctuation, no picture beside."""
    folded = text.replace("\ufe0f", "").casefold().replace("ё", "е")
    return " ".join(_NO_WORDS.sub(" ", folded).split()) or folded.strip()


def wish_of(text: str) -> str:
    """Tell whether she wants no marketing any more (STOP), or again (START); "" for neither."""
    word = plain(text)
    return STOP if word in _STOP else START if word in _START else ""


def may_answer(text: str) -> bool:
    """Ask whether these words, or a button's own, may be an answer to a message with buttons."""
    return 0 < len(plain(text)) <= LONGEST_LABEL


def action_of(text: str, buttons: Sequence[Mapping[str, Any]]) -> str:
    """Find the button that she means: by its own words, or by what everybody says; "" for none."""
    word = plain(text)
    actions = {str(one.get("action", "")): plain(str(one.get("text", ""))) for one in buttons}
    labelled = next((action for action, label in actions.items() if action and label == word), "")
    meant = next((actions_of for words, actions_of in _MEANT if word in words), ())
    return labelled or next((action for action in meant if action in actions), "")
