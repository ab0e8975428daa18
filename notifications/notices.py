"""How does a small page look that a client opens from a letter? The salon's name, and a few words.

Such a page loads nothing but the salon's logo and tells nobody its own address, which is a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

from notifications.letters.frame import Colors, is_web

PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a page says. button: posts one-click unsubscribing. brand: name, color, logoUrl."""

    title: str
    heading: str
    note: str
    button: str = ""
    brand: Mapping[str, Any] = field(default_factory=dict)


def notice(request: HttpRequest, said: Notice, language: str, status: int = 200) -> HttpResponse:
    """Answer with the page."""
    logo = str(said.brand.get("logoUrl") or "")
    context = {
        "language": language,
        "title": said.title,
        "heading": said.heading,
        "note": said.note,
        "button": said.button,
        "name": said.brand.get("name", ""),
        "logo": logo if is_web(logo) else "",
        "colors": Colors.of(str(said.brand.get("color") or "")),
    }
    response = render(request, "pages/notice.html", context, status=status)
    return private(response, {"Content-Security-Policy": POLICY})


def private(response: HttpResponse, more: Mapping[str, str] | None = None) -> HttpResponse:
    """Keep an answer out of caches, search engines and other sites' logs."""
    for name, value in (PRIVATE | dict(more or {})).items():
        response[name] = value
    return response


def visitors_language() -> str:
    """Choose between our two languages by what the browser asks for."""
    return "en" if str(get_language() or "").startswith("en") else "ru"
