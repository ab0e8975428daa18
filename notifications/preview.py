"""What would a client read? A draft rendered with example values, by the renderer that sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from channels.contract import Content
from channels.errors import Permanent
from channels.formatting import fit
from channels.segments import Segments, count, price
from notifications.channel_views import ChannelView, channel_views
from notifications.letters.compiling import BadMarkup
from notifications.letters.design import compile_letter
from notifications.liquid.names import payload_key
from notifications.rendering import (
    Locale,
    RenderError,
    Source,
    compile_unit,
    context_for,
    email_html,
    variables,
)
from tenants.models import Tenant

#: What a salon would send, so that a preview reads like a real message.
EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "ru": {
        "clientName": "Анна",
        "serviceName": "Маникюр с покрытием",
        "staffName": "Ольга",
        "promoCode": "ВЕСНА20",
        "promoDiscount": 20,
        "confirmUrl": "https://example.com/c/5fK2",
        "rescheduleUrl": "https://example.com/r/5fK2",
    },
    "en": {
        "clientName": "Anna",
        "serviceName": "Gel manicure",
        "staffName": "Olga",
        "promoCode": "SPRING20",
        "promoDiscount": 20,
        "confirmUrl": "https://example.com/c/5fK2",
        "rescheduleUrl": "https://example.com/r/5fK2",
    },
}
_SUBSCRIBERS = {
    "ru": {"firstName": "Анна", "lastName": "Иванова"},
    "en": {"firstName": "Anna", "lastName": "Ivanova"},
}
_LINKS = {
    "unsubscribeUrl": "https://example.com/u/5fK2",
    "preferencesUrl": "https://example.com/p/5fK2",
}
_VALUES: Mapping[str, Any] = {"number": 20, "integer": 20, "boolean": True}


@dataclass(frozen=True, slots=True)
class Preview:
    """One language of a draft as a client would see it, or what stands in the way.

    sms: what it would be as an SMS, where asked for; sms_price: where the account tells its price.
    views: what is read on channels that cannot show all of it. letter: the e-mail's HTML.
    """

    language: str
    content: Content | None = None
    error: str = ""
    sms: Segments | None = None
    sms_price: Decimal | None = None
    is_too_long_for_sms: bool = False
    views: tuple[ChannelView, ...] = ()
    letter: str = ""


def preview(
    source: Source, language: str, salon: Tenant, schemas: Iterable[Any], *, now: datetime
) -> Preview:
    """Render a draft with example values; a fault is part of the answer, never raised."""
    zone = ZoneInfo(salon.timezone)
    try:
        payload = example_payload(source, language, schemas, now=now.astimezone(zone))
        context = context_for(
            payload=payload,
            subscriber={"subscriberId": "1001", "language": language, "data": {}}
            | _SUBSCRIBERS[language],
            salon={"name": salon.name, **salon.brand},
            location={"name": salon.name, "address": "", "phone": "", "mapUrl": ""},
            links=_LINKS,
            year=now.astimezone(zone).year,
            defaults={},
        )
        unit, locale = compile_unit(with_design(source)), Locale(language, zone)
        content = unit.render(context, locale)
        designed = replace(content, html=unit.letter(context, locale))
        brand = {"name": salon.name, **salon.brand}
        letter = email_html(designed, brand=brand, language=language, links=_LINKS)
        return Preview(language, content, letter=letter)
    except RenderError as error:
        return Preview(language, error=str(error))


def on_channels(shown: Preview, words: Iterable[str]) -> Preview:
    """Add what is left of the text on the channels of steps; take the letter where none is sent."""
    if shown.content is None or not shown.content.body:
        return shown
    chosen = list(words)
    letter = shown.letter if "email" in chosen else ""
    return replace(shown, views=channel_views(shown.content, chosen), letter=letter)


def as_sms(shown: Preview, price_per_segment: str) -> Preview:
    """Add how many parts the text has as an SMS and what they cost; an empty text has none."""
    if shown.content is None or not shown.content.body:
        return shown
    try:
        text = fit(shown.content, "sms").text
    except Permanent:
        return replace(shown, is_too_long_for_sms=True)
    return replace(shown, sms=count(text), sms_price=price(text, price_per_segment))


def with_design(source: Source) -> Source:
    """Compile a draft's letter, as publishing will; raises RenderError."""
    try:
        return replace(source, html=compile_letter(source.letter))
    except BadMarkup as error:
        raise RenderError(str(error), field="letter") from error


def example_payload(
    source: Source, language: str, schemas: Iterable[Any], *, now: datetime
) -> dict[str, Any]:
    """Invent a value for each payload key that the text uses; raises RenderError.

    A schema's own example or default wins; now: in the salon's zone, the visit is tomorrow.
    """
    rules: dict[str, Any] = {}
    for schema in schemas:
        properties = schema.get("properties") if isinstance(schema, dict) else None
        rules |= properties if isinstance(properties, dict) else {}
    keys = {payload_key(name) for name in variables(source)} - {None}
    return {str(key): example_value(str(key), rules.get(str(key)), language, now) for key in keys}


def example_value(key: str, rule: Any, language: str, now: datetime) -> Any:
    """Invent a value for one payload key; rule: what the schema says of it."""
    if key in EXAMPLES[language]:
        return EXAMPLES[language][key]
    if key.lower().endswith(("time", "date", "visit", "at")):
        visit = (now + timedelta(days=1)).replace(hour=15, minute=0, second=0, microsecond=0)
        return visit.isoformat()
    rule = rule if isinstance(rule, dict) else {}
    examples = rule.get("examples")
    if isinstance(examples, list) and examples:
        return examples[0]
    if "default" in rule:
        return rule["default"]
    return _VALUES.get(str(rule.get("type")), key)
