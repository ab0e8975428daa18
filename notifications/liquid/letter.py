"""How does a rendered text look as an e-mail that every mail program shows alike?

Tables and inline styles only: mail programs drop style sheets, flex boxes and scripts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from urllib.parse import urlsplit

from channels.contract import Button, Content

_COLOR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]»]")
_DEFAULT_COLOR = "#7a4b8c"
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Arial,sans-serif"
_WORDS = {
    "ru": {
        "unsubscribe": "Отписаться от рассылки",
        "preferences": "Настроить уведомления",
        "sent_by": "Это письмо отправил салон «{}».",
    },
    "en": {
        "unsubscribe": "Unsubscribe",
        "preferences": "Notification settings",
        "sent_by": "This letter was sent by {}.",
    },
}


def email_html(
    content: Content, *, brand: Mapping[str, str], language: str, links: Mapping[str, str]
) -> str:
    """Make an HTML letter from a rendered text.

    brand: name, color (#rrggbb), logoUrl, address, phone; each may be missing.
    links: unsubscribeUrl, preferencesUrl; a missing one leaves its link out.
    """
    words = _WORDS.get(language[:2].lower(), _WORDS["en"])
    color = brand.get("color", "")
    color = color if _COLOR.fullmatch(color) else _DEFAULT_COLOR
    rows = [
        _header(brand, color),
        _picture(content.image_url),
        _row(content.html or _paragraphs(content.body, color)),
        *(_button(button, color) for button in content.buttons if _is_web(button.url)),
        _footer(brand, links, words),
    ]
    return _page(content.title or brand.get("name", ""), "".join(rows), language)


def _page(title: str, rows: str, language: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title></head>"
        '<body style="margin:0;padding:0;background:#f4f2f5">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">'
        '<tr><td align="center" style="padding:24px 12px">'
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" '
        'style="max-width:560px;background:#ffffff;border-radius:12px">'
        f"{rows}</table></td></tr></table></body></html>"
    )


def _row(inner: str, style: str = "padding:8px 32px") -> str:
    text = f"{style};{_FONT};font-size:16px;line-height:1.5;color:#2b2530"
    return f'<tr><td style="{text}">{inner}</td></tr>'


def _header(brand: Mapping[str, str], color: str) -> str:
    name, logo = escape(brand.get("name", "")), brand.get("logoUrl", "")
    inner = name
    if _is_web(logo):
        inner = f'<img src="{escape(logo)}" alt="{name}" height="40" style="border:0">'
    if not inner:
        return ""
    return _row(
        f'<span style="font-size:20px;font-weight:600;color:{color}">{inner}</span>',
        f"padding:24px 32px 12px;border-top:4px solid {color};border-radius:12px 12px 0 0",
    )


def _picture(url: str) -> str:
    if not _is_web(url):
        return ""
    return _row(f'<img src="{escape(url)}" alt="" width="496" style="max-width:100%;border:0">')


def _paragraphs(body: str, color: str) -> str:
    blocks = [block for block in re.split(r"\n\s*\n", body.strip()) if block.strip()]
    return "".join(
        f'<p style="margin:0 0 16px">{_with_links(block, color)}</p>' for block in blocks
    )


def _with_links(text: str, color: str) -> str:
    pieces, done = [], 0
    for found in _LINK.finditer(text):
        url = escape(found[0])
        pieces += [escape(text[done : found.start()]), f'<a href="{url}" style="color:{color}">']
        pieces.append(f"{url}</a>")
        done = found.end()
    pieces.append(escape(text[done:]))
    return "".join(pieces).replace("\n", "<br>\n")


def _button(button: Button, color: str) -> str:
    style = (
        f"display:inline-block;padding:12px 28px;border-radius:8px;background:{color};"
        "color:#ffffff;text-decoration:none;font-weight:600"
    )
    return _row(f'<a href="{escape(button.url)}" style="{style}">{escape(button.text)}</a>')


def _footer(brand: Mapping[str, str], links: Mapping[str, str], words: Mapping[str, str]) -> str:
    lines = [words["sent_by"].format(brand["name"])] if brand.get("name") else []
    lines.append(", ".join(filter(None, (brand.get("address"), brand.get("phone")))))
    inner = "<br>".join(escape(line) for line in lines if line)
    anchors = " · ".join(
        f'<a href="{escape(links[key])}" style="color:#8a8290">{escape(words[word])}</a>'
        for key, word in (("preferencesUrl", "preferences"), ("unsubscribeUrl", "unsubscribe"))
        if _is_web(links.get(key, ""))
    )
    text = "<br>".join(filter(None, (inner, anchors)))
    style = "font-size:13px;color:#8a8290"
    return _row(f'<span style="{style}">{text}</span>', "padding:16px 32px 28px")


def _is_web(url: str) -> bool:
    """Accept web addresses only: a value must not smuggle in javascript: or data:."""
    return urlsplit(url).scheme in ("http", "https") if _LINK.fullmatch(url + "/") else False
