"""Which waiting lines need wait no longer? Those for whose answer or failure they waited.

Callers stand in the tenant's scope and hold the notifications' locks, as the steps do that look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from notifications import configs
from notifications.definition import Definition, StepDefinition
from notifications.dispatch import wake_on_commit
from notifications.models import StepKind
from notifications.sql import steps as sql
from notifications.steps.reply import counts
from notifications.tracking import Line, Tracked
from tenants import rows

_Asks = Callable[[UUID, StepDefinition, Definition], bool]


def answered(tenant_id: UUID, lines: Sequence[Line]) -> None:
    """Let go on who waits for one of these answers. lines: their reason is the action."""
    actions: dict[UUID, set[str]] = {}
    for line in lines:
        actions.setdefault(line.message.notification_id, set()).add(line.reason)

    def asks(notification: UUID, step: StepDefinition, _: Definition) -> bool:
        return step.kind == StepKind.WAIT_FOR_REPLY and any(
            counts(step.settings, action) for action in actions[notification]
        )

    _hasten(tenant_id, list(actions), asks)


def failed(tenant_id: UUID, messages: Sequence[Tracked]) -> None:
    """Let fallbacks speak at once for messages that did not arrive."""
    places: dict[UUID, set[int]] = {}
    for message in messages:
        places.setdefault(message.notification_id, set()).add(message.step)

    def asks(notification: UUID, step: StepDefinition, definition: Definition) -> bool:
        keys = {
            definition.steps[place].key
            for place in places[notification]
            if place < len(definition.steps)
        }
        return step.kind == StepKind.FALLBACK and step.settings["of"] in keys

    _hasten(tenant_id, list(places), asks)


def _hasten(tenant_id: UUID, notifications: list[UUID], asks: _Asks) -> None:
    if not notifications:
        return
    waiting = rows.fetch(sql.WAITING, [tenant_id, notifications])
    definitions = configs.definitions([tenant_id], {row[4] for row in waiting})
    ready = [
        (due_id, queue)
        for due_id, notification, place, queue, version in waiting
        if (definition := definitions.get(version))
        and place < len(definition.steps)
        and asks(notification, definition.steps[place], definition)
    ]
    if ready:
        rows.run(sql.HASTEN, [[due_id for due_id, _ in ready], tenant_id])
        wake_on_commit(queue for _, queue in ready)
