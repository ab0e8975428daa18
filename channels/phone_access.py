"""Who may look at which salon's Phone: its members, and whoever holds its signed link.

The link's key leaves the address bar by a redirect and lives on in a cookie of the Phone's path.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse

from tenants.scope import current

COOKIE = "kolokol_phone"
KEPT = timedelta(days=30)
#: In the query of the page and its calls: the link counts, whoever is logged in.
BY_LINK = "link"
READ_ONLY = {"analyst"}

_signer = TimestampSigner(salt="phone")


class Refused(Exception):
    """Nobody we know; words: a key of channels.phone_texts."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose Phone is open, and whether it may be touched."""

    tenant_id: UUID
    may_touch: bool = True


def key_for(tenant_id: UUID) -> str:
    """Sign the link's key to one salon's Phone, for 30 days: /phone/?key=<key>."""
    return _signer.sign(str(tenant_id))


def visitor(request: HttpRequest) -> Visitor:
    """Say whose Phone this request may see; raises Refused."""
    salon: Any = getattr(request, "salon", None)
    if salon is not None and BY_LINK not in request.GET:
        return Visitor(salon.id, may_touch=salon.role not in READ_ONLY)
    key = request.COOKIES.get(COOKIE, "")
    if not key:
        raise Refused("login" if not request.user.is_authenticated else "choose")
    scope = current()
    if scope is not None and scope.kind != "tenant":
        raise Refused("choose")  # platform staff who read all salons: one cannot be opened inside
    return Visitor(tenant_of(key))


def tenant_of(key: str) -> UUID:
    """Read a link's key; raises Refused when it is not ours or too old."""
    try:
        return UUID(_signer.unsign(key, max_age=KEPT))
    except (BadSignature, ValueError) as error:
        raise Refused("expired") from error


def keep(response: HttpResponse, key: str) -> None:
    """Let the browser bring the key by itself, to the Phone only."""
    response.set_cookie(
        COOKIE,
        key,
        max_age=KEPT,
        path="/phone/",
        httponly=True,
        samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )
