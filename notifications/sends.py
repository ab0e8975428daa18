"""What may one call of `/v1/notifications/send` say? Read it into a trigger, or name what is wrong.

A send names a workflow, or a template that one workflow sends, and gives its payload. Or it is
direct: the words themselves with channel and category. A direct send runs the workflow of the pack
`direct` for that channel and category, so gates, log, queues and limits are those of any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from notifications import configs
from notifications.bare_addresses import Addressees
from notifications.commands import Command, read_command
from notifications.models import Step
from notifications.packs import load_pack
from notifications.seeding import seed
from tenants.auth import Caller
from tenants.errors import InvalidFields
from tenants.people import Errors

CHANNELS = ("email", "sms", "chat", "push")
SUFFIX = {"tx": "", "mk": "-marketing"}  # of the direct workflow's identifier, by category
PACK = "direct"
MOST_TEXT, MOST_TITLE, MOST_URL = 10_000, 300, 2_000  # characters
_TAGS = re.compile(r"\{\{|\{%")
_WEB = re.compile(r"https?://\S+")
_SHARED = ("transactionId", "delay", "scheduledAt", "scheduled_at", "expiresAt", "expires_at")
_WHERE = ("location", "actor")
_NAMES = {"overrides.priority": "priority"}  # a trigger's field -> what it is called here


def read_sends(
    caller: Caller, bodies: Sequence[Any], now: datetime
) -> tuple[Caller, list[Command | InvalidFields]]:
    """Read sends in their order; call inside the caller's scope.

    Returns the caller as accept needs it: a first direct send copies the pack into the salon.
    A send is {"name", "to", "payload"?} or {"channel", "to", "text", "title"?, "category"?}, with
    priority, delay or scheduledAt, expiresAt, transactionId, actionUrl, actionText, location.
    """
    objects = [body for body in bodies if isinstance(body, dict)]
    direct = [body for body in objects if "channel" in body]
    if direct:
        caller = _with_direct(caller)
    people = Addressees.of(caller, [body.get("to") for body in direct])
    names = _workflows(caller, {str(body.get("name")) for body in objects if "name" in body})
    return caller, [_read(body, names, people, now) for body in bodies]


def read_send(caller: Caller, body: Mapping[str, Any], now: datetime) -> tuple[Caller, Command]:
    """Read one send; raises InvalidFields with every wrong field."""
    caller, [found] = read_sends(caller, [body], now)
    if isinstance(found, InvalidFields):
        raise found
    return caller, found


def _with_direct(caller: Caller) -> Caller:
    """Make sure that the salon has the direct workflows."""
    salon = configs.salons_at({caller.tenant_id: caller.config_version})[caller.tenant_id]
    if all(one.identifier in salon.workflows for one in load_pack(PACK).workflows):
        return caller
    seed(caller.tenant_id, PACK)
    return configs.as_of_now(caller)


def _workflows(caller: Caller, names: set[str]) -> dict[str, str | InvalidFields]:
    """Find for each name its workflow; a template stands for the one active workflow sending it."""
    salon = configs.salons_at({caller.tenant_id: caller.config_version})[caller.tenant_id]
    found: dict[str, str | InvalidFields] = {n: n for n in names & salon.workflows.keys()}
    unknown = names - found.keys()
    if unknown:
        senders = _senders(caller.tenant_id, unknown)
        found |= {name: _only(name, senders.get(name, set())) for name in unknown}
    return found


def _senders(tenant_id: UUID, keys: set[str]) -> dict[str, set[str]]:
    steps = Step.objects.filter(
        tenant_id=tenant_id,
        template__key__in=keys,
        workflow__is_active=True,
        workflow__published__isnull=False,
    )
    found: dict[str, set[str]] = {}
    for key, identifier in steps.values_list("template__key", "workflow__identifier"):
        found.setdefault(key, set()).add(identifier)
    return found


def _only(name: str, workflows: set[str]) -> str | InvalidFields:
    if len(workflows) == 1:
        return next(iter(workflows))
    what = "is sent by several workflows: name one" if workflows else "is no workflow, no template"
    return InvalidFields(f"{name!r} {what}.", errors={"name": [f"name: {name!r} {what}"]})


def _read(
    body: Any,
    names: Mapping[str, str | InvalidFields],
    people: Addressees,
    now: datetime,
) -> Command | InvalidFields:
    if not isinstance(body, dict):
        return InvalidFields("A message must be an object.")
    errors: Errors = {}
    event = _direct(body, people, errors) if "channel" in body else _named(body, names, errors)
    event |= {word: body[word] for word in (*_SHARED, *_WHERE) if word in body}
    if body.get("priority") is not None:
        event["overrides"] = {**_mapping(event.get("overrides")), "priority": body["priority"]}
    try:
        command = read_command(event, now)
    except InvalidFields as refused:
        errors = {_NAMES.get(name, name): said for name, said in refused.errors.items()} | errors
    if not errors:
        return command
    refusal = InvalidFields(next(iter(errors.values()))[0] + ".", errors=errors)
    refusal.ctx["transactionId"] = body.get("transactionId")
    return refusal


def _named(
    body: Mapping[str, Any], names: Mapping[str, str | InvalidFields], errors: Errors
) -> dict[str, Any]:
    name = body.get("name")
    workflow = names.get(str(name)) if isinstance(name, str) else None
    if isinstance(workflow, InvalidFields):
        errors.update(workflow.errors)
    elif workflow is None:
        errors["name"] = ["name must be a workflow or a template, or give channel and text"]
    payload = body.get("payload")
    if isinstance(payload, dict):
        payload = payload | _action(body, errors)
    elif payload is None:
        payload = _action(body, errors)
    return {
        "name": workflow if isinstance(workflow, str) else "unknown",
        "to": body.get("to"),
        "payload": payload,
        "overrides": body.get("overrides"),
    }


def _direct(body: Mapping[str, Any], people: Addressees, errors: Errors) -> dict[str, Any]:
    channel, category = body.get("channel"), body.get("category", "tx")
    if channel not in CHANNELS:
        errors["channel"] = [f"channel must be one of {', '.join(CHANNELS)}"]
    if category not in SUFFIX:
        errors["category"] = ["category must be tx (transactional) or mk (marketing)"]
    for word in ("name", "payload"):
        if word in body:
            errors[word] = [f"{word} belongs to a workflow; a direct message has channel and text"]
    title = _words(body, "title", MOST_TITLE, errors, is_needed=channel == "email")
    text = _words(body, "text", MOST_TEXT, errors, is_needed=True)
    to = people.named(body.get("to"), str(category), errors)
    return {
        "name": f"{PACK}-{channel}{SUFFIX.get(str(category), '')}",
        "to": to,
        "payload": {"text": text, "title": title, **_action(body, errors)},
    }


def _words(
    body: Mapping[str, Any], name: str, most: int, errors: Errors, *, is_needed: bool
) -> str:
    """Read words that are sent as they are: a variable in them would reach the client unfilled."""
    value = body.get(name)
    if value is None and not is_needed:
        return ""
    if not isinstance(value, str) or len(value) > most or (is_needed and not value.strip()):
        errors[name] = [f"{name} must be a text of 1 to {most} characters"]
        return ""
    if _TAGS.search(value):
        rule = "is sent as it is: variables belong into a template of a workflow"
        errors[name] = [f"{name} {rule}"]
    return value


def _action(body: Mapping[str, Any], errors: Errors) -> dict[str, str]:
    """Read the button; templates see it as actionUrl and actionText."""
    url, words = body.get("actionUrl"), body.get("actionText")
    if url and not (isinstance(url, str) and len(url) <= MOST_URL and _WEB.fullmatch(url)):
        errors["actionUrl"] = ["actionUrl must be an address that begins with https:// or http://"]
    if words and not (isinstance(words, str) and len(words) <= MOST_TITLE):
        errors["actionText"] = [f"actionText must be a text of at most {MOST_TITLE} characters"]
    return {name: value for name, value in (("actionUrl", url), ("actionText", words)) if value}


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
