"""What does a dry run ask a manager? One field for each thing that the workflow's event tells."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.definition import read_texts
from notifications.letters.compiling import BadMarkup
from notifications.models import Step, Workflow
from notifications.preview import example_payload, example_value
from notifications.publishing import texts_of
from notifications.rendering import RenderError
from tenants.errors import InvalidFields
from tenants.models import Tenant

#: How a field's name begins -> how its words are read.
READERS: Mapping[str, Callable[[str], Any]] = {"text": str, "json": json.loads}
#: What the packs' workflows are told of; a salon's own names are shown as they are.
LABELS: Mapping[str, Any] = {
    "clientName": gettext_lazy("client's name"),
    "appointmentTime": gettext_lazy("time of the visit"),
    "serviceName": gettext_lazy("service"),
    "staffName": gettext_lazy("master"),
    "salonName": gettext_lazy("salon"),
    "confirmUrl": gettext_lazy("page to confirm"),
    "rescheduleUrl": gettext_lazy("page to reschedule"),
    "lastVisit": gettext_lazy("last visit"),
    "promoCode": gettext_lazy("promo code"),
    "promoDiscount": gettext_lazy("discount, %"),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that the event tells. name: of the form's field; key: of the payload."""

    name: str
    key: str
    label: str
    value: str


def fields_of(draft: Workflow, steps: Sequence[Step]) -> list[Field]:
    """Offer all that the schema and the drafted texts name, with example values."""
    salon = Tenant.objects.get(pk=draft.tenant_id)
    now = datetime.now(UTC).astimezone(ZoneInfo(salon.timezone))
    rules = (draft.payload_schema or {}).get("properties")
    rules = rules if isinstance(rules, dict) else {}
    found = {key: example_value(key, rule, salon.language, now) for key, rule in rules.items()}
    for step in steps:
        found |= {key: value for key, value in _used(step, salon, now).items() if key not in found}
    known = list(LABELS)
    order = sorted(found, key=lambda key: (known.index(key) if key in LABELS else len(known), key))
    return [_field(key, found[key]) for key in order]


def read_payload(given: Mapping[str, str]) -> dict[str, Any]:
    """Read what was filled in; an empty field is left out. Raises InvalidFields."""
    found: dict[str, Any] = {}
    for name, text in given.items():
        kind, _colon, key = name.partition(":")
        if kind in READERS and text.strip():
            found[key] = _read(kind, key, text.strip())
    return found


def _used(step: Step, salon: Tenant, now: datetime) -> dict[str, Any]:
    """Name what the step's drafted text uses; a text that cannot be read is told of elsewhere."""
    if step.template is None:
        return {}
    try:
        texts = read_texts(step.template.pk, texts_of(step.template))
        chosen = texts.source(salon.language, salon.language)
        return example_payload(chosen[1], chosen[0], [], now=now) if chosen else {}
    except (RenderError, BadMarkup):
        return {}


def _field(key: str, value: Any) -> Field:
    is_text = isinstance(value, str)
    words = value if is_text else json.dumps(value, ensure_ascii=False)
    return Field(f"{'text' if is_text else 'json'}:{key}", key, str(LABELS.get(key, "")), words)


def _read(kind: str, key: str, text: str) -> Any:
    try:
        if "\0" in text:
            raise ValueError("databases take no NUL")
        return READERS[kind](text)
    except (ValueError, RecursionError) as error:
        words = _("“%(name)s” is a number, true, false or JSON.") % {"name": key}
        raise InvalidFields(words, errors={f"payload.{key}": [words]}) from error
