"""Who may be advertised to? One query for the marketing of a batch, none for anything else.

A second one where somebody of the batch did not just say yes to everything.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from channels.kinds import CHANNEL_OF_ADDRESS
from notifications.definition import SILENT_KINDS
from notifications.loading import Work
from notifications.outcomes import Result, Skip
from notifications.steps.route import covers
from tenants.consents import NEVER_GIVEN, WITHDRAWN, doubtful, refusals

CHANNEL_WORDS: Final = frozenset(CHANNEL_OF_ADDRESS) | frozenset(CHANNEL_OF_ADDRESS.values())


def keep_consented(works: list[Work]) -> tuple[list[Work], list[Result]]:
    """Close to each message the kinds of address to which the client agreed to no advertising.

    Returns the works that may go on, and the skipped ones: all that they could reach is closed.
    """
    marketing = [work for work in works if work.task.category == "mk"]
    if not marketing:
        return works, []
    unsure = doubtful(
        [work.task.tenant_id for work in marketing], [work.person.id for work in marketing]
    )
    if not unsure:
        return works, []
    asked = {id(work): _kinds(work) for work in marketing if work.person.id in unsure}
    refused = refusals({_asked(work, kind) for work in works for kind in asked.get(id(work), ())})
    if not refused:
        return works, []
    open_works: list[Work] = []
    skipped: list[Result] = []
    for work in works:
        kinds = asked.get(id(work), frozenset())
        closed = {k: why for k in kinds if (why := refused.get(_asked(work, k)))}
        reached = _reached(work, kinds)
        if closed and reached <= closed.keys():
            told = {closed[kind] for kind in reached}
            reason = WITHDRAWN if WITHDRAWN in told else NEVER_GIVEN
            skipped.append(Result(work.task, Skip(reason)))
        else:
            work.failed |= frozenset(closed)
            open_works.append(work)
    return open_works, skipped


def _reached(work: Work, kinds: frozenset[str]) -> frozenset[str]:
    """Keep what the step's channels reach; one that names a provider may reach any kind."""
    words = work.step.channels if work.step else ()
    if not CHANNEL_WORDS.issuperset(words):
        return kinds
    return frozenset(kind for kind in kinds if any(covers(word, kind) for word in words)) or kinds


def _asked(work: Work, kind: str) -> tuple[UUID, UUID, str]:
    return work.task.tenant_id, work.person.id, kind


def _kinds(work: Work) -> frozenset[str]:
    """Name the kinds of address that the step may write to."""
    if work.step is None or work.step.kind in SILENT_KINDS or work.person.kind == "staff":
        return frozenset()  # staff get no marketing at all, which is said later
    if work.step.kind == "in_app":
        return frozenset({"in_app"})
    words = {"url"} if "webhook" in work.step.channels else set()
    return frozenset({a.kind for a in work.person.addresses if a.state == "active"} | words)
