"""Which events are there, and what does each of them tell? One table.

Data of an event is free of personal data: ids, the salon's own keys, kinds and reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants.events import (
    ADDRESS_CHANGED,
    CREATED,
    LINKED,
    UNSUBSCRIBED,
    UPDATED,
    SubscriberNews,
)

SENT, DELIVERED, READ = "message.sent", "message.delivered", "message.read"
FAILED, BOUNCED = "message.failed", "message.bounced"
ANSWERED, SKIPPED = "message.answered", "message.skipped"

#: Name -> what it means, in Russian and in English.
DESCRIPTIONS: Mapping[str, tuple[str, str]] = {
    SENT: ("провайдер принял сообщение", "the provider took the message"),
    DELIVERED: ("сообщение доставлено клиенту", "the message reached the client"),
    READ: ("клиент открыл сообщение", "the client opened the message"),
    FAILED: (
        "сообщение не отправлено или не доставлено",
        "the message was not sent or not delivered",
    ),
    BOUNCED: ("почтовый сервер вернул письмо", "a mail server returned the letter"),
    ANSWERED: ("клиент нажал кнопку или ответил", "the client pressed a button or answered"),
    SKIPPED: ("шаг пропущен: причина в reason", "a step was skipped; reason says why"),
    CREATED: ("клиент появился в базе", "a client was added"),
    UPDATED: ("данные клиента изменились", "a client's data changed"),
    LINKED: ("клиент привязал чат", "a client linked a chat"),
    UNSUBSCRIBED: ("клиент отписался от рекламы", "a client unsubscribed from marketing"),
    ADDRESS_CHANGED: (
        "адрес клиента добавлен, удалён или перестал работать",
        "a client's address was added, removed or stopped working",
    ),
    "appointment.created": ("запись создана", "a visit was booked"),
    "appointment.updated": ("запись изменена", "a visit was changed"),
    "appointment.confirmed": ("клиент подтвердил запись", "the client confirmed the visit"),
    "appointment.canceled": ("запись отменена", "a visit was cancelled"),
    "appointment.completed": ("визит состоялся", "a visit took place"),
    "appointment.no_show": ("клиент не пришёл", "the client did not come"),
}
NAMES = tuple(DESCRIPTIONS)

#: Status of a message, or of a line of its log -> name of the event.
OF_STATUS: Mapping[str, str] = {
    "sent": SENT,
    "delivered": DELIVERED,
    "read": READ,
    "failed": FAILED,
    "bounced": BOUNCED,
    "skipped": SKIPPED,
}


@dataclass(frozen=True, slots=True)
class News:
    """What happened to one message, or to a step that made none. subscriber: our id.

    state: the message's new state, or "skipped". action: of the button, when answered.
    """

    message: UUID | None
    notification: UUID
    event: UUID
    subscriber: UUID
    mode: str
    state: str
    reason: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class AppointmentNews:
    """What happened to a visit. data: as webhooks carry it: ids, moments and states only."""

    mode: str
    data: Mapping[str, Any]


AnyNews = News | SubscriberNews | AppointmentNews


@dataclass(frozen=True, slots=True)
class Told:
    """One event on its way to whoever hears of it."""

    tenant_id: UUID
    name: str
    news: AnyNews
