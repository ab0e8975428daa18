"""Render a step's published text for one client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

from channels.contract import Content
from notifications import configs
from notifications.configs import Place
from notifications.definition import Texts
from notifications.letters.links import followed
from notifications.links import client_links, token
from notifications.loading import Work
from notifications.rendering import (
    ButtonSource,
    Locale,
    RenderError,
    Source,
    Unit,
    compile_unit,
    email_html,
    shared_context,
)


def values_for(work: Work, now: datetime) -> tuple[dict[str, Any], Locale]:
    """Give what a text, or a condition, may ask of this client's notification; and her locale."""
    language, place = work.person.language, place_of(work)
    locale = _locale(language, place.zone if place else work.salon.zone)
    return _context(work, place, language, now), locale


def published(works: list[Work]) -> dict[UUID, Texts]:
    """Give the texts that are published now, by template; one query for what is not kept."""
    versions: dict[UUID, UUID] = {}
    for work in {(id(work.salon), id(work.step)): work for work in works}.values():
        template = work.step.template_id if work.step else None
        version = work.salon.texts.get(template) if template else None
        if template and version:
            versions[template] = version
    found = configs.texts(list({w.task.tenant_id for w in works}), set(versions.values()))
    return {key: found[version] for key, version in versions.items() if version in found}


@dataclass(frozen=True, slots=True)
class Words:
    """A published text for clients who share language and place.

    unit: None where the event speaks for itself. has_links: it may name the client's own pages.
    """

    unit: Unit | None
    language: str
    version_id: UUID | None
    channel: str = ""
    place: Place | None = None
    locale: Locale | None = None
    has_links: bool = False

    def render(self, work: Work, now: datetime) -> Rendered:
        """Write it for one client; raises RenderError, which names the variable."""
        unit, language = self.unit, self.language
        if unit is None or self.locale is None:
            return Rendered(Content(""), language, None)
        context = _context(work, self.place, language, now)
        if self.has_links:
            context.update(client_links(work.salon.id, work.person.id))
        content = unit.render(context, self.locale)
        if self.channel == "email":
            design = unit.letter(context, self.locale)
            content = _letter(work, content, design, language, context)
        return Rendered(content, language, self.version_id)


def words_for(work: Work, texts: Mapping[UUID, Texts], channel: str) -> Words:
    """Choose the text by the client's language; raises RenderError when there is none."""
    template = work.step.template_id if work.step else None
    if template is None and channel == "url":
        return Words(None, work.person.language, None)
    text = texts.get(template) if template else None
    chosen = text.source(work.person.language, work.salon.language) if text else None
    if text is None or chosen is None:
        raise RenderError("the template has no published text", field="body")
    language, source = chosen
    place, unit = place_of(work), compile_unit(source)
    may_leave = work.definition.category == "mk" or work.salon.unsubscribe_always
    return Words(
        unit,
        language,
        text.version_id,
        channel,
        place,
        locale=_locale(language, place.zone if place else work.salon.zone),
        has_links=may_leave and (unit.has_links or channel == "email"),
    )


@lru_cache(maxsize=600)
def _locale(language: str, zone: ZoneInfo) -> Locale:
    return Locale(language, zone)


def lines(work: Work, expressions: tuple[str, ...], language: str, now: datetime) -> list[str]:
    """Render expressions such as "clientName", each to one line; raises RenderError."""
    place = place_of(work)
    parts = (ButtonSource(f"{{{{ {one} }}}}", action="line") for one in expressions)
    source = Source("", buttons=tuple(parts))
    locale = _locale(language, place.zone if place else work.salon.zone)
    content = compile_unit(source).render(_context(work, place, language, now), locale)
    return [button.text for button in content.buttons]


def follow(rendered: Rendered, tenant_id: UUID, message_id: UUID, *, spared: str) -> Rendered:
    """Lead a letter's links through us. spared: the link that stays as it is."""
    content, own = rendered.content, token("t", tenant_id, message_id)
    html, links = followed(content.html, base=settings.PUBLIC_URL, token=own, spared=spared)
    letter = Content(content.body, content.title, html, content.image_url, content.buttons)
    return Rendered(letter, rendered.language, rendered.version_id, links)


class Rendered:
    """Content with the language and the version it came from.

    links: where those of a followed letter lead.
    """

    __slots__ = ("content", "language", "links", "version_id")

    def __init__(
        self, content: Content, language: str, version_id: UUID | None, links: Sequence[str] = ()
    ) -> None:
        self.content = content
        self.language = language
        self.version_id = version_id
        self.links = links


def place_of(work: Work) -> Place | None:
    """Give the location that the event names, else the salon's main one."""
    wanted = work.event.location_id or work.salon.main
    return work.salon.places.get(wanted) if wanted else None


def _context(work: Work, place: Place | None, language: str, now: datetime) -> dict[str, Any]:
    person, shared = work.person, work.event.contexts.get(language)
    if shared is None:
        shared = work.event.contexts[language] = shared_context(
            payload=work.event.payload,
            salon={"name": work.salon.name, **work.salon.brand},
            location=place.values[language] if place else {},
            year=now.astimezone(work.salon.zone).year,
            defaults=work.definition.defaults,
        )
    subscriber = {
        "subscriberId": person.subscriber_id,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "language": language,
        "data": person.data,
    }
    context = {**shared, "subscriber": subscriber}
    if work.gathered:
        told = [one for one in work.gathered if not one.expires_at or now < one.expires_at]
        events = [{**work.definition.defaults, **one.payload} for one in told]
        context["digest"] = {"events": events, "count": len(events)}
    return context


def _letter(
    work: Work, content: Content, design: str, language: str, context: dict[str, Any]
) -> Content:
    letter = email_html(
        Content(content.body, content.title, design, content.image_url, content.buttons),
        brand={"name": work.salon.name, **work.salon.brand},
        language=language,
        links={k: str(context[k]) for k in ("unsubscribeUrl",) if k in context},
    )
    return Content(content.body, content.title, letter, content.image_url, content.buttons)
