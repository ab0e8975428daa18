"""What must be corrected in a letter that staff wrote in MJML? Read before it is compiled.

The compiler says neither line nor tag, drops words between sections in silence, and carries
scripts through; so all of that is found here.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from notifications.letters.tags import ADDRESSES, FORBIDDEN, HOLDS_TAGS_ONLY, MJML, VOID
from notifications.liquid.faults import Problem

DEEPEST = 40  # tags within tags
MOST_FAULTS = 20
FIELD = "letter"
LONELY = "write &lt; where a < is meant"
_SAFE = re.compile(r"(?:https?:|mailto:|tel:|#|\{\{)", re.IGNORECASE)
#: What is never closed goes to the end: Liquid itself says so.
LIQUID = re.compile(r"\{\{.*?(?:\}\}|\Z)|\{%.*?(?:%\}|\Z)", re.DOTALL)


def faults(source: str) -> list[Problem]:
    """List what must be corrected, in the order of the lines."""
    shown = LIQUID.sub(_hidden, source)
    if shown.count("<") - shown.count(">") > MOST_FAULTS:  # minutes of the parser's time
        return [Problem("letter_syntax", FIELD, 1, LONELY)]
    reader = _Reader()
    reader.feed(shown)
    reader.close()
    reader.end()
    return sorted(reader.found, key=lambda fault: fault.line)[:MOST_FAULTS]


def _hidden(found: re.Match[str]) -> str:
    """Hide what may hold < and >; the lines stay, and an address still begins with {{."""
    lines = "\n" * found[0].count("\n")
    return ("{{" if found[0].startswith("{{") else "{%") + lines


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Problem] = []
        self._open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_startendtag(tag, attrs)
        if tag in VOID:
            return
        self._open.append((tag, self._line))
        if len(self._open) == DEEPEST:
            self._say("letter_too_deep", f"more than {DEEPEST} tags stand within each other")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FORBIDDEN:
            self._say("letter_forbidden", f"'<{tag}>' is not allowed in a letter")
        elif tag.startswith("mj") and tag not in MJML:
            self._say("letter_unknown_tag", f"MJML has no '<{tag}>'")
        for name, value in attrs:
            self._attribute(name, (value or "").strip())

    def _attribute(self, name: str, value: str) -> None:
        if name.startswith("on"):
            self._say("letter_forbidden", f"'{name}' is not allowed in a letter")
        elif name in ADDRESSES and value and not _SAFE.match(value):
            self._say("letter_address", f"'{name}' begins with https://, mailto: or tel:")
        elif "javascript:" in value.lower() or "expression(" in value.lower():
            self._say("letter_forbidden", f"'{name}' holds a script")

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not any(name == tag for name, _ in self._open):
            self._say("letter_syntax", f"'</{tag}>' closes nothing")
            return
        while (inner := self._open.pop())[0] != tag:
            self._unclosed(*inner)

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self._say("letter_syntax", LONELY)
        if data.strip() and self._open and self._open[-1][0] in HOLDS_TAGS_ONLY:
            words = "text stands in <mj-text>, and {% if %} between sections in <mj-raw>"
            self._say("letter_lost_text", f"words in '<{self._open[-1][0]}>' are lost: {words}")

    def end(self) -> None:
        """Name what was never closed."""
        for tag, line in self._open:
            self._unclosed(tag, line)

    def _unclosed(self, tag: str, line: int) -> None:
        self.found.append(Problem("letter_syntax", FIELD, line, f"'<{tag}>' is never closed"))

    @property
    def _line(self) -> int:
        return self.getpos()[0]

    def _say(self, code: str, message: str) -> None:
        self.found.append(Problem(code, FIELD, self._line, message))
