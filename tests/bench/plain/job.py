"""How is a message sent the plain way? One job: read, render, requests, update one row."""

from __future__ import annotations

from functools import lru_cache

import requests
from django.template import Context, Template
from django.utils import timezone

from tests.bench.plain.models import PlainMessage
from tests.bench.text import PAYLOAD

TEXT = (
    "{{ first_name }}, ждём вас в салоне «{{ salonName }}»: {{ serviceName }},"
    " {{ appointmentTime }}, мастер {{ staffName }}. [{{ run }}]"
    " Если планы изменились, ответьте на это сообщение. Адрес: {{ address }}"
)


def send(message_id: int, url: str) -> None:
    """Send one message."""
    row = PlainMessage._default_manager.get(pk=message_id)
    values = {**PAYLOAD, "first_name": row.first_name, "run": row.run}
    body = {"chat_id": row.chat_id, "text": _template().render(Context(values))}
    answer = _session().post(url, json=body, timeout=10).json()
    row.status, row.sent_at = "sent", timezone.now()
    row.provider_id = str(answer["result"]["message_id"])
    row.save(update_fields=["status", "sent_at", "provider_id"])


@lru_cache(maxsize=1)
def _template() -> Template:
    return Template(TEXT)


@lru_cache(maxsize=1)
def _session() -> requests.Session:
    return requests.Session()
