"""WhatsApp's message templates: how they are written, submitted, and what became of them.

https://developers.facebook.com/docs/whatsapp/business-management-api/message-templates (Graph API
v25.0, read 2026-11). Limits: heading 60, text 1024, footer 60 characters; up to 10 buttons of 25;
a variable neither begins nor ends the text nor follows another one; a link's variable ends it.
Editing an approved template would stop it until the review is over: each text has its own name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from channels.adapters.graph_answers import Codes, read_answer
from channels.answers import json_object
from channels.errors import BadCredentials, Permanent, RateLimited, Temporary, UnknownReply
from channels.request import HttpRequest, HttpResponse

VERSION = "v25.0"
PAGE = 100
BUTTONS, BUTTON_TEXT, BODY = 10, 25, 1024
_VARIABLE = re.compile(r"\{\{([^{}]+)\}\}")
_LINK = re.compile(r"https://[^{}\s]+(\{\{[^{}]+\}\})?")
_BODY_RULES: tuple[tuple[Callable[[str], object], str], ...] = (
    (lambda body: not body, "is empty"),
    (
        lambda body: body.startswith("{{") or body.endswith("}}"),
        "must not begin or end with a variable",
    ),
    (re.compile(r"\}\}\s*\{\{").search, "needs words between two variables"),
    (
        lambda body: re.search(r"\{\{|\{%", _VARIABLE.sub("", body)),
        "takes variables such as {{ clientName }}, no conditions",
    ),
    (lambda body: len(body) > BODY, f"is longer than {BODY} characters"),
)

CODES = Codes(
    by_code={
        1: Temporary,
        2: Temporary,
        4: RateLimited,
        80008: RateLimited,
        10: BadCredentials,
        190: BadCredentials,
        100: Permanent,
        192: Permanent,
        368: Permanent,
    },
    waits={80008: 3600.0},
)

#: Status at Meta -> ours. What is gone there can no longer be sent.
STATES: Mapping[str, str] = {
    "APPROVED": "approved",
    "REINSTATED": "approved",
    "UNARCHIVED": "approved",
    "PENDING": "pending",
    "IN_APPEAL": "pending",
    "REJECTED": "rejected",
    "PAUSED": "paused",
    "DISABLED": "disabled",
    "PENDING_DELETION": "disabled",
    "DELETED": "disabled",
    "ARCHIVED": "disabled",
    "LIMIT_EXCEEDED": "rejected",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """What a salon writes.

    buttons: {"text", "url"} or {"text", "action"} each. examples: by variable.
    """

    body: str
    header: str = ""
    footer: str = ""
    buttons: Sequence[Mapping[str, str]] = ()
    examples: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A template as Meta knows it. state: ours, "" for a status that we do not know."""

    id: str
    name: str
    language: str
    state: str
    category: str
    reason: str = ""


class BadDraft(Exception):
    """Meta would refuse this; fields: name -> what to correct."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name} {words}" for name, words in fields.items()))
        self.fields = dict(fields)


def compose(draft: Draft) -> dict[str, Any]:
    """Write the components, and what their variables are: {components, parameters, buttons}.

    Raises BadDraft. parameters: expressions of the text in order. buttons: per button
    {"sub_type", "value"} where sending gives it something, else None.
    """
    if problems := dict(_problems(draft)):
        raise BadDraft(problems)
    body, parameters = _numbered(draft.body)
    components: list[dict[str, Any]] = []
    if draft.header:
        components.append({"type": "HEADER", "format": "TEXT", "text": draft.header})
    text: dict[str, Any] = {"type": "BODY", "text": body}
    if parameters:
        text["example"] = {"body_text": [[_example(draft, name) for name in parameters]]}
    components.append(text)
    if draft.footer:
        components.append({"type": "FOOTER", "text": draft.footer})
    if draft.buttons:
        buttons = [_button(draft, button) for button in draft.buttons]
        components.append({"type": "BUTTONS", "buttons": buttons})
    given = [_given(button) for button in draft.buttons]
    return {"components": components, "parameters": parameters, "buttons": given}


def template_submit(
    credentials: Mapping[str, str],
    *,
    name: str,
    language: str,
    category: str,
    components: Sequence[Mapping[str, Any]],
) -> HttpRequest:
    """Write the call that hands a text to Meta's review."""
    body = {
        "name": name,
        "language": language,
        "category": category.upper(),
        "parameter_format": "POSITIONAL",
        "components": components,
    }
    headers = {**_headers(credentials), "Content-Type": "application/json"}
    written = json.dumps(body, ensure_ascii=False).encode()
    return HttpRequest("POST", _url(credentials), headers, written)


def template_list(credentials: Mapping[str, str], after: str = "") -> HttpRequest:
    """Write the call that lists a page of the account's templates."""
    fields = "id,name,language,status,category,rejected_reason"
    query = {"fields": fields, "limit": str(PAGE)} | ({"after": after} if after else {})
    return HttpRequest("GET", f"{_url(credentials)}?{urlencode(query)}", _headers(credentials))


def read_submitted(response: HttpResponse, name: str, language: str) -> Known:
    """Read what Meta says to a submission; raises the DeliveryError that a refusal means."""
    answer = _read(response)
    if not answer.get("id"):
        raise UnknownReply(f"{response.status} without the template's id")
    return _known({"name": name, "language": language, **answer})


def read_list(response: HttpResponse) -> tuple[list[Known], str]:
    """Read a page: the templates, and the cursor of the next page, "" at the end."""
    answer = _read(response)
    rows = answer.get("data")
    if not isinstance(rows, list):
        raise UnknownReply(f"{response.status} without a list of templates")
    paging = answer.get("paging") or {}
    after = (paging.get("cursors") or {}).get("after", "") if paging.get("next") else ""
    return [_known(row) for row in rows if isinstance(row, dict)], str(after)


def _problems(draft: Draft) -> Iterator[tuple[str, str]]:
    body = draft.body.strip()
    if words := next((words for is_wrong, words in _BODY_RULES if is_wrong(body)), ""):
        yield "body", words
    for name in ("header", "footer"):
        if re.search(r"\{[{%]", getattr(draft, name)):
            yield name, "takes no variables"
    if len(draft.buttons) > BUTTONS:
        yield "buttons", f"are more than {BUTTONS}"
    for button in draft.buttons:
        if words := _button_problem(button):
            yield "buttons", words


def _button_problem(button: Mapping[str, str]) -> str:
    text, url = str(button.get("text") or ""), str(button.get("url") or "")
    if not text or len(text) > BUTTON_TEXT or "{" in text:
        return f"need a text of up to {BUTTON_TEXT} characters without variables"
    if bool(url) == bool(button.get("action")):
        return "need either a url or an action"
    if url and not _LINK.fullmatch(url):
        return "need a url that begins with https:// and has a variable at its end only"
    return ""


def _numbered(body: str) -> tuple[str, list[str]]:
    """Replace variables by {{1}}, {{2}}...; each place has its own number."""
    found: list[str] = []

    def number(match: re.Match[str]) -> str:
        found.append(match[1].strip("-").strip())
        return f"{{{{{len(found)}}}}}"

    return _VARIABLE.sub(number, body.strip()), found


def _button(draft: Draft, button: Mapping[str, str]) -> dict[str, Any]:
    if button.get("action"):
        return {"type": "QUICK_REPLY", "text": button["text"]}
    url, names = _numbered(button["url"])
    made: dict[str, Any] = {"type": "URL", "text": button["text"], "url": url}
    if names:
        made["example"] = [url.replace("{{1}}", _example(draft, names[0]))]
    return made


def _given(button: Mapping[str, str]) -> dict[str, str] | None:
    if button.get("action"):
        return {"sub_type": "quick_reply", "value": button["action"]}
    names = _numbered(button["url"])[1]
    return {"sub_type": "url", "value": names[0]} if names else None


def _example(draft: Draft, expression: str) -> str:
    """Give a reviewer something to read in a variable's place."""
    name = expression.partition("|")[0].strip()
    return str((draft.examples or {}).get(name) or name)


def _read(response: HttpResponse) -> dict[str, Any]:
    error = (json_object(response) or {}).get("error")
    words = error.get("error_user_msg") if isinstance(error, dict) else ""
    if words and isinstance(error, dict) and error.get("code") == 100:
        raise Permanent(f"{response.status} 100: {str(words)[:200]}")
    return read_answer(response, CODES)


def _known(row: Mapping[str, Any]) -> Known:
    reason = str(row.get("rejected_reason") or "")
    return Known(
        id=str(row.get("id", "")),
        name=str(row.get("name", "")),
        language=str(row.get("language", "")),
        state=STATES.get(str(row.get("status", "PENDING")).upper(), ""),
        category=str(row.get("category", "")).lower(),
        reason="" if reason == "NONE" else reason,
    )


def _headers(credentials: Mapping[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {credentials['token']}"}


def _url(credentials: Mapping[str, str]) -> str:
    base = (credentials.get("api_base") or "https://graph.facebook.com").rstrip("/")
    return f"{base}/{VERSION}/{credentials['business_account_id']}/message_templates"
