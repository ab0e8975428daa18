"""What does a letter of this salon look like? Its layout, compiled once and filled with its brand.

Tables and styles in tags: mail programs drop style sheets, flex boxes and scripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from pathlib import Path

from notifications.letters.compiling import compile_mjml

LAYOUT = Path(__file__).with_name("layout.mjml")
DEFAULT_COLOR = "#7a4b8c"
DARK, LIGHT = "#2b2530", "#ffffff"
MOST_BRANDS = 512  # 30 KB each
PIECES = ("heading", "picture", "paragraph", "facts", "first", "other")
_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]»]")
_WORDS = {
    "ru": {"sent_by": "Отправитель: {}", "unsubscribe": "Отписаться от рассылки"},
    "en": {"sent_by": "Sent by {}", "unsubscribe": "Unsubscribe"},
}

Piece = tuple[str, ...]  # the text between its holes


@dataclass(frozen=True, slots=True)
class Colors:
    """A salon's colour, what can be read on it, a pale shade, and what can be read on white."""

    color: str
    ink: str
    tint: str
    link: str

    @classmethod
    def of(cls, color: str) -> Colors:
        """Take the salon's colour if it is one, else ours."""
        color = color.lower() if _COLOR.fullmatch(color) else DEFAULT_COLOR
        ink = _ink(color)
        return cls(color, ink, _tint(color), color if ink == LIGHT else DARK)


@dataclass(frozen=True, slots=True)
class Frame:
    """One salon's layout in one language.

    page: around title, head, preview, content and the link to unsubscribe. sections: the same for
    a letter that brings its own. pieces: what content is made of. link: the colour of links.
    unsubscribe: the word for it.
    """

    page: Piece
    sections: Piece
    pieces: Mapping[str, Piece]
    link: str
    unsubscribe: str

    def piece(self, name: str, *values: str) -> str:
        """Fill a piece's holes in their order; values are HTML."""
        return filled(self.pieces[name], *values)


def frame_for(brand: Mapping[str, str], language: str) -> Frame:
    """Give a salon's layout.

    brand: name, color (#rrggbb), logoUrl, address, phone; each may be missing.
    """
    words = [str(brand.get(key) or "") for key in ("name", "color", "logoUrl", "address", "phone")]
    return _frame(tuple(words), language[:2].lower())


def is_web(url: str) -> bool:
    """Accept web addresses only: a value must not smuggle in javascript: or data:."""
    return _LINK.fullmatch(url + "/") is not None


def filled(piece: Piece, *values: str) -> str:
    """Put values between the texts of a piece."""
    first, *rest = piece
    return first + "".join([value + text for value, text in zip(values, rest, strict=True)])


@lru_cache(maxsize=MOST_BRANDS)
def _frame(brand: tuple[str, ...], language: str) -> Frame:
    name, color, logo, address, phone = brand
    colors = Colors.of(color)
    words = _WORDS.get(language, _WORDS["en"])
    values = {
        "language": escape(language),
        "color": colors.color,
        "ink": colors.ink,
        "tint": colors.tint,
        "name": escape(name),
        "logo": escape(logo),
        "footer": _footer(name, address, phone, words),
    }
    shown = "logo" if is_web(logo) else "name" if name else ""
    cut = {key: _filled(pattern, values) for key, pattern in _cut(shown).items()}
    return Frame(
        page=cut["page"],
        sections=cut["sections"],
        pieces={key: cut[key] for key in PIECES},
        link=colors.link,
        unsubscribe=words["unsubscribe"],
    )


@lru_cache(maxsize=3)
def _cut(shown: str) -> dict[str, tuple[str, ...]]:
    """Compile the layout and take its pieces out; each is text, hole, text, hole... text.

    shown: the head is the salon's "logo", its "name", or empty.
    """
    source = re.sub(r"<!--.*?-->", "", LAYOUT.read_text(encoding="utf-8"), flags=re.DOTALL)
    page = compile_mjml(source.strip()).replace("</head>", "[[head]]</head>", 1)
    page = page.replace('aria-label="[[title]]" ', "", 1)
    # a page of so many letters a second: every byte is encoded, signed and sent
    page = page.replace("word-spacing:normal;", "margin:0;padding:20px 0;").replace(">\n<", "><")
    pieces: dict[str, str] = {}
    for name in (*PIECES, "logo", "name", "body"):
        found = re.search(rf"\[\[#{name}]](.*)\[\[/{name}]]", page, re.DOTALL)
        if found is None:
            raise ValueError(f"layout.mjml lacks [[#{name}]]")
        pieces[name] = found[1]
        page = page.replace(found[0], f"[[#{name}]]" if name in (shown, "body") else "")
    # most mail programs show no picture before they are asked: its words stand in for it
    words = "font:600 20px/1.3 'Segoe UI',Arial,sans-serif;color:[[ink]];"
    pieces["logo"] = pieces["logo"].replace("font-size:13px;", words)
    page = page.replace(f"[[#{shown}]]", pieces.get(shown, ""))
    pieces["page"] = page.replace("[[#body]]", pieces["body"])
    pieces["sections"] = page.replace("[[#body]]", "[[content]]")
    return {name: tuple(re.split(r"\[\[([a-z]+)]]", text)) for name, text in pieces.items()}


def _filled(pattern: tuple[str, ...], values: Mapping[str, str]) -> Piece:
    """Fill the brand's holes; the others stay holes."""
    texts, text = [], [pattern[0]]
    for hole, following in zip(pattern[1::2], pattern[2::2], strict=True):
        if hole in values:
            text += (values[hole], following)
        else:
            texts.append("".join(text))
            text = [following]
    return (*texts, "".join(text))


def _footer(name: str, address: str, phone: str, words: Mapping[str, str]) -> str:
    lines = [words["sent_by"].format(name)] if name else []
    lines.append(", ".join(filter(None, (address, phone))))
    return "<br>".join(escape(line) for line in lines if line)


def _channels(color: str) -> tuple[int, int, int]:
    digits = color[1:] if len(color) == 7 else "".join(2 * digit for digit in color[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _ink(color: str) -> str:
    # its luminance decides (ITU-R BT.601)
    red, green, blue = _channels(color)
    return DARK if 0.299 * red + 0.587 * green + 0.114 * blue > 160 else LIGHT


def _tint(color: str) -> str:
    pale = [round(255 - (255 - channel) * 0.08) for channel in _channels(color)]
    return "#" + "".join(f"{channel:02x}" for channel in pale)
