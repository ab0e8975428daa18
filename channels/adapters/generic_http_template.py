"""How does a form's template become a request: `{{ name }}` and nothing more, no code.

A value is written so that it stays one value: as JSON text, as a part of a form or an address, as
XML; hence a client's name can never become a field, a header or a tag.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from channels.contract import Outbound
from channels.formatting import fit

Escape = Callable[[str], str]

PLACEHOLDER = re.compile(r"\{\{([^{}]*)\}\}")
PARTS = re.compile(r"[^.\[\]]+")  # of a path such as $.data.messages[0].id

#: What a template may name. text: title, text and links in one, as a plain channel shows them.
NAMES = frozenset(
    {
        "message_id",
        "address",
        "text",
        "title",
        "body",
        "html",
        "image_url",
        "link_url",
        "link_text",
        "language",
        "category",
        "kind",
        "subscriber",
        "secret",
        "callback_url",
    }
)
#: What may stand in a header: nothing that a client wrote.
HEADER_NAMES = frozenset({"message_id", "secret", "category", "language"})


def values_of(outbound: Outbound, secret: str, callback_url: str) -> dict[str, str]:
    """Give each name its value. callback_url: where this message is reported on."""
    content = outbound.content
    link = next((button for button in content.buttons if button.url), None)
    return {
        "message_id": outbound.message_id,
        "address": outbound.address,
        "text": fit(content, "plain").text,
        "title": content.title,
        "body": content.body,
        "html": content.html,
        "image_url": content.image_url,
        "link_url": link.url if link else "",
        "link_text": link.text if link else "",
        "language": outbound.language,
        "category": outbound.category,
        "kind": str(outbound.kind),
        "subscriber": str(outbound.extra.get("subscriber", "")),
        "secret": secret,
        "callback_url": callback_url,
    }


def unknown_names(template: str, known: frozenset[str] = NAMES) -> list[str]:
    """List the names that a template may not use."""
    return sorted({name.strip() for name in PLACEHOLDER.findall(template)} - known)


def filled(template: str, values: Mapping[str, str], escape: Escape = str) -> str:
    """Write the values in; a name that is not there stays as it is."""

    def value(found: re.Match[str]) -> str:
        name = found[1].strip()
        return escape(values[name]) if name in values else found[0]

    return PLACEHOLDER.sub(value, template)


def in_address(value: str) -> str:
    """Write a value as a part of an address or of a form."""
    return quote(value, safe="")


def escape_for(content_type: str) -> Escape:
    """Choose how a body of this type holds a value."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return in_address
    if kind.endswith(("/json", "+json")):
        return _in_json
    return html.escape if kind.endswith(("/xml", "+xml", "/html")) else str


def at_path(answer: object, path: str) -> object:
    """Read a value out of JSON by `$.data.messages[0].id`; None when it is not there."""
    for part in PARTS.findall(path.strip().removeprefix("$")):
        if isinstance(answer, dict):
            answer = answer.get(part)
        elif isinstance(answer, list) and part.isdecimal() and int(part) < len(answer):
            answer = answer[int(part)]
        else:
            return None
    return answer


def word_of(value: object) -> str:
    """Write a JSON value as a person would type it: true, 7, ok; nothing for a list or object."""
    if isinstance(value, str):
        return value
    is_plain = isinstance(value, bool | int | float)
    return json.dumps(value) if is_plain else ""


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
