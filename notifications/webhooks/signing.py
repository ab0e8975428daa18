"""How is a call to a salon's endpoint signed? As Standard Webhooks says, by every valid secret.

Source: https://www.standardwebhooks.com (specification 1.0.0, read 2026-11)
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks.webhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification wants 24 to 64


def new_secret() -> str:
    """Make a secret as receivers' libraries take it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(
    valid_secrets: Sequence[str], event_id: str, body: str, now: datetime
) -> dict[str, str]:
    """Give the headers of one attempt: the id stays, the moment is the attempt's own."""
    moment = now.astimezone(UTC)  # the library reads any zone as UTC
    signatures = [Webhook(secret).sign(event_id, moment, body) for secret in valid_secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
