"""What is left of a text on each channel: markup, length, buttons, picture.

`fit` applies the rows of channels.formatting_rules in this order:
1. The title stands above the text, in bold where there is bold, unless the channel has titles.
2. A button that the channel cannot show becomes a line: a link under its label, or a numbered
   answer. Too many buttons, or labels that would look alike when cut, become lines all together.
3. A picture that cannot be shown becomes a link.
4. A text that is too long is refused, split or cut, as the row says.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from channels import markup
from channels.contract import Button, Content
from channels.errors import Permanent, Unsupported
from channels.formatting_rules import RULES, Overflow, Picture, Rules, characters, utf8_bytes
from channels.markup import Dialect

ACTION_LIMIT_BYTES = 64  # the tightest messenger, Telegram: one token serves them all
MOST_PARTS = 5
MOST_UNITS = 4  # of one character, in whatever is counted: its bytes in UTF-8


@dataclass(slots=True, unsafe_hash=True)
class Fitted:
    """What the channel gets.

    title: only where the channel has titles. parts: the text as it leaves, more than one only where
    a long text is split. markup: the dialect's name, "plain" when nothing is marked or escaped.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    image_url: str = ""
    title: str = ""
    parts: tuple[str, ...] = ()
    markup: str = markup.PLAIN.name


def fit(content: Content, channel: str) -> Fitted:
    """Make a content fit a channel of RULES.

    Raises Permanent for a text that is too long, Unsupported for a button that does nothing.
    """
    return _fitted(content, RULES[channel])


def seen(content: Content, channel: str) -> Fitted:
    """Make it fit, and give it as a client reads it: without marks and escapes. Raises as fit."""
    fit(content, channel)
    return _fitted(content, replace(RULES[channel], dialect=markup.PLAIN))


def plain(content: Content) -> str:
    """Give the words without markup."""
    return content.body or markup.PLAIN.from_html(content.html)


@dataclass(frozen=True, slots=True)
class _Draft:
    """A content with what is decided about it."""

    content: Content
    rules: Rules
    dialect: Dialect
    shown: tuple[Button, ...]
    image_url: str

    def text(self, body: str | None = None) -> str:
        """Put everything that is words in order. body: instead of the content's own."""
        written = self._written() if body is None else self.dialect.escape(body)
        has_head = self.content.title and not self.rules.is_title_own
        if has_head and not (self.content.html and body is None):
            written = f"{self.dialect.bold(self.content.title)}\n{written}"
        lines = "\n".join([*self._button_lines(), *self._picture_line()])
        return "\n\n".join(part for part in (written, lines) if part)

    def _written(self) -> str:
        if self.content.html and self.dialect is markup.HTML:
            return self.content.html
        if self.content.html and self.dialect.marks:
            return self.dialect.from_html(self.content.html)
        return self.dialect.escape(plain(self.content))

    def _button_lines(self) -> list[str]:
        buttons = self.content.buttons
        left = [b for b in buttons if not (self.shown and _is_native(b, self.rules))]
        links = [self.dialect.linked(button.text, button.url) for button in left if button.url]
        answers = [b.text for b in left if not b.url] if self.rules.answers else []
        numbered = enumerate(answers, start=1)
        return links + [f"{number} — {self.dialect.escape(text)}" for number, text in numbered]

    def _picture_line(self) -> list[str]:
        url = self.content.image_url
        is_lost = not url or self.image_url or self.rules.picture is Picture.DROPPED
        return [] if is_lost else [self.dialect.quote_url(url)]


def _fitted(content: Content, rules: Rules) -> Fitted:
    if fitted := _words_alone(content, rules):
        return fitted
    draft = _draft(content, rules)
    text = draft.text()
    if rules.overflow is Overflow.CUT:
        text = _cut(draft, text)
    return Fitted(
        text=text,
        buttons=draft.shown,
        image_url=draft.image_url,
        title=content.title if rules.is_title_own else "",
        parts=_parts(text, rules),
        markup=draft.dialect.name,
    )


def _words_alone(content: Content, rules: Rules) -> Fitted | None:
    """Take the short way for what most messages are: words that fit, and nothing else."""
    has_more = content.title or content.html or content.buttons or content.image_url
    if has_more or rules.dialect is markup.MAX_MARKDOWN:
        return None
    text = rules.dialect.escape(content.body)
    if len(text) * MOST_UNITS > rules.limit and rules.unit(text) > rules.limit:
        return None
    return Fitted(text, parts=(text,), markup=rules.dialect.name)


def _draft(content: Content, rules: Rules) -> _Draft:
    draft = _Draft(
        content=content,
        rules=rules,
        dialect=_dialect(content, rules.dialect),
        shown=_shown(content.buttons, rules),
        image_url=content.image_url if rules.picture is Picture.SHOWN else "",
    )
    if draft.shown and rules.with_buttons and rules.unit(draft.text()) > rules.with_buttons:
        draft = replace(draft, shown=())
    if draft.image_url and rules.caption and rules.unit(draft.text()) > rules.caption:
        draft = replace(draft, image_url="")
    return draft


def _dialect(content: Content, dialect: Dialect) -> Dialect:
    """Choose how to write for MAX: plain, its markdown, or HTML where escaping is needed."""
    if dialect is not markup.MAX_MARKDOWN:
        return dialect
    if not content.html and not content.title:
        return markup.PLAIN
    words = "".join((content.title, plain(content), *(b.text + b.url for b in content.buttons)))
    return markup.HTML if markup.MAX_NEEDS_HTML.search(words) else dialect


def _shown(buttons: tuple[Button, ...], rules: Rules) -> tuple[Button, ...]:
    for button in buttons:
        if not button.url and not 1 <= len(button.action.encode()) <= ACTION_LIMIT_BYTES:
            raise Unsupported("a button needs a link, or an action of 1-64 bytes")
    native = [
        replace(button, text=_shortened(button.text, rules.label, characters))
        for button in buttons
        if _is_native(button, rules)
    ]
    labels = {button.text for button in native if button.text}
    return tuple(native) if len(labels) == len(native) <= rules.buttons else ()


def _is_native(button: Button, rules: Rules) -> bool:
    return bool(rules.buttons) and (rules.links if button.url else rules.actions)


def _cut(draft: _Draft, text: str) -> str:
    """Shorten the words until everything fits; links and marks stay whole."""
    limit, unit, body = draft.rules.limit, draft.rules.unit, plain(draft.content)
    if unit(text) <= limit:
        return text
    return draft.text(_longest(body, lambda start: unit(draft.text(start)) <= limit))


def _shortened(text: str, limit: int, unit: Callable[[str], int]) -> str:
    return text if unit(text) <= limit else _longest(text, lambda start: unit(start) <= limit)


def _longest(text: str, fits: Callable[[str], bool]) -> str:
    """Find the longest beginning that fits with an ellipsis; "" when none does."""
    sizes = range(1, len(text))
    size = bisect_left(sizes, True, key=lambda size: not fits(f"{text[:size]}…"))
    return f"{text[:size].rstrip()}…" if size else ""


def _parts(text: str, rules: Rules) -> tuple[str, ...]:
    if rules.unit(text) <= rules.limit:
        return (text,)
    parts = _split(text, rules) if rules.overflow is Overflow.SPLIT else []
    if not 1 < len(parts) <= MOST_PARTS:
        units = "bytes" if rules.unit is utf8_bytes else "characters"
        raise Permanent(f"the text is longer than {rules.limit} {units}")
    return tuple(parts)


def _split(text: str, rules: Rules) -> list[str]:
    """Split between words, into parts that fit; nothing for a word that does not."""
    parts, current = [], ""
    for piece in re.findall(r"\S+\s*|\s+", text):
        if rules.unit(piece.rstrip()) > rules.limit:
            return []
        if current and rules.unit((current + piece).rstrip()) > rules.limit:
            parts.append(current.strip())
            current = ""
        current += piece
    return [*parts, current.strip()]
