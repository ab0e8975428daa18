"""Notify from Django code that lives beside Kolokol: the same trigger without HTTP.

All verbs run inside the current tenant's scope and its transaction: what they accept is sent when
the caller's own work commits, and vanishes with it when it does not.

    with tenant_scope(salon.pk):
        order.save()
        publish_notification("anna", "order-created", {"orderNumber": "1042"})
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder

from notifications.commands import MOST_RECIPIENTS, Command
from notifications.sends import read_send, read_sends
from notifications.trigger import Acceptance, accept, accept_many
from tenants import rows
from tenants.auth import Caller, Mode
from tenants.errors import InvalidFields
from tenants.scope import OutsideScope, current
from tenants.strict_json import parse

NO_KEY = UUID(int=0)
MOST_AT_ONCE = 10  # events of 100 recipients each that one statement writes


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
    workflow sends. variables: the payload, also with dates, decimals and lazy texts; templates see
    action_url and action_text as actionUrl and actionText. priority: urgent, high, normal, low, or
    1 to 10. delay: seconds or timedelta.
    transaction_id: the same one again changes nothing.
    Returns Acceptance(transaction_id="txn_8f2", status="processed", errors=()); a workflow that is
    switched off answers with the status trigger_not_active.
    Raises OutsideScope, BadRequest (what JSON cannot hold), InvalidFields, InvalidPayload; the
    `errors` of the last three name field and rule.
    """
    body = {
        "name": template_or_workflow,
        "to": subscriber_id,
        "payload": dict(variables or {}),
        **_shared(priority, delay, action_url, action_text),
        **({"transactionId": transaction_id} if transaction_id else {}),
    }
    return _publish(body, mode)


def publish_message(  # noqa: PLR0913 (the documented public signature)
    subscriber_id: str,
    channel: str,
    text: str,
    *,
    title: str = "",
    category: str = "tx",
    priority: str | int | None = None,
    delay: float | timedelta | None = None,
    action_url: str = "",
    action_text: str = "",
    mode: Mode = "live",
    transaction_id: str = "",
) -> Acceptance:
    """Accept words that are sent as they are, without a template; else as publish_notification.

    channel: email, sms, chat, push. title: an e-mail needs one. category: tx, or mk for marketing,
    which asks for consent, quiet hours and limits like any other marketing.
    """
    body = {
        "channel": channel,
        "to": subscriber_id,
        "text": text,
        "category": category,
        **({"title": title} if title else {}),
        **_shared(priority, delay, action_url, action_text),
        **({"transactionId": transaction_id} if transaction_id else {}),
    }
    return _publish(body, mode)


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

    Written in chunks of 1,000, however many they are. All or nothing: raises as
    publish_notification does, and then nothing is accepted.
    """
    caller, now = caller_here(mode), datetime.now(UTC)
    body = _as_called(
        {
            "name": template_or_workflow,
            "to": list(dict.fromkeys(subscriber_ids)),
            "payload": dict(variables or {}),
            **_shared(priority, delay, action_url, action_text),
        }
    )
    people = body["to"]
    slices = [people[at : at + MOST_RECIPIENTS] for at in range(0, len(people), MOST_RECIPIENTS)]
    caller, read = read_sends(caller, [{**body, "to": part} for part in slices], now)
    commands = [_good(one) for one in read]
    # The first raises what the others, alike but for their people, would only report.
    accepted = [accept(caller, one, now) for one in commands[:1]]
    for at in range(1, len(commands), MOST_AT_ONCE):
        accepted += accept_many(caller, commands[at : at + MOST_AT_ONCE], now)
    return accepted


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


def _publish(body: Mapping[str, Any], mode: Mode) -> Acceptance:
    now = datetime.now(UTC)
    caller, command = read_send(caller_here(mode), _as_called(body), now)
    return accept(caller, command, now)


def _as_called(body: Mapping[str, Any]) -> dict[str, Any]:
    """Say it as a call over HTTP would: dates, decimals, ids and lazy texts become JSON's own."""
    try:
        written = json.dumps(body, cls=DjangoJSONEncoder)
    except (TypeError, ValueError) as error:
        rule = f"variables cannot be written as JSON: {error}"
        raise InvalidFields(f"{rule}.", errors={"variables": [rule]}) from error
    return parse(written.encode())


def _good(read: Command | InvalidFields) -> Command:
    if isinstance(read, InvalidFields):
        raise read
    return read


def _shared(
    priority: str | int | None, delay: float | timedelta | None, url: str, text: str
) -> dict[str, Any]:
    seconds = delay.total_seconds() if isinstance(delay, timedelta) else delay
    given = {"priority": priority, "delay": seconds, "actionUrl": url, "actionText": text}
    return {name: value for name, value in given.items() if value is not None and value != ""}
