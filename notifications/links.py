"""Links that a text may carry: signed, bound to a purpose, without personal data in them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from functools import lru_cache
from uuid import UUID

from django.conf import settings

_SIZE = 16


def token(purpose: str, tenant_id: UUID, subject_id: UUID) -> str:
    """Sign (purpose, tenant, subject) into 64 URL-safe characters."""
    body = tenant_id.bytes + subject_id.bytes
    return base64.urlsafe_b64encode(body + _mac(purpose, body)).decode()


def read_token(purpose: str, text: str) -> tuple[UUID, UUID] | None:
    """Give (tenant, subject) back, or None when the token is not ours or of another purpose."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii"))
    except ValueError:
        return None
    body, mac = raw[:32], raw[32:]
    if len(raw) != 32 + _SIZE or not hmac.compare_digest(mac, _mac(purpose, body)):
        return None
    return UUID(bytes=body[:16]), UUID(bytes=body[16:])


def _mac(purpose: str, body: bytes) -> bytes:
    key = _key(settings.SECRET_KEY)
    return hashlib.blake2b(purpose.encode() + b"\0" + body, key=key, digest_size=_SIZE).digest()


@lru_cache(maxsize=2)
def _key(secret: str) -> bytes:
    return hashlib.blake2b(secret.encode(), digest_size=32).digest()


def client_links(tenant_id: UUID, subscriber_id: UUID) -> dict[str, str]:
    """Give the links of the client's own pages."""
    return {
        "unsubscribeUrl": f"{settings.PUBLIC_URL}/u/{token('u', tenant_id, subscriber_id)}",
        "preferencesUrl": f"{settings.PUBLIC_URL}/p/{token('p', tenant_id, subscriber_id)}",
    }
