"""How does a text become a template that WhatsApp has approved: submitted, looked after, replaced.

1. A salon writes a draft; `submit` numbers its variables and hands it in under a name of its own.
2. `sync` asks Meta what became of the account's templates: by hand, or by the clock (`tick`);
   `take` hears it from Meta's own callbacks, sooner.
3. What is approved runs from then on; until then the text before it does.
A text that Meta pauses or switches off runs no longer: the next channel takes over.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Q

from channels.adapters import whatsapp_templates as meta
from channels.errors import DeliveryError
from channels.guard import AddressGuard
from channels.integrations import find_integration
from channels.models import Integration, WhatsAppTemplate
from channels.probing import patiently
from channels.request import HttpRequest, HttpResponse
from channels.routing import routed
from channels.secrets import decrypt
from channels.transport import call
from tenants.errors import InvalidFields, NotFound
from tenants.scope import support_scope, tenant_scope

PROVIDER = "whatsapp_cloud"
MOST_PAGES = 60  # Meta keeps at most 6,000 templates per account
BUDGET_S = 300.0  # of the tick's ten minutes; one account alone may take long
RUNNING_EVERY = timedelta(days=1)  # Meta pauses what clients dislike
State = WhatsAppTemplate.State
log = logging.getLogger(__name__)
Known = Mapping[tuple[str, str], meta.Known]  # by name and language


def submit(tenant_id: UUID, template_id: UUID, now: datetime) -> WhatsAppTemplate:
    """Hand a draft in; raises NotFound, InvalidFields, and the DeliveryError of a refusal.

    The approved text, if there is one, goes on running.
    """
    row = _row(tenant_id, template_id)
    credentials = _credentials(find_integration(tenant_id, row.integration_id))
    written = _written(row)
    number = row.number + 1
    name = f"{row.name}_{number}"
    request = meta.template_submit(
        credentials,
        name=name,
        language=row.language,
        category=row.category,
        components=written["components"],
    )
    answer = meta.read_submitted(_call(request, credentials), name, row.language)
    changes: dict[str, Any] = {
        "number": number,
        "submitted_name": name,
        "submitted": written,
        "provider_id": answer.id,
        "state": State.PENDING,
        "reason": "",
    }
    with tenant_scope(tenant_id):
        found = WhatsAppTemplate.objects.filter(tenant_id=tenant_id, pk=template_id)
        found.update(**changes)
        row.refresh_from_db()
        _apply(row, {(name, row.language): answer}, now)
    return row


def sync(tenant_id: UUID, integration_id: UUID, now: datetime) -> int:
    """Ask Meta for the account's templates and write down what became of ours; how many changed.

    Raises NotFound, InvalidFields, DeliveryError.
    """
    credentials = _credentials(find_integration(tenant_id, integration_id))
    known = {(one.name, one.language): one for one in _all(credentials)}
    with tenant_scope(tenant_id):
        rows = WhatsAppTemplate.objects.select_for_update().filter(
            tenant_id=tenant_id, integration_id=integration_id
        )
        return sum(_apply(row, known, now) for row in rows.order_by("pk"))


def sync_all(tenant_id: UUID, now: datetime) -> int:
    """Sync every WhatsApp account of a salon."""
    with tenant_scope(tenant_id):
        accounts = Integration.objects.filter(tenant_id=tenant_id, provider=PROVIDER)
        ids = list(accounts.values_list("pk", flat=True))
    return sum(sync(tenant_id, key, now) for key in ids)


def take(
    tenant_id: UUID, integration_id: UUID, told: Sequence[meta.Known], now: datetime
) -> set[str]:
    """Write down what Meta tells by itself, in order; return the names that are ours.

    Call inside the tenant's scope.
    """
    known = [one for one in told if one.name]
    names = {one.name for one in known}
    ours: set[str] = set()
    for row in (
        WhatsAppTemplate.objects.select_for_update()
        .filter(tenant_id=tenant_id, integration_id=integration_id)
        .filter(Q(submitted_name__in=names) | Q(approved_name__in=names))
        .order_by("pk")
    ):
        ours |= {row.submitted_name, row.approved_name}
        for one in known:
            _apply(row, {(one.name, one.language): one}, now)
    return ours & names


def tick() -> dict[str, int]:
    """Ask about texts that wait for approval, and once a day about those that run (a tick)."""
    now = datetime.now(UTC)
    waits = Q(state=State.PENDING)
    runs = Q(is_running=True) & Q(synced_at__lt=now - RUNNING_EVERY)
    with support_scope("WhatsApp templates of all salons"):
        rows = WhatsAppTemplate.objects.filter(waits | runs)
        accounts = set(rows.values_list("tenant_id", "integration_id"))
    changed = failed = 0
    deadline = time.monotonic() + BUDGET_S
    # In no order, so that no slow account always stands before the same others.
    for tenant_id, integration_id in random.sample(sorted(accounts), len(accounts)):
        if time.monotonic() >= deadline:
            break
        try:
            changed += sync(tenant_id, integration_id, now)
        except (DeliveryError, InvalidFields, NotFound, ImproperlyConfigured) as refused:
            failed += 1
            log.warning(
                "WhatsApp templates were not synced",
                extra={"integration": str(integration_id), "reason": type(refused).__name__},
            )
    return {"accounts": len(accounts), "changed": changed, "failed": failed}


def problems(row: WhatsAppTemplate) -> dict[str, str]:
    """Say by field what Meta would refuse in a draft."""
    try:
        meta.compose(_draft(row))
    except meta.BadDraft as bad:
        return bad.fields
    return {}


def _apply(
    row: WhatsAppTemplate, known: Mapping[tuple[str, str], meta.Known], now: datetime
) -> bool:
    """Write down what Meta says of the submitted text and of the running one."""
    before = (row.state, row.is_running, row.approved_name, row.reason, row.category)
    submitted = known.get((row.submitted_name, row.language))
    if submitted is not None and submitted.state:
        row.state, row.reason = submitted.state, submitted.reason[:200]
        if submitted.state == State.APPROVED:
            row.approved_name, row.approved = row.submitted_name, row.submitted
    running = known.get((row.approved_name, row.language))
    if one := submitted or running:
        _move(row, one.category)
    if running is not None and running.state:
        row.is_running = running.state == State.APPROVED
    row.synced_at = now
    row.save(
        update_fields=[
            *("state", "reason", "category", "approved_name", "approved"),
            *("is_running", "synced_at"),
        ]
    )
    return before != (row.state, row.is_running, row.approved_name, row.reason, row.category)


def _move(row: WhatsAppTemplate, category: str) -> None:
    """Take Meta's category: another one has another price, and other limits per client."""
    if category in WhatsAppTemplate.Category.values and category != row.category:
        words = {"integration": str(row.integration_id), "template": row.name, "category": category}
        log.warning("WhatsApp moved a template to another category", extra=words)
        row.category = category


def _all(credentials: Mapping[str, str]) -> Iterator[meta.Known]:
    after = ""
    for _ in range(MOST_PAGES):
        response = _call(meta.template_list(credentials, after), credentials)
        found, after = meta.read_list(response)
        yield from found
        if not after:
            return


def _call(request: HttpRequest, credentials: Mapping[str, str]) -> HttpResponse:
    patiently()
    guard = AddressGuard(tuple(settings.ALLOWED_PRIVATE_TARGETS))
    return call(routed(request, credentials), guard)


def _credentials(integration: Integration) -> dict[str, str]:
    credentials = decrypt(integration.credentials)
    if integration.provider != PROVIDER or not credentials.get("business_account_id"):
        raise InvalidFields(
            "Templates need a WhatsApp account with the id of its business account.",
            errors={"integration": ["needs business_account_id"]},
        )
    return credentials


def _written(row: WhatsAppTemplate) -> dict[str, Any]:
    try:
        return meta.compose(_draft(row))
    except meta.BadDraft as bad:
        errors = {name: [words] for name, words in bad.fields.items()}
        raise InvalidFields(f"WhatsApp would refuse it: {bad}.", errors=errors) from bad


def _draft(row: WhatsAppTemplate) -> meta.Draft:
    return meta.Draft(row.body, row.header, row.footer, row.buttons or (), row.examples)


def _row(tenant_id: UUID, template_id: UUID) -> WhatsAppTemplate:
    with tenant_scope(tenant_id):
        rows = WhatsAppTemplate.objects.filter(tenant_id=tenant_id, pk=template_id)
        row: WhatsAppTemplate | None = rows.first()
    if row is None:
        raise NotFound("There is no such WhatsApp template.")
    return row
