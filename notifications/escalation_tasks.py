"""The job behind cases: staff hear of new ones, clients get their answers, the desk gets both.

1. Ids of untold cases and unsent answers of all salons are read by the support role.
2. Each is told in a transaction of its own, by an ordinary trigger whose transaction id is the
   case's or the answer's own: a job that dies in between says nothing twice.
3. The salon's desk is visited (`notifications.desk_visits`), outside any transaction.
The texts are workflows of the pack "staff", the salon's own copies from then on.
"""

from __future__ import annotations

import contextlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

import redis

from notifications import desk_visits, dispatch
from notifications.commands import read_command
from notifications.escalation import page_of
from notifications.escalation_wake import FLAG
from notifications.models import CaseState, Cause, Escalation, EscalationLine, Workflow
from notifications.publish import caller_here
from notifications.seeding import seed
from notifications.story_reasons import REASONS
from notifications.trigger import Acceptance, accept
from notifications.webhooks import alarm
from tenants.auth import Mode
from tenants.bodies import iso
from tenants.errors import PlatformError
from tenants.models import Subscriber
from tenants.scope import support_scope, tenant_scope

log = logging.getLogger(__name__)

PACK, CASE, ANSWER, WEBHOOK = "staff", "staff-case", "staff-answer", "staff-webhook"
SLICE = 500
MOST_STAFF = 50
LONGEST_QUOTE = 300  # in an alert; the rest stands on the case's page
GIVEN_UP_AFTER: Final = timedelta(days=1)  # an answer that comes later helps nobody


def tell() -> dict[str, int]:
    """Tell of every case and send every answer that waits; returns counts (a job and a tick)."""
    with contextlib.suppress(redis.RedisError):
        dispatch.server().delete(FLAG)  # before looking, so that none is overlooked
    now = datetime.now(UTC)
    cases, answers = _open(now)
    for tenant_id in cases.keys() | answers.keys():
        with tenant_scope(tenant_id):
            ensure_scenarios(tenant_id)
    told = sum(_try(tenant, key, _tell_staff, now) for tenant, key in _pairs(cases))
    sent = sum(_try(tenant, key, _send_answer, now) for tenant, key in _pairs(answers))
    desk_visits.visit_all(desk_visits.with_news(now))
    return {"told": told, "answered": sent}


def ensure_scenarios(tenant_id: UUID) -> None:
    """Give the salon the workflows of its staff, unless it has them; call inside its scope."""
    wanted = (CASE, ANSWER, WEBHOOK)
    if Workflow.objects.filter(tenant_id=tenant_id, identifier__in=wanted).count() < len(wanted):
        seed(tenant_id, PACK)


def _open(now: datetime) -> tuple[Mapping[UUID, list[UUID]], Mapping[UUID, list[UUID]]]:
    with support_scope("cases of all salons are told by one job"):
        untold = Escalation.objects.filter(told_at=None).exclude(state=CaseState.CLOSED)
        unsent = EscalationLine.objects.filter(
            kind=EscalationLine.Kind.ANSWERED, transaction_id="", at__gt=now - GIVEN_UP_AFTER
        )
        return _grouped(untold), _grouped(unsent)


def _grouped(rows: Any) -> Mapping[UUID, list[UUID]]:
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for tenant_id, key in rows.order_by("pk").values_list("tenant_id", "pk")[:SLICE]:
        found[tenant_id].append(key)
    return found


def _pairs(grouped: Mapping[UUID, Iterable[UUID]]) -> list[tuple[UUID, UUID]]:
    return [(tenant, key) for tenant, keys in grouped.items() for key in keys]


def _try(tenant_id: UUID, key: UUID, tell_one: Any, now: datetime) -> int:
    """Tell one; a salon whose own workflow refuses it must not stop the others."""
    try:
        with tenant_scope(tenant_id):
            return int(tell_one(tenant_id, key, now))
    except PlatformError as refused:
        extra = {"tenant": str(tenant_id), "row": str(key), "error": refused.code}
        log.error("a case could not be told", extra=extra)
        return 0


def _tell_staff(tenant_id: UUID, case_id: UUID, now: datetime) -> bool:
    rows = Escalation.objects.select_for_update(skip_locked=True, of=("self",))
    case = rows.select_related("subscriber").filter(pk=case_id, told_at=None).first()
    if case is None:
        return False
    staff = Subscriber.objects.filter(tenant_id=tenant_id, mode=case.mode, kind="staff")
    people = list(staff.order_by("pk").values_list("subscriber_id", flat=True)[:MOST_STAFF])
    workflow, words = _words(case)
    if people and words:
        trigger(case, workflow, people, words, f"case_{case.pk.hex}_{case.repeats}")
    case.told_at = now
    case.save(update_fields=["told_at"])
    return True


def _words(case: Escalation) -> tuple[str, dict[str, Any]]:
    if case.cause == Cause.WEBHOOK_OFF and case.subject_type == alarm.SUBJECT:
        return WEBHOOK, alarm.what_to_say(UUID(case.subject_id))
    return CASE, _about(case)


def _about(case: Escalation) -> dict[str, Any]:
    russian, english = REASONS[case.cause]
    newest = case.lines.exclude(text="").order_by("-pk").first()
    is_hers = newest is not None and newest.kind == EscalationLine.Kind.WROTE
    client = case.subscriber
    name = f"{client.first_name} {client.last_name}".strip() if client else ""
    return {
        "reasonRu": russian,
        "reasonEn": english,
        "clientName": name or (client.subscriber_id if client else ""),
        "details": newest.text[:LONGEST_QUOTE] if newest is not None and is_hers else "",
        "deadline": iso(case.deadline_at),
        "caseUrl": page_of(case.pk),
    }


def _send_answer(tenant_id: UUID, line_id: UUID, now: datetime) -> bool:
    rows = EscalationLine.objects.select_for_update(skip_locked=True, of=("self",))
    line = rows.select_related("escalation__subscriber").filter(pk=line_id).first()
    if line is None or line.transaction_id:
        return False
    case = line.escalation
    person = case.subscriber.subscriber_id
    source = "desk" if line.desk_id else "answer"  # what came from there is not shown there again
    accepted = trigger(case, ANSWER, [person], {"text": line.text}, f"{source}_{line.pk.hex}")
    line.transaction_id = accepted.transaction_id
    line.save(update_fields=["transaction_id"])
    if accepted.status == "processed":
        return True
    # The salon has switched the workflow off: somebody must find another way.
    Escalation.objects.filter(pk=case.pk).update(state=CaseState.OPEN, told_at=None)
    return False


def trigger(
    case: Escalation, workflow: str, to: list[str], payload: dict[str, Any], transaction_id: str
) -> Acceptance:
    """Trigger in the case's mode; call inside the tenant's scope."""
    body = {"name": workflow, "to": to, "payload": payload, "transactionId": transaction_id}
    if case.channel and workflow == ANSWER:
        body["overrides"] = {"channel": case.channel}
    now = datetime.now(UTC)
    return accept(caller_here(cast("Mode", case.mode)), read_command(body, now), now)
