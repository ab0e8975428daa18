"""Who may not be advertised to? One query for the marketing of a batch, none for anything else.

A second one where somebody of the batch ever said no.
"""

from __future__ import annotations

from notifications.loading import Work
from notifications.outcomes import Result, Skip
from tenants.consents import ever_said_no, withdrawn

SILENT_KINDS = frozenset({"delay"})  # steps that say nothing to anybody


def keep_consented(works: list[Work]) -> tuple[list[Work], list[Result]]:
    """Close to each message the kinds of address whose consent is withdrawn.

    Returns the works that may go on, and the skipped ones: all their addresses are closed.
    """
    marketing = [work for work in works if work.task.category == "mk"]
    if not marketing:
        return works, []
    doubtful = ever_said_no(
        [work.task.tenant_id for work in marketing], [work.person.id for work in marketing]
    )
    if not doubtful:
        return works, []
    asked = {id(work): _kinds(work) for work in marketing if work.person.id in doubtful}
    refused = withdrawn(
        {
            (work.task.tenant_id, work.person.id, kind)
            for work in works
            for kind in asked.get(id(work), ())
        }
    )
    if not refused:
        return works, []
    open_works: list[Work] = []
    skipped: list[Result] = []
    for work in works:
        kinds = asked.get(id(work), frozenset())
        closed = {k for k in kinds if (work.task.tenant_id, work.person.id, k) in refused}
        if closed and closed == kinds:
            skipped.append(Result(work.task, Skip("consent_withdrawn")))
        else:
            work.failed |= closed
            open_works.append(work)
    return open_works, skipped


def _kinds(work: Work) -> frozenset[str]:
    """Name the kinds of address that the step may write to."""
    if work.step is None or work.step.kind in SILENT_KINDS:
        return frozenset()
    if work.step.kind == "in_app":
        return frozenset({"in_app"})
    words = {"url"} if "webhook" in work.step.channels else set()
    return frozenset({a.kind for a in work.person.addresses if a.state == "active"} | words)
