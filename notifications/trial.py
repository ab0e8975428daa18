"""How does one template go out for a try? By the road that every message goes: event, engine, door.

1. The salon keeps one workflow for tries. It is off, so no trigger can name it, and has no draft.
2. Each template and channel has a frozen version of it with one step; made at the first try.
3. The event names that version; from there on nothing is special.
A try is transactional: it must not wait for the morning, nor spend a client's marketing slot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from django.db.models import Max

from channels.registry import ADAPTERS
from notifications.definition import TRY, read_texts
from notifications.dispatch import wake_on_commit
from notifications.links import client_links
from notifications.models import (
    QUEUES,
    DueState,
    MessageTemplate,
    Priority,
    Step,
    TemplateVersion,
    Workflow,
    WorkflowVersion,
)
from notifications.preview import example_payload
from notifications.publishing import document_of
from notifications.sql import triggering as sql
from tenants import rows
from tenants.audience import upsert_subscribers
from tenants.auth import Caller
from tenants.errors import InvalidFields
from tenants.ids import uuid7
from tenants.models import Subscriber, Tenant
from tenants.people import SubscriberInput

IDENTIFIER: Final = TRY
CHANNELS: Final = ("in_app", "email", "sms", "chat", "push")
#: Also a provider's name: the try then goes through this provider's account and no other.
PROVIDERS: Final = tuple(
    name for name, one in ADAPTERS.items() if name != "sandbox" and one.address_kinds
)
QUEUE: Final = QUEUES.index(Priority.HIGH)  # somebody waits for it


@dataclass(frozen=True, slots=True)
class Trial:
    """What to try. channel: one of CHANNELS or PROVIDERS; empty takes that of the step which uses
    the template.

    payload: what is missing is invented, as in the preview.
    """

    template: str
    person: SubscriberInput
    channel: str = ""
    payload: Mapping[str, Any] = field(default_factory=dict)


def send_trial(who: Caller, trial: Trial, now: datetime) -> str:
    """Send it and return the transaction id; call inside the salon's scope.

    Raises InvalidFields for a template that is not there or not published, and for a channel that
    cannot be told.
    """
    template = _template(trial.template)
    channel = trial.channel or _channel(template)
    version = _version(who.tenant_id, template, channel)
    person = upsert_subscribers(who.tenant_id, who.mode, [trial.person])[0].id
    payload = _payload(who.tenant_id, template, person, now) | dict(trial.payload)
    transaction_id = f"try_{uuid4().hex}"
    rows.fetch(
        sql.ACCEPT_ONE,
        _event(who, version, transaction_id, payload, now)
        | {
            "names": [trial.person.subscriber_id],
            "recipients": json.dumps([trial.person.subscriber_id]),
        },
    )
    wake_on_commit([QUEUE])
    return transaction_id


def _event(
    who: Caller, version: WorkflowVersion, transaction_id: str, payload: Any, now: datetime
) -> dict[str, Any]:
    return {
        "tenant": who.tenant_id,
        "mode": who.mode,
        "id": uuid7(),
        "transaction": transaction_id,
        "workflow": version.workflow_id,
        "version": version.pk,
        "location": None,
        "payload": json.dumps(payload),
        "overrides": "{}",
        "queue": QUEUE,
        "state": DueState.READY,
        "due": now,
        "expires": None,
    }


def _template(key: str) -> MessageTemplate:
    found: MessageTemplate | None = MessageTemplate.objects.filter(key=key).first()
    if found is None:
        raise _refused("template", f"template {key!r} does not exist in this salon")
    if found.published_id is None:
        raise _refused("template", f"template {key!r} is not published yet")
    return found


def _channel(template: MessageTemplate) -> str:
    step = Step.objects.filter(template=template).order_by("id").first()
    words = [*step.channels, step.kind] if step else []
    for word in words:
        if word in CHANNELS:
            return str(word)
    raise _refused("channel", f"channel must be one of {', '.join(CHANNELS)}")


def _kind(channel: str) -> str:
    """Give the kind of step that tries a channel or a provider."""
    if channel in CHANNELS:
        return channel
    if channel not in PROVIDERS:
        words = ", ".join((*CHANNELS, *PROVIDERS))
        raise _refused("channel", f"channel must be one of {words}")
    return next(kind for kind in (*CHANNELS[1:], "webhook") if kind in ADAPTERS[channel].kinds)


def _version(tenant_id: UUID, template: MessageTemplate, channel: str) -> WorkflowVersion:
    """Find or freeze the one-step workflow of this template and channel."""
    kind = _kind(channel)
    Tenant.objects.select_for_update().get(pk=tenant_id)  # two tries at once make one workflow
    workflow, _ = Workflow.objects.get_or_create(
        tenant_id=tenant_id,
        identifier=IDENTIFIER,
        defaults={
            "name_ru": "Проба шаблона",
            "name_en": "Template try",
            "priority": Priority.HIGH,
            "is_active": False,
        },
    )
    step = Step(key="message", kind=kind, channels=[channel], template=template)
    document = document_of(workflow, [step])
    versions = WorkflowVersion.objects.filter(workflow=workflow)
    found: WorkflowVersion | None = versions.filter(document=document).first()
    if found is not None:
        return found
    number = (versions.aggregate(last=Max("number"))["last"] or 0) + 1
    made: WorkflowVersion = WorkflowVersion.objects.create(
        tenant_id=tenant_id, workflow=workflow, number=number, document=document
    )
    return made


def _payload(
    tenant_id: UUID, template: MessageTemplate, person: UUID, now: datetime
) -> dict[str, Any]:
    """Invent what the text wants; the links are the client's real ones."""
    texts = TemplateVersion.objects.get(pk=template.published_id)
    language = Subscriber.objects.values_list("language", flat=True).get(pk=person)
    salon = Tenant.objects.get(pk=tenant_id)
    chosen = read_texts(texts.pk, texts.texts).source(language or salon.language, salon.language)
    schemas = Workflow.objects.filter(steps__template=template).values_list(
        "payload_schema", flat=True
    )
    invented = example_payload(chosen[1], chosen[0], schemas, now=now) if chosen else {}
    return invented | client_links(tenant_id, person)


def _refused(field_name: str, sentence: str) -> InvalidFields:
    return InvalidFields(f"{sentence}.", errors={field_name: [sentence]})
