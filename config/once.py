"""Send the demo reminders through the API like a booking system, and follow them to the Phone."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from notifications.story import story, tell
from tenants.doors import salon_by_slug
from tenants.scope import tenant_scope

FOLLOW_S = 30.0
WORDS = {
    "ru": ("Анна", "Стрижка и укладка", "Мария"),
    "en": ("Emma", "Cut and blow-dry", "Maria"),
}


@dataclass(frozen=True)
class Stories:
    """What became of the demo reminders, in words."""

    lines: list[str]
    is_delivered: bool


def reminder(subscriber: str, language: str, key: str = "") -> dict[str, Any]:
    """Write the trigger of a reminder for tomorrow."""
    client, service, master = WORDS[language]
    visit = (datetime.now(UTC) + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
    body: dict[str, Any] = {
        "name": "appointment-reminder-24h",
        "to": {"subscriberId": subscriber},
        "payload": {
            "clientName": client,
            "appointmentTime": visit.isoformat().replace("+00:00", "Z"),
            "serviceName": service,
            "staffName": master,
            "salonName": "Beauty Lab",
            "confirmUrl": "https://example.com/confirm",
            "rescheduleUrl": "https://example.com/reschedule",
        },
    }
    return body if key else body | {"transactionId": f"demo-{language}-{uuid4().hex[:8]}"}


def send_and_follow(facts: dict[str, Any], look: Callable[[], None]) -> Stories:
    """Trigger in Russian and in English; wait until both were delivered. look: minds processes."""
    salon = facts["tenants"][0]
    people = {"ru": "anna", "en": "emma"}
    sent = {
        language: _post(facts["base_url"], salon["live_key"], reminder(person, language))
        for language, person in people.items()
    }
    tenant_id = salon_by_slug(salon["slug"]).id
    deadline = time.monotonic() + FOLLOW_S
    while time.monotonic() < deadline:
        with tenant_scope(tenant_id):
            found = {key: story(tenant_id, "live", tx) for key, tx in sent.items()}
        if all(_is_delivered(one) for one in found.values()):
            break
        look()
        time.sleep(0.1)
    lines = [line for language, stories in found.items() for line in tell(stories, language)]
    return Stories(lines, all(_is_delivered(one) for one in found.values()))


def _post(base: str, key: str, body: dict[str, Any]) -> str:
    request = urllib.request.Request(  # noqa: S310 (our own site)
        f"{base}/v1/events/trigger",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"ApiKey {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 (our own site)
        return str(json.load(answer)["data"]["transactionId"])


def _is_delivered(stories: list[Any]) -> bool:
    return bool(stories) and all(
        any(line.status in ("delivered", "read") and line.channel != "in_app" for line in one.lines)
        for one in stories
    )
