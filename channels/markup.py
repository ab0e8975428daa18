"""How does a messenger write bold, a link, or a character that it would take for markup?"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

MENTION = re.compile(r"@(?=(?:all|channel|everyone|here)\b)")
#: What Discord, Mattermost and Teams read as markup; a backslash takes the meaning away.
MARKDOWN = re.compile(r"([\\`*_~|#>\[\]<])")
#: Tags that mean the same thing.
SAME = {"strong": "b", "em": "i", "strike": "s", "del": "s", "ins": "u"}
HIDDEN = frozenset({"head", "style", "script", "title"})
BREAKS = frozenset({"br", "p", "div", "tr", "li", "h1", "h2", "h3", "blockquote"})


@dataclass(frozen=True, slots=True)
class Dialect:
    """One way of writing markup.

    marks: tag -> what opens and closes it. link: with {text} and {url}. quote_url: keeps a URL from
    ending its link. may_quote: a mark's own character may stand in the text, as it is escaped.
    """

    name: str
    escape: Callable[[str], str] = str
    marks: Mapping[str, tuple[str, str]] | None = None
    link: str = "{text}: {url}"
    quote_url: Callable[[str], str] = str
    may_quote: bool = True

    def bold(self, text: str) -> str:
        """Write one line in bold, where that is possible."""
        if not self._takes("b", text):
            return self.escape(text)
        before, after = (self.marks or {})["b"]
        return f"{before}{self.escape(text)}{after}"

    def linked(self, text: str, url: str) -> str:
        """Write a labelled link."""
        return self.link.format(text=self.escape(text), url=self.quote_url(url))

    def from_html(self, source: str) -> str:
        """Write simple HTML (bold, italic, links...) in this dialect; other tags are dropped."""
        reader = _Reader(self)
        reader.feed(source)
        reader.close()
        return re.sub(r"\n{3,}", "\n\n", "".join(reader.parts)).strip()

    def _takes(self, tag: str, text: str) -> bool:
        mark = (self.marks or {}).get(tag)
        if mark is None or "\n" in text:
            return False
        return self.may_quote or mark[0][0] not in text


def _escape_html(text: str) -> str:
    return html.escape(text, quote=False)


def _escape_markdown(text: str) -> str:
    return MENTION.sub("@\u200b", MARKDOWN.sub(r"\\\1", text))


def _quote_brackets(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29")


def _pairs(**marks: str) -> dict[str, tuple[str, str]]:
    return {tag: (mark, mark) for tag, mark in marks.items()}


PLAIN = Dialect("plain")
#: Telegram's parse_mode HTML and MAX's format html: only & < > need escaping.
HTML = Dialect(
    "html",
    _escape_html,
    {tag: (f"<{tag}>", f"</{tag}>") for tag in ("b", "i", "u", "s", "code")},
    '<a href="{url}">{text}</a>',
    html.escape,
)
#: WhatsApp: marks count at the edges of words only, and nothing can be escaped.
WHATSAPP = Dialect("whatsapp", marks=_pairs(b="*", i="_", s="~", code="`"), may_quote=False)
#: MAX's format markdown; escaping is not documented, so what needs it goes as HTML.
MAX_MARKDOWN = Dialect(
    "markdown",
    marks=_pairs(b="**", i="*", u="++", s="~~", code="`"),
    link="[{text}]({url})",
    quote_url=_quote_brackets,
    may_quote=False,
)
MAX_NEEDS_HTML = re.compile(r"[\\`*_~+\[\]<>#]")
SLACK = Dialect(
    "mrkdwn",
    _escape_html,
    _pairs(b="*", i="_", s="~", code="`"),
    "<{url}|{text}>",
    lambda url: _escape_html(url).replace("|", "%7C"),
)
#: Discord, Mattermost, Teams; also keeps a text from calling everybody.
MARKDOWN_CHAT = Dialect(
    "markdown",
    _escape_markdown,
    _pairs(b="**", i="_", s="~~", code="`"),
    "[{text}]({url})",
    _quote_brackets,
)


class _Reader(HTMLParser):
    """Write what is read in a dialect."""

    def __init__(self, dialect: Dialect) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._dialect = dialect
        self._hidden = 0
        self._links: list[tuple[str, int]] = []  # href, and where its text begins

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in HIDDEN:
            self._hidden += 1
        elif tag in BREAKS:
            self._break()
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.parts)))
        else:
            self._mark(tag, 0)

    def handle_endtag(self, tag: str) -> None:
        if tag in HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        elif tag in BREAKS:
            self._break()
        elif tag == "a":
            self._end_link()
        else:
            self._mark(tag, 1)

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.parts.append(self._dialect.escape(data))

    def _mark(self, tag: str, side: int) -> None:
        mark = (self._dialect.marks or {}).get(SAME.get(tag, tag))
        if mark:
            self.parts.append(mark[side])

    def _break(self) -> None:
        if self.parts and not self.parts[-1].endswith("\n"):
            self.parts.append("\n")

    def _end_link(self) -> None:
        if not self._links:
            return
        url, start = self._links.pop()
        text = "".join(self.parts[start:])
        del self.parts[start:]
        is_bare = not url.startswith(("http://", "https://")) or text == url
        url = self._dialect.quote_url(url)
        self.parts.append(text if is_bare else self._dialect.link.format(text=text, url=url))
