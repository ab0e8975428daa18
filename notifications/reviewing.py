"""Who may publish a draft? Anybody, or, where a salon wants four eyes, who has not written it.

1. Every change notes who made it, and takes the draft out of review: what was looked at is what
   is published.
2. Whoever is through sends it for review.
3. Somebody else, who has changed nothing of it, publishes it or sends it back.
Callers stand in the tenant's scope; the rules bind while Tenant.four_eyes is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from notifications.models import MessageTemplate, TemplateVersion, Workflow, WorkflowVersion
from notifications.refusals import Refusal
from tenants.models import Tenant, User

FIELD = "review"  # where the refusals point: at no field of the draft
Version = TemplateVersion | WorkflowVersion


def wants_review(tenant_id: object) -> bool:
    """Tell whether the salon's drafts are looked at by a second person."""
    return bool(Tenant.objects.filter(pk=tenant_id, four_eyes=True).exists())


def note_edit(draft: MessageTemplate | Workflow, by: User | None, now: datetime) -> None:
    """Note who changes a draft; by: None for software. Call before the row is saved."""
    kept = _locked(draft)
    editors = {*kept.editors, *([by.pk] if by else [])}
    _write(draft, editors=sorted(editors), edited_at=now, submitted_at=None, submitted_by=None)


def refresh(draft: MessageTemplate | Workflow) -> None:
    """Take what is noted of the draft from the database; lock it until the transaction ends."""
    kept = _locked(draft)
    for name in ("editors", "edited_at", "submitted_at", "submitted_by"):
        setattr(draft, name, getattr(kept, name))


def submit(draft: MessageTemplate | Workflow, by: User | None, now: datetime) -> None:
    """Send a draft for review."""
    _locked(draft)
    _write(draft, submitted_at=now, submitted_by=by)


def send_back(draft: MessageTemplate | Workflow) -> None:
    """Give a draft back to its authors."""
    _locked(draft)
    _write(draft, submitted_at=None, submitted_by=None)


def release(draft: MessageTemplate | Workflow, version: Version) -> None:
    """Point the draft at what now runs, and forget who waited for it."""
    _write(
        draft, published=version, editors=[], edited_at=None, submitted_at=None, submitted_by=None
    )


def review_problems(draft: MessageTemplate | Workflow, by: User | None) -> Sequence[Refusal]:
    """Say why this person may not publish this draft; read from a locked row."""
    if not wants_review(draft.tenant_id):
        return ()
    if by is None:
        return (Refusal("four_eyes_nobody", FIELD, "a person publishes here, in the admin"),)
    if by.pk in draft.editors or by.pk == draft.submitted_by_id:
        message = "you wrote this draft: somebody else must look at it and publish it"
        return (Refusal("four_eyes_own", FIELD, message),)
    if draft.submitted_at is None:
        return (Refusal("four_eyes_unsent", FIELD, "send the draft for review first"),)
    return ()


def _locked(draft: MessageTemplate | Workflow) -> MessageTemplate | Workflow:
    row: MessageTemplate | Workflow = type(draft).objects.select_for_update().get(pk=draft.pk)
    return row


def _write(draft: MessageTemplate | Workflow, **values: object) -> None:
    type(draft).objects.filter(pk=draft.pk).update(**values)
    for name, value in values.items():
        setattr(draft, name, value)
