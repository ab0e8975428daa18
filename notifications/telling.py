"""What do settled results tell whoever listens? Nothing at all for most salons."""

from __future__ import annotations

from collections.abc import Iterable

from notifications.events import ADDRESS_CHANGED, OF_STATUS, News, SubscriberNews, Told
from notifications.moves import Move
from notifications.outcomes import Heal, Heard, Reroute, Result


def told_by(pairs: Iterable[tuple[Result, Move]]) -> list[Told]:
    """List the events of results that somebody wants to hear of."""
    told: list[Told] = []
    for result, move in pairs:
        if (heard := result.task.heard) is not None:
            told += _of_message(result, heard, move) + _of_address(result, heard)
    return told


def _of_message(result: Result, heard: Heard, move: Move) -> list[Told]:
    name = OF_STATUS.get(move.status, "")
    if name not in heard.names:
        return []
    news = News(
        message=move.message.id if move.message else None,
        notification=result.task.notification_id,
        event=heard.event,
        subscriber=heard.subscriber,
        mode=heard.mode,
        state=move.status,
        reason=move.reason,
    )
    return [Told(result.task.tenant_id, name, news)]


def _of_address(result: Result, heard: Heard) -> list[Told]:
    if ADDRESS_CHANGED not in heard.names:
        return []
    match result.outcome:
        case Reroute(state="window_closed"):
            return []
        case Reroute(message=message, state=state, reason=reason):
            news = SubscriberNews(heard.subscriber, message.channel, state, reason)
        case Heal(reason=reason):
            news = SubscriberNews(heard.subscriber, "", "moved", reason)
        case _:
            return []
    return [Told(result.task.tenant_id, ADDRESS_CHANGED, news)]
