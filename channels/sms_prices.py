"""What does a part of an SMS cost a salon? What the account that is tried first says of itself."""

from __future__ import annotations

from uuid import UUID

from channels.contract import ChannelKind
from channels.integrations import shown_credentials
from channels.models import Integration


def sms_price(tenant_id: UUID) -> str:
    """Give the price as typed, "" when no account has one; runs in the caller's scope."""
    rows = Integration.objects.filter(tenant_id=tenant_id, kind=ChannelKind.SMS)
    first = rows.exclude(state=Integration.State.DISABLED).order_by("position", "pk").first()
    return shown_credentials(first).get("price_per_segment", "") if first else ""
