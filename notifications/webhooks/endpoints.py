"""How are a salon's endpoints added, changed, tested and told again? Verbs of API and admin.

Everything here runs in the tenant's scope.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from channels.fields import is_address
from channels.guard import AddressGuard
from channels.secrets import decrypt, encrypt
from notifications.models import WebhookDelivery, WebhookEndpoint
from notifications.news import NAMES
from notifications.sql import webhooks as sql
from notifications.webhooks import alarm
from notifications.webhooks.outbox import Line, event_body, write_lines
from notifications.webhooks.signing import new_secret
from notifications.webhooks.waking import ask_for_job
from tenants import rows
from tenants.errors import Conflict, InvalidFields
from tenants.ids import floor_id, uuid7

log = logging.getLogger(__name__)

MOST_ENDPOINTS = 20  # of a salon and mode: each event is written once for each
MOST_AGAIN = 10_000  # deliveries that one call sends again
OVERLAP = timedelta(hours=24)  # how long the old secret signs beside the new one
TEST_EVENT = "webhook.test"
LONGEST_URL, LONGEST_TEXT = 1000, 200

Off = WebhookEndpoint.Off


def faults(values: Mapping[str, Any]) -> dict[str, str]:
    """Say what is wrong with the fields that are given: field -> a rule, in English."""
    given = {name: check(values[name]) for name, check in FIELDS.items() if name in values}
    return {name: rule for name, rule in given.items() if rule}


def add_endpoint(
    tenant_id: UUID, mode: str, values: Mapping[str, Any]
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint; return it with its secret, which nothing shows again.

    values: fields by their names on the wire, at least url. Raises InvalidFields, and Conflict
    when there are as many as there may be, or one of this address.
    """
    _refuse({"url": "", **values})
    others = WebhookEndpoint.objects.filter(tenant_id=tenant_id, mode=mode)
    if others.count() >= MOST_ENDPOINTS:
        raise Conflict(f"There may be {MOST_ENDPOINTS} webhooks in each mode: delete one first.")
    _refuse_twice(others, values["url"])
    secret = new_secret()
    endpoint: WebhookEndpoint = WebhookEndpoint.objects.create(
        tenant_id=tenant_id,
        mode=mode,
        url=values["url"],
        description=values.get("description", ""),
        events=sorted(set(values.get("events", ()))),
        is_enabled=values.get("enabled", True),
        secrets=encrypt({"current": secret}),
    )
    return endpoint, secret


def change_endpoint(endpoint: WebhookEndpoint, values: Mapping[str, Any]) -> None:
    """Change what is given, by the names on the wire; raises InvalidFields and Conflict.

    Switching on forgets why it was off; what failed meanwhile is sent again only when asked for.
    """
    _refuse(values)
    mine = WebhookEndpoint.objects.filter(tenant_id=endpoint.tenant_id, pk=endpoint.pk)
    changes = {name: values[name] for name in ("url", "description") if name in values}
    if "events" in values:
        changes["events"] = sorted(set(values["events"]))
    if "url" in changes:
        others = WebhookEndpoint.objects.filter(tenant_id=endpoint.tenant_id, mode=endpoint.mode)
        _refuse_twice(others.exclude(pk=endpoint.pk), changes["url"])
        # what the old address did says nothing of the new one
        mine.exclude(url=changes["url"]).update(failing_since=None, not_before=None)
    if changes:
        mine.update(**changes)
    if "enabled" in values:
        if values["enabled"]:
            switch_on(endpoint)
        else:
            switch_off(endpoint.tenant_id, endpoint.pk, Off.BY_HAND)
    endpoint.refresh_from_db()


def delete_endpoint(endpoint: WebhookEndpoint) -> None:
    """Delete an endpoint; what it was told goes with retention."""
    rows.run(sql.GIVE_UP, [endpoint.tenant_id, endpoint.pk])
    endpoint.delete()


def switch_off(tenant_id: UUID, endpoint_id: UUID, reason: Off) -> None:
    """Tell an endpoint nothing more; what is under way counts as failed."""
    mine = WebhookEndpoint.objects.filter(tenant_id=tenant_id, pk=endpoint_id)
    if not mine.filter(is_enabled=True).update(is_enabled=False, disabled_reason=reason):
        return
    rows.run(sql.GIVE_UP, [tenant_id, endpoint_id])
    log.info("a webhook was switched off", extra={"webhook": str(endpoint_id), "why": reason})
    if reason != Off.BY_HAND:
        alarm.raise_alarm(mine.get())


def switch_on(endpoint: WebhookEndpoint) -> None:
    """Tell an endpoint of what happens from now on."""
    WebhookEndpoint.objects.filter(
        tenant_id=endpoint.tenant_id, pk=endpoint.pk, is_enabled=False
    ).update(is_enabled=True, disabled_reason="", failing_since=None, not_before=None)


def rotate_secret(endpoint: WebhookEndpoint, now: datetime) -> str:
    """Give a new secret and return it; for a day the old one signs, too."""
    secret = new_secret()
    row: WebhookEndpoint = WebhookEndpoint.objects.select_for_update().get(
        tenant_id=endpoint.tenant_id, pk=endpoint.pk
    )
    row.secrets = encrypt({"current": secret, "previous": decrypt(row.secrets)["current"]})
    row.previous_until = now + OVERLAP
    row.save(update_fields=["secrets", "previous_until"])
    endpoint.previous_until = row.previous_until
    return secret


def valid_secrets(endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """List what signs now, the newest first; raises ImproperlyConfigured when no key fits."""
    kept = decrypt(endpoint.secrets)
    is_overlap = endpoint.previous_until is not None and now < endpoint.previous_until
    return [kept["current"], *([kept["previous"]] if is_overlap and "previous" in kept else [])]


def send_test(endpoint: WebhookEndpoint) -> WebhookDelivery:
    """Tell this endpoint of nothing, to see whether it listens; raises Conflict when it is off."""
    _require_on(endpoint)
    data = {"webhookId": str(endpoint.pk), "mode": endpoint.mode}
    body = event_body(TEST_EVENT, data, datetime.now(UTC))
    line = Line(endpoint.tenant_id, endpoint.pk, uuid7(), TEST_EVENT, body)
    made: WebhookDelivery = WebhookDelivery.objects.get(
        tenant_id=endpoint.tenant_id, pk=write_lines([line])[0]
    )
    return made


def resend(endpoint: WebhookEndpoint, delivery: WebhookDelivery) -> None:
    """Send one again, under its webhook-id; one that is being sent now is sent once more."""
    _require_on(endpoint)
    WebhookDelivery.objects.filter(tenant_id=endpoint.tenant_id, pk=delivery.pk).update(
        state=WebhookDelivery.State.PENDING, due_at=datetime.now(UTC), attempts=0, lease=None
    )
    transaction.on_commit(ask_for_job)


def resend_failed(endpoint: WebhookEndpoint, since: datetime) -> int:
    """Send again what was written since then and failed, the oldest first; return how many.

    At most MOST_AGAIN at once: ask again for the rest.
    """
    _require_on(endpoint)
    values = {
        "tenant": endpoint.tenant_id,
        "endpoint": endpoint.pk,
        "since": floor_id(since),
        "most": MOST_AGAIN,
    }
    count = rows.run(sql.AGAIN, values)
    if count:
        transaction.on_commit(ask_for_job)
    return count


def _require_on(endpoint: WebhookEndpoint) -> None:
    if not endpoint.is_enabled:
        raise Conflict("This webhook is switched off: switch it on first.")


def _refuse(values: Mapping[str, Any]) -> None:
    if found := faults(values):
        errors = {field: [f"{field} {rule}"] for field, rule in found.items()}
        raise InvalidFields(f"{next(iter(errors.values()))[0]}.", errors=errors)


def _refuse_twice(others: Any, url: str) -> None:
    if others.filter(url=url).exists():
        raise Conflict("There is a webhook of this address already: change that one.")


def _url_fault(value: object) -> str:
    """Private addresses are refused at each call, when the name is resolved."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_URL:
        return f"must be an address of up to {LONGEST_URL} characters"
    trusts = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS)).trusts
    return is_address(value, may_be_plain=trusts)


def _description_fault(value: object) -> str:
    is_text = isinstance(value, str) and len(value) <= LONGEST_TEXT and "\0" not in value
    return "" if is_text else f"must be a text of up to {LONGEST_TEXT} characters"


def _events_fault(value: object) -> str:
    if not isinstance(value, list) or any(name not in NAMES for name in value):
        return f"must be a list, empty for all events, of: {', '.join(NAMES)}"
    return ""


def _enabled_fault(value: object) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


#: Field on the wire -> what is wrong with a value of it.
FIELDS: Mapping[str, Callable[[object], str]] = {
    "url": _url_fault,
    "description": _description_fault,
    "events": _events_fault,
    "enabled": _enabled_fault,
}
