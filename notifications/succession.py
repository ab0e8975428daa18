"""How does a draft that callers of today could not live with get out? Under a new identifier.

`order-confirmation` goes on as it was published; `order-confirmation-v2` says what the draft says.
Call inside the tenant's scope.
"""

from __future__ import annotations

import re

from notifications.models import Step, Workflow, WorkflowVersion
from notifications.publishing import publish_workflow, write_draft
from notifications.reviewing import release
from tenants.ids import uuid7
from tenants.models import User

_NUMBERED = re.compile(r"(.+)-v(\d+)")
COPIED = (
    *("tenant_id", "name_ru", "name_en", "description_ru", "description_en", "category"),
    *("priority", "is_critical", "expires_after_s", "payload_schema", "is_active"),
    *("editors", "edited_at", "submitted_at", "submitted_by_id"),
)


def publish_as_new(workflow: Workflow, by: User | None = None) -> Workflow:
    """Publish a draft under the next free identifier, give the old one its published state back.

    Raises PublishRefused, and then changes nothing if the caller rolls back.
    """
    draft = Workflow.objects.select_for_update().get(pk=workflow.pk)
    values = {name: getattr(draft, name) for name in COPIED}
    made: Workflow = Workflow.objects.create(identifier=next_identifier(draft), **values)
    steps = list(draft.steps.all())
    for step in steps:
        step.pk, step.workflow = uuid7(), made
    Step.objects.bulk_create(steps)
    publish_workflow(made, by)
    if draft.published_id:
        current = WorkflowVersion.objects.get(pk=draft.published_id)
        write_draft(draft, current.document)
        release(draft, current)
    return made


def next_identifier(draft: Workflow) -> str:
    """Give `order-confirmation-v2`, or the first number after it that is free."""
    found = _NUMBERED.fullmatch(draft.identifier)
    stem, number = (found[1], int(found[2])) if found else (draft.identifier, 1)
    taken = set(Workflow.objects.values_list("identifier", flat=True))
    while True:
        number += 1
        if (wanted := f"{stem}-v{number}") not in taken:
            return wanted
