"""How does a rendered text look as an e-mail that every mail program shows alike?

A text is laid out by what it is made of: its title is the heading, lines that begin with a sign
(📅 💇 🎁) are facts and stand together on a tint, what only repeats a button or the link to
unsubscribe is left to those, everything else is a paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from itertools import groupby

from channels.contract import Button, Content
from notifications.letters.frame import Frame, filled, frame_for, is_web

MOST_PREVIEW = 140  # characters that mail programs show beside the subject
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]»]")
#: A sign and a blank: pictographs, dingbats, arrows and what varies or joins them.
_SIGN = re.compile(
    r"([\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\u200d\u2190-\U0001faff]*)\s+(\S.*)"
)
#: What is never closed goes to the end, so that no letter is walked through twice.
_TAGS = re.compile(r"<(style|title)\b.*?(?:</\1>|\Z)|<!--.*?(?:-->|\Z)|<[^<>]*>", re.DOTALL)


def email_html(
    content: Content, *, brand: Mapping[str, str], language: str, links: Mapping[str, str]
) -> str:
    """Make an HTML letter of a rendered text, or of what staff designed (`content.html`).

    brand: name, color (#rrggbb), logoUrl, address, phone; each may be missing.
    links: unsubscribeUrl, where this letter may have it; every letter that has it shows it.
    """
    frame, link = frame_for(brand, language), links.get("unsubscribeUrl", "")
    link = link if is_web(link) else ""
    if content.html.startswith("<!doctype"):
        return _with_way_out(content.html, frame, link)
    title = escape(content.title or str(brand.get("name") or ""))
    if content.html:
        head, sections = _split(content.html)
        return filled(
            frame.sections, title, head, _preview(content), sections, _way_out(frame, link)
        )
    body = "".join(_pieces(content, frame, link))
    return filled(frame.page, title, "", _preview(content), body, _way_out(frame, link))


def _split(design: str) -> tuple[str, str]:
    """Take the style sheets of a design apart: they belong into the head."""
    head, mark, sections = design.rpartition("</style>")
    return head + mark, sections


def _with_way_out(page: str, frame: Frame, link: str) -> str:
    """See that a letter of staff's own making can be unsubscribed from."""
    if not link or escape(link) in page:
        return page
    note = (
        f'<div style="padding:16px;text-align:center;font:13px Arial,sans-serif">'
        f"{_anchor(link, frame.unsubscribe, '#77707d')}</div>"
    )
    head, end, tail = page.rpartition("</body>")
    return head + note + end + tail


def _way_out(frame: Frame, link: str) -> str:
    return f"<br>{_anchor(link, frame.unsubscribe, '#77707d')}" if link else ""


def _anchor(url: str, words: str, color: str) -> str:
    return f'<a href="{escape(url)}" style="color:{color}">{escape(words)}</a>'


def _preview(content: Content) -> str:
    """Give what a list of letters shows beside the subject: how the words begin."""
    words = content.body or unescape(_TAGS.sub(" ", content.html))
    beginning = _LINK.sub("", words[: 2 * MOST_PREVIEW])
    return escape(" ".join(beginning.split())[:MOST_PREVIEW])


def _pieces(content: Content, frame: Frame, link: str) -> Iterator[str]:
    buttons = [button for button in content.buttons if is_web(button.url)]
    if content.title:
        yield frame.piece("heading", escape(content.title))
    if is_web(content.image_url):
        yield frame.piece("picture", escape(content.image_url))
    shown_elsewhere = (*(button.url for button in buttons), *([link] if link else []))
    for block in re.split(r"\n\s*\n", content.body.strip()):
        yield from _block(block, frame, shown_elsewhere)
    for index, button in enumerate(buttons):
        yield _button(frame, button, "other" if index else "first")


def _block(block: str, frame: Frame, shown_elsewhere: tuple[str, ...]) -> Iterator[str]:
    """Lay out what stands between two empty lines."""
    lines = [
        line
        for line in block.splitlines()
        if not line.rstrip(" .").endswith(shown_elsewhere)  # a button or the footer has this link
    ]
    is_alone = "\n" not in block.strip()  # a greeting with a sign is a greeting
    for is_fact, group in groupby(lines, lambda line: not is_alone and bool(_SIGN.match(line))):
        piece = _facts if is_fact else _paragraph
        yield piece(frame, list(group))


def _paragraph(frame: Frame, lines: list[str]) -> str:
    return frame.piece("paragraph", _with_links("\n".join(lines), frame.link))


def _facts(frame: Frame, lines: list[str]) -> str:
    return frame.piece("facts", "".join(_fact(line, frame.link) for line in lines))


def _fact(line: str, color: str) -> str:
    sign, words = line.strip().split(maxsplit=1)
    font = "font-size:16px;line-height:1.5;color:#2b2530;padding:3px 0;vertical-align:top"
    return (
        f'<tr><td width="30" style="{font};width:30px">{escape(sign)}</td>'
        f'<td style="{font}">{_with_links(words, color)}</td></tr>'
    )


def _button(frame: Frame, button: Button, name: str) -> str:
    return frame.piece(name, escape(button.url), escape(button.text))


def _with_links(text: str, color: str) -> str:
    if "://" not in text:
        return escape(text).replace("\n", "<br>\n")
    pieces, done = [], 0
    for found in _LINK.finditer(text):
        pieces += [escape(text[done : found.start()]), _anchor(found[0], found[0], color)]
        done = found.end()
    pieces.append(escape(text[done:]))
    return "".join(pieces).replace("\n", "<br>\n")
