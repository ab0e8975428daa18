"""How does a letter that staff designed become HTML with holes? Once, when it is published.

It is written in one of three ways:
- a whole letter in MJML (`<mjml>`): nothing is added but a way to unsubscribe;
- sections in MJML (`<mj-section>`...): they stand between the salon's head and foot;
- HTML: cleaned, its style sheet put into the tags, and framed as one section.
Liquid stays in it: the compiled letter is rendered for each client like any other text.
"""

from __future__ import annotations

import re
from functools import lru_cache

from notifications.letters.compiling import BadMarkup, clean_html, compile_mjml
from notifications.letters.scanning import FIELD, LIQUID, faults
from notifications.liquid.faults import Problem

#: Gmail shows no more than 102 KB of a letter; values and the salon's frame need their part.
MOST_BYTES = 60_000
#: After any comments, none of which is ever read in another way (?>).
_MJML = re.compile(r"\s*(?>(?:<!--.*?-->\s*)*)<mj", re.DOTALL)
_STYLE = re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL)
_BODY = re.compile(r"<body\b[^>]*><div\b[^>]*>(.*)</div></body>", re.DOTALL)
#: What every letter has in the head anyway.
_COMMON = ("#outlook", "mj-outlook-group-fix")
_FONTS = "'Segoe UI',Helvetica,Arial,sans-serif"
_SECTIONS = (
    "<mjml><mj-head><mj-attributes>"
    f'<mj-all font-family="{_FONTS}" />'
    '<mj-text color="#2b2530" font-size="16px" line-height="1.55" padding="0 40px 16px" />'
    '<mj-section background-color="#ffffff" padding="0" />'
    '<mj-button background-color="#2b2530" border-radius="10px" font-size="16px"'
    ' inner-padding="13px 26px" />'
    "</mj-attributes></mj-head><mj-body>{}</mj-body></mjml>"
)
_AS_SECTION = (
    '<mj-section padding="24px 0 8px"><mj-column><mj-text>{}</mj-text></mj-column></mj-section>'
)


def letter_faults(source: str) -> list[Problem]:
    """List what must be corrected before a letter may be published; none for an empty one."""
    if not source.strip():
        return []
    found = faults(source) if _is_mjml(source) else []
    if found:
        return found
    try:
        size = len(compile_letter(source).encode())
    except BadMarkup as error:
        return [Problem("letter_syntax", FIELD, 0, f"the letter cannot be read: {error}")]
    if size > MOST_BYTES:
        message = f"the letter makes {size:,} bytes of HTML, {MOST_BYTES:,} are allowed"
        return [Problem("too_long", FIELD, 0, message)]
    return []


@lru_cache(maxsize=256)  # a draft is shown again and again while it is written
def compile_letter(source: str) -> str:
    """Make HTML of a letter's source: a page, or sections after their style sheets.

    Raises BadMarkup. Liquid is left as it is.
    """
    if not source.strip():
        return ""
    shielded, kept = _shielded(source.strip())
    if shielded.startswith("<mjml"):
        return _restored(compile_mjml(shielded), kept)
    if not _is_mjml(shielded):
        # put in afterwards: MJML is XML, and HTML need not be
        cleaned, hole = clean_html(shielded), "kolokol-html"
        return _restored(_sections(_AS_SECTION.format(hole)).replace(hole, cleaned), kept)
    return _restored(_sections(shielded), kept)


def _is_mjml(source: str) -> bool:
    return _MJML.match(source) is not None


def _sections(source: str) -> str:
    page = compile_mjml(_SECTIONS.replace("{}", source))
    head, _, _ = page.partition("</head>")
    styles = [css for css in _STYLE.findall(head) if not any(one in css for one in _COMMON)]
    found = _BODY.search(page)
    return "".join(styles) + (found[1] if found else "")


def _shielded(source: str) -> tuple[str, list[str]]:
    """Put words in the place of Liquid, which no reader of markup understands."""
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[0])
        return f"kolokol{len(kept) - 1}q"

    return LIQUID.sub(keep, source), kept


def _restored(html: str, kept: list[str]) -> str:
    def back(found: re.Match[str]) -> str:
        number = int(found[1])
        return kept[number] if number < len(kept) else found[0]

    return re.sub(r"kolokol(\d+)q", back, html)
