"""Notify from Django code that lives beside Kolokol: the same trigger without HTTP.

Both verbs run inside the current tenant's scope and its transaction: what they accept is sent when
the caller's own work commits, and vanishes with it when it does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from notifications.commands import MOST_RECIPIENTS, Command, read_command
from notifications.models import Step, Workflow
from notifications.trigger import Acceptance, accept, accept_many
from tenants import rows
from tenants.auth import Caller, Mode
from tenants.errors import InvalidFields
from tenants.scope import OutsideScope, current

NO_KEY = UUID(int=0)


def publish_notification(  # noqa: PLR0913 (the documented public signature)
    subscriber_id: str,
    template_or_workflow: str,
    variables: Mapping[str, Any] | None = None,
    *,
    priority: str | int | None = None,
    delay: float | timedelta | None = None,
    action_url: str = "",
    action_text: str = "",
    mode: Mode = "live",
    transaction_id: str = "",
) -> Acceptance:
    """Accept one notification for one subscriber; returns its transaction id.

    template_or_workflow: a workflow's identifier, or the key of a template that exactly one active
    workflow sends. variables: the payload; templates see action_url and action_text as actionUrl
    and actionText. priority: urgent, high, normal, low, or 1 to 10. delay: seconds or timedelta.
    Raises OutsideScope, InvalidFields, InvalidPayload.
    """
    caller = caller_here(mode)
    body = {
        "name": _workflow(caller.tenant_id, template_or_workflow),
        "to": subscriber_id,
        "payload": _payload(variables, action_url, action_text),
        **_options(priority, delay),
        **({"transactionId": transaction_id} if transaction_id else {}),
    }
    now = datetime.now(UTC)
    return accept(caller, read_command(body, now), now)


def publish_batch(  # noqa: PLR0913 (the documented public signature)
    subscriber_ids: Sequence[str],
    template_or_workflow: str,
    variables: Mapping[str, Any] | None = None,
    *,
    priority: str | int | None = None,
    delay: float | timedelta | None = None,
    action_url: str = "",
    action_text: str = "",
    mode: Mode = "live",
) -> list[Acceptance]:
    """Accept the same notification for many subscribers, each once; one event per 100 of them.

    All or nothing: raises as publish_notification does, and then nothing is accepted.
    """
    caller = caller_here(mode)
    common = {
        "name": _workflow(caller.tenant_id, template_or_workflow),
        "payload": _payload(variables, action_url, action_text),
        **_options(priority, delay),
    }
    people = list(dict.fromkeys(subscriber_ids))
    now = datetime.now(UTC)
    commands: list[Command] = [
        read_command({**common, "to": people[at : at + MOST_RECIPIENTS]}, now)
        for at in range(0, len(people), MOST_RECIPIENTS)
    ]
    if not commands:
        return []
    first = accept(caller, commands[0], now)  # raises what accept_many would only report
    return [first, *accept_many(caller, commands[1:], now)]


def caller_here(mode: Mode) -> Caller:
    """Give the salon of the open scope as a caller; raises OutsideScope."""
    scope = current()
    if scope is None or scope.kind != "tenant":
        raise OutsideScope("publish inside tenant_scope(): the salon is taken from it")
    (tenant_id,) = scope.tenants
    found = rows.fetch("select slug, config_version from tenants_tenant where id = %s", [tenant_id])
    if not found:
        raise OutsideScope("the open scope is of a salon that does not exist")
    slug, version = found[0]
    return Caller(tenant_id, NO_KEY, mode, (), slug, version, is_platform=False)


def _workflow(tenant_id: UUID, name: str) -> str:
    """Name the workflow; a template stands for the one active workflow that sends it."""
    if Workflow.objects.filter(tenant_id=tenant_id, identifier=name).exists():
        return name
    steps = Step.objects.filter(
        tenant_id=tenant_id,
        template__key=name,
        workflow__is_active=True,
        workflow__published__isnull=False,
    )
    found: set[str] = set(steps.values_list("workflow__identifier", flat=True))
    if len(found) == 1:
        return found.pop()
    rule = "is sent by several workflows: name one" if found else "is no workflow and no template"
    raise InvalidFields(f"{name!r} {rule}.", errors={"name": [f"{name!r} {rule}"]})


def _payload(variables: Mapping[str, Any] | None, url: str, text: str) -> dict[str, Any]:
    action = {"actionUrl": url, "actionText": text}
    return {**(variables or {}), **{name: value for name, value in action.items() if value}}


def _options(priority: str | int | None, delay: float | timedelta | None) -> dict[str, Any]:
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    return {
        **({} if priority is None else {"overrides": {"priority": priority}}),
        **({} if seconds is None else {"delay": seconds}),
    }
