"""How does a template version become the content of one message?

Life of a text:
1. `check` at save time lists what its author must correct.
2. `compile_unit` parses one language of one version, once per process; tenants with the same text
   share the unit.
3. `context_for` builds the plain values of one recipient.
4. `Unit.render` gives Content or raises RenderError; preview, test and send use nothing else.
5. `email_html` dresses a rendered text as a letter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from channels.contract import Button, Content
from notifications.letters.letter import email_html
from notifications.liquid import check as checking
from notifications.liquid.dates import Locale
from notifications.liquid.environment import HTML_ENVIRONMENT, TEXT_ENVIRONMENT, SafeTemplate
from notifications.liquid.faults import TEMPLATE_FAULTS, Problem, RenderError, render_error
from notifications.liquid.names import LINK_NAMES, SYSTEM_NAMES, uses
from notifications.liquid.plan import NotPlanned, Plan, plan_for

__all__ = [
    "ButtonSource",
    "Locale",
    "Problem",
    "RenderError",
    "Source",
    "Unit",
    "check",
    "compile_unit",
    "context_for",
    "email_html",
    "needed",
    "shared_context",
    "variables",
]

MAX_ACTION = 64  # bytes; Telegram's callback_data, the smallest of the channels
_PLAN_MISSES = (NotPlanned, *TEMPLATE_FAULTS)
_LINE_END = re.compile(r"[\r\n\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class ButtonSource:
    """A button as written: text and url are templates, action is a literal."""

    text: str
    url: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One language of one template version, as written.

    letter: the e-mail as staff designed it, if they did. html: what was made of it.
    """

    body: str
    title: str = ""
    image_url: str = ""
    buttons: tuple[ButtonSource, ...] = ()
    letter: str = ""
    html: str = ""

    def fields(self) -> Iterator[tuple[str, str]]:
        """Yield (field name, template text), the body first."""
        yield "body", self.body
        yield "title", self.title
        yield "image_url", self.image_url
        for index, button in enumerate(self.buttons):
            yield f"buttons.{index}.text", button.text
            yield f"buttons.{index}.url", button.url
        if self.letter:
            yield "letter", self.letter


@dataclass(frozen=True, slots=True)
class _Field:
    """One compiled field: a plan where there is one, python-liquid's tree always."""

    name: str
    source: str
    template: SafeTemplate
    plan: Plan | None

    def text(self, context: dict[str, Any], locale: Locale) -> str:
        if self.plan is not None:
            try:
                return _clean(self.plan.text(context, locale))
            except _PLAN_MISSES:  # python-liquid decides, and words the error
                pass
        try:
            return _clean(self.template.text(context, locale))
        except TEMPLATE_FAULTS as error:
            raise render_error(error, field=self.name, source=self.source) from error

    def line(self, context: dict[str, Any], locale: Locale) -> str:
        """Render to one line: a line break in a subject would end the header."""
        if not self.source:
            return ""
        text = self.text(context, locale).strip()
        if text.isprintable():
            return text
        return " ".join(filter(None, map(str.strip, _LINE_END.split(text))))


@dataclass(frozen=True, slots=True)
class _ButtonFields:
    text: _Field
    url: _Field
    action: str

    def render(self, context: dict[str, Any], locale: Locale) -> Button:
        text, url = self.text.line(context, locale), self.url.line(context, locale)
        return Button(text, url, self.action)


@dataclass(frozen=True, slots=True)
class Unit:
    """All fields of one text, compiled; made by compile_unit.

    has_links: it may name the client's own pages, which have to be signed for each client.
    """

    body: _Field
    title: _Field
    image_url: _Field
    buttons: tuple[_ButtonFields, ...] = field(default=())
    has_links: bool = True
    html: _Field | None = None

    def render(self, context: Mapping[str, Any], locale: Locale) -> Content:
        """Render for one recipient; raises RenderError.

        context: from context_for; plain values only. A button that leads nowhere, because its
        link came out empty, is left out.
        """
        values = context if type(context) is dict else dict(context)
        buttons = [button.render(values, locale) for button in self.buttons]
        return Content(
            body=self.body.text(values, locale),
            title=self.title.line(values, locale),
            image_url=self.image_url.line(values, locale),
            buttons=tuple([button for button in buttons if button.url or button.action]),
        )

    def letter(self, context: dict[str, Any], locale: Locale) -> str:
        """Render what staff designed for e-mail, with escaped values; "" when they did not."""
        return self.html.text(context, locale) if self.html else ""

    @property
    def is_planned(self) -> bool:
        """Tell whether every field has a compiled plan."""
        return all(part.plan is not None for part in self._fields())

    def _fields(self) -> Iterator[_Field]:
        yield from (self.body, self.title, self.image_url)
        for button in self.buttons:
            yield from (button.text, button.url)


@lru_cache(maxsize=4096)  # texts of a few hundred salons; a seeded text counts once
def compile_unit(source: Source) -> Unit:
    """Parse all fields of a text; raises RenderError at the first that is broken."""
    parts = {name: _compiled(name, text) for name, text in source.fields() if name != "letter"}
    return Unit(
        body=parts["body"],
        html=_compiled("letter", source.html, html=True) if source.html else None,
        title=parts["title"],
        image_url=parts["image_url"],
        buttons=tuple(
            _ButtonFields(
                parts[f"buttons.{index}.text"], parts[f"buttons.{index}.url"], button.action
            )
            for index, button in enumerate(source.buttons)
        ),
        has_links=any(name in text for _, text in source.fields() for name in LINK_NAMES),
    )


def context_for(  # noqa: PLR0913 (keyword-only: one argument per source of names)
    *,
    payload: Mapping[str, Any],
    subscriber: Mapping[str, Any],
    salon: Mapping[str, Any],
    location: Mapping[str, Any],
    links: Mapping[str, str],
    year: int,
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    """Build one recipient's variables; the platform's names win over a payload's keys.

    links: unsubscribeUrl and preferencesUrl, where this message may have them.
    defaults: the workflow's declared values for keys that the payload leaves out.
    """
    shared = shared_context(
        payload=payload, salon=salon, location=location, year=year, defaults=defaults
    )
    return {**shared, **links, "subscriber": dict(subscriber)}


def shared_context(
    *,
    payload: Mapping[str, Any],
    salon: Mapping[str, Any],
    location: Mapping[str, Any],
    year: int,
    defaults: Mapping[str, Any],
) -> dict[str, Any]:
    """Build what all recipients of an event have in common; see context_for."""
    given = {**defaults, **payload}
    context = {name: value for name, value in given.items() if name not in SYSTEM_NAMES}
    context.update(payload=given, salon=dict(salon), location=dict(location), year=year)
    context["digest"] = {"events": [given], "count": 1}  # unless a digest has gathered more
    return context


def variables(source: Source) -> frozenset[str]:
    """Name the variables of a text as written: "clientName", "payload.x", "subscriber.data.city".

    Raises RenderError for a text that cannot be parsed.
    """
    return frozenset(name for name, _ in _uses(source))


def needed(source: Source) -> frozenset[str]:
    """Name the variables that must have a value: those without a `default` filter of their own."""
    return frozenset(name for name, optional in _uses(source) if not optional)


def check(source: Source, *, known: Collection[str] | None) -> list[Problem]:
    """List what must be corrected before publishing.

    known: payload keys that the workflow's schema requires or defaults; None: not checked.
    """
    found = checking.problems(source.fields(), known)
    if not source.body.strip():
        found.append(Problem("empty", "body", 0, "the text is empty"))
    for index, button in enumerate(source.buttons):
        if len(button.action.encode()) > MAX_ACTION:
            message = f"an action has at most {MAX_ACTION} bytes"
            found.append(Problem("too_long", f"buttons.{index}.action", 0, message))
    return found


def _compiled(name: str, text: str, *, html: bool = False) -> _Field:
    environment = HTML_ENVIRONMENT if html else TEXT_ENVIRONMENT
    try:
        template = environment.compile(text)
        return _Field(name, text, template, plan_for(template))
    except TEMPLATE_FAULTS as error:
        raise render_error(error, field=name, source=text) from error


def _uses(source: Source) -> Iterator[tuple[str, bool]]:
    for name, text in source.fields():
        for use in uses(_compiled(name, text).template):
            yield use.name, use.optional


def _clean(text: str) -> str:
    """Drop NUL, which PostgreSQL refuses, and mend half emoji, which no channel can encode."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
