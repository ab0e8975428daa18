"""Publish workflows that decide, and act as the client who gets them."""

from __future__ import annotations

from channels.told import InboundEvent
from notifications import inbound
from notifications.callbacks import Received
from notifications.models import LogEntry, MessageTemplate, Step, Workflow
from notifications.publishing import PublishRefused, publish_workflow
from notifications.seeding import Published
from tenants.ids import uuid7
from tenants.scope import tenant_scope

CONTACTS = {
    "subscriberId": "anna",
    "phone": "+79161234567",
    "locale": "ru",
    "channels": {"telegram": ["551234567"]},
}
BUTTONS = [{"text": action, "action": action} for action in ("confirm", "reschedule", "later")]
SCHEMA = {
    "type": "object",
    "properties": {
        "clientName": {"type": "string", "default": "Анна"},
        "total": {"type": "number"},
        "appointmentTime": {"type": "string"},
        "visit": {"type": "object"},
    },
}


def publish_flow(salon, name, *steps, schema=SCHEMA, **fields) -> Workflow:
    """Publish steps given as (key, kind, settings, other fields...); a `body` becomes a text."""
    with tenant_scope(salon.pk):
        workflow = Workflow.objects.filter(identifier=name).first()
        if workflow is None:
            first = {"name_ru": name, "payload_schema": schema, **fields}
            workflow = Workflow.objects.create(tenant=salon, identifier=name, **first)
        else:
            workflow.steps.all().delete()
        Step.objects.bulk_create(
            _step(workflow, position, *step) for position, step in enumerate(steps)
        )
        publish_workflow(workflow)
        return workflow


def _step(workflow, position, key, kind, settings, more=()) -> Step:
    given = dict(more)
    if body := given.pop("body", ""):
        given["template"] = text(workflow.tenant, f"{workflow.identifier}-{key}", body)
    return Step(
        tenant=workflow.tenant,
        workflow=workflow,
        position=position,
        key=key,
        kind=kind,
        settings=settings,
        **given,
    )


def text(salon, key, body) -> MessageTemplate:
    """Publish a text, with buttons where it asks; call inside the salon's scope."""
    template = MessageTemplate.objects.filter(key=key).first()
    if template is None:
        buttons = BUTTONS if body.endswith("?") else []
        template = MessageTemplate(
            tenant=salon, key=key, name=key, body_ru=body, buttons_ru=buttons
        )
        published = Published()
        published.add_template(template)
        published.write()
    return template


def refusals_of(salon, *steps, **fields) -> list[tuple[str, str]]:
    """Say what keeps steps from being published: fields and codes."""
    try:
        publish_flow(salon, "refused", *steps, **fields)
    except PublishRefused as refused:
        return [(one.field, one.code) for one in refused.problems]
    return []


def log_of(line, *statuses) -> list[tuple[int, str, str]]:
    """Give the log's lines: position of the step, status, reason."""
    found = [(one.step, one.status, one.reason) for one in line.all(LogEntry)]
    return [one for one in found if not statuses or one[1] in statuses]


def sms(body, key="sms", **settings):
    """Give a step that sends by SMS."""
    return (key, "sms", settings, {"channels": ["sms"], "body": body})


def chat(body, key="chat", **settings):
    """Give a step that sends to Telegram."""
    return (key, "chat", settings, {"channels": ["telegram"], "body": body})


def press(line, message, action, address="551234567") -> None:
    """Let the client press a button of a message."""
    event = InboundEvent(
        key=str(uuid7()),
        kind="button",
        address=address,
        value=action,
        message_id=str(message.pk),
    )
    with tenant_scope(line.salon.pk):
        inbound.apply(line.salon.pk, [Received(uuid7(), message.integration_id, event)])
