"""Who hears that a webhook was switched off? The salon's people: as a case, and by their channels.

Its software hears nothing more from then on, and nobody looks at a page of webhooks every day.
What people switched off themselves they know.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from notifications.escalation import NewCase, open_case
from notifications.models import Cause, WebhookEndpoint
from notifications.story_reasons import REASONS

SUBJECT: Final = "webhook"


def raise_alarm(endpoint: WebhookEndpoint) -> None:
    """Put an endpoint that was switched off before people; call inside its tenant's scope."""
    case = NewCase(
        tenant_id=endpoint.tenant_id,
        cause=Cause.WEBHOOK_OFF,
        mode=endpoint.mode,
        subject=(SUBJECT, str(endpoint.pk)),
        text=f"webhook_{endpoint.disabled_reason}",
    )
    open_case(case)


def what_to_say(endpoint_id: UUID) -> dict[str, Any]:
    """Give what staff are told, nothing when the webhook works again or is gone."""
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, is_enabled=False).first()
    if endpoint is None:
        return {}
    russian, english = REASONS[f"webhook_{endpoint.disabled_reason}"]
    return {
        "host": urlsplit(endpoint.url).hostname or "",  # the rest of an address may hold a secret
        "reasonRu": russian,
        "reasonEn": english,
        "pageUrl": page_of(endpoint_id),
    }


def page_of(endpoint_id: UUID | str) -> str:
    """Give the address of a webhook's page."""
    return f"{settings.PUBLIC_URL}/admin/notifications/webhookendpoint/{endpoint_id}/change/"
