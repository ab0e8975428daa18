"""What does each channel allow? One row per channel, read by channels.formatting.

Limits: facts of the providers as read 2026-11; each adapter's docstring names its document.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from channels import markup
from channels.markup import Dialect


class Overflow(StrEnum):
    """What becomes of a text that is too long."""

    REFUSE = "refuse"
    SPLIT = "split"
    CUT = "cut"


class Picture(StrEnum):
    """What becomes of a picture; one whose text is too long for a caption becomes a link."""

    SHOWN = "shown"
    LINK = "link"
    DROPPED = "dropped"


def characters(text: str) -> int:
    """Count code points."""
    return len(text)


def telegram_units(text: str) -> int:
    """Count as Telegram does: UTF-16 units (an emoji is two), after the markup is gone."""
    plain = html.unescape(re.sub(r"<[^<>]*>", "", text))
    return len(plain.encode("utf-16-le")) // 2


def utf8_bytes(text: str) -> int:
    """Count bytes: a Cyrillic letter is two."""
    return len(text.encode())


@dataclass(frozen=True, slots=True)
class Rules:
    """One channel's row.

    limit: in `unit`. buttons: shown natively, 0 for none; label: characters of one; links, actions:
    which kinds of button are native. answers: the client can write back, so that a numbered answer
    makes sense. with_buttons, caption: shorter limits beside buttons and under a picture.
    is_title_own: the channel has a field for the title.
    """

    limit: int
    dialect: Dialect = markup.PLAIN
    unit: Callable[[str], int] = characters
    overflow: Overflow = Overflow.REFUSE
    buttons: int = 0
    label: int = 0
    links: bool = False
    actions: bool = False
    answers: bool = True
    with_buttons: int = 0
    picture: Picture = Picture.LINK
    caption: int = 0
    is_title_own: bool = False


_CUT = Overflow.CUT
RULES: dict[str, Rules] = {
    # Telegram: 4096 after the markup is gone; a longer caption makes the picture a preview.
    "telegram": Rules(
        4096,
        markup.HTML,
        telegram_units,
        buttons=100,
        label=64,
        links=True,
        actions=True,
        picture=Picture.SHOWN,
    ),
    # WhatsApp: interactive body 1024, three reply buttons of 20; links have no button here.
    "whatsapp": Rules(
        4096,
        markup.WHATSAPP,
        buttons=3,
        label=20,
        actions=True,
        with_buttons=1024,
        picture=Picture.SHOWN,
        caption=1024,
    ),
    # Instagram: 1000 bytes of UTF-8; quick replies are 13 of 20.
    "instagram": Rules(
        1000,
        unit=utf8_bytes,
        overflow=Overflow.SPLIT,
        buttons=13,
        label=20,
        actions=True,
        picture=Picture.SHOWN,
    ),
    # VK: the schema says 9000, what is safe is 4096; a photo needs an upload, so it is a link.
    "vk": Rules(4096, buttons=10, label=40, links=True, actions=True),
    "max": Rules(
        4000,
        markup.MAX_MARKDOWN,
        buttons=60,
        label=128,
        links=True,
        actions=True,
        picture=Picture.SHOWN,
    ),
    # Chatwoot in front of WhatsApp: its limits, and no pictures by address.
    "chatwoot": Rules(4096, markup.WHATSAPP, buttons=3, label=20, actions=True, with_buttons=1024),
    # What agents read in an API inbox of Chatwoot: everything, buttons as lines.
    "desk": Rules(10_000, overflow=Overflow.CUT),
    "sms": Rules(1600, picture=Picture.DROPPED),
    # E-mail: the letter's HTML has everything; this is its plain part.
    "email": Rules(100_000, is_title_own=True, answers=False, picture=Picture.DROPPED),
    "in_app": Rules(
        100_000,
        buttons=10,
        label=100,
        links=True,
        actions=True,
        picture=Picture.SHOWN,
        is_title_own=True,
    ),
    # Push: a payload is 4096 bytes in all, phones show about 200 characters.
    "push": Rules(
        1000,
        unit=utf8_bytes,
        overflow=_CUT,
        buttons=2,
        label=30,
        links=True,
        actions=True,
        answers=False,
        picture=Picture.SHOWN,
        is_title_own=True,
    ),
    # Staff: a cut alarm is better than none, and nobody answers here.
    "slack": Rules(4000, markup.SLACK, overflow=_CUT, answers=False),
    "discord": Rules(2000, markup.MARKDOWN_CHAT, overflow=_CUT, answers=False),
    "mattermost": Rules(16383, markup.MARKDOWN_CHAT, overflow=_CUT, answers=False),
    "teams": Rules(
        20_000,
        markup.MARKDOWN_CHAT,
        utf8_bytes,
        _CUT,
        buttons=6,
        label=60,
        links=True,
        answers=False,
    ),
    "ntfy": Rules(
        4096,
        unit=utf8_bytes,
        overflow=_CUT,
        buttons=3,
        label=60,
        links=True,
        answers=False,
        picture=Picture.SHOWN,
        is_title_own=True,
    ),
    "plain": Rules(4096, overflow=_CUT, answers=False),
}
