"""What does every message of the bench say? Some 290 bytes of Russian with six variables."""

from __future__ import annotations

from typing import Any

BODY = (
    "{{ subscriber.firstName }}, ждём вас в салоне «{{ salonName }}»: {{ serviceName }},"
    " {{ appointmentTime | date('D MMMM в HH:mm') }}, мастер {{ staffName }}. [{{ run }}]"
    " Если планы изменились, ответьте на это сообщение. Адрес: {{ address }}"
)
PAYLOAD: dict[str, Any] = {
    "appointmentTime": "2026-12-01T15:30:00+03:00",
    "serviceName": "стрижка и укладка",
    "staffName": "Мария",
    "salonName": "Роза",
    "address": "Тверская, 1",
}


def payload(run: str) -> dict[str, Any]:
    """Give a trigger's payload; the mock finds the run again in the text."""
    return {**PAYLOAD, "run": run}
