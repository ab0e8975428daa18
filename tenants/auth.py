"""Who calls: the caller that the API's middleware found, and what it may do."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast
from uuid import UUID

from django.http import HttpRequest

from tenants.errors import Forbidden, Unauthorized

if TYPE_CHECKING:  # commands and workers have callers too, and no use for all of DRF
    from rest_framework.request import Request

Mode = Literal["live", "test"]

#: The tenant of a platform key that has named no salon.
NO_TENANT = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Caller:
    """A key at work. scopes empty: everything in its mode. is_platform: the operator's own key."""

    tenant_id: UUID
    key_id: UUID
    mode: Mode
    scopes: tuple[str, ...]
    slug: str
    config_version: int
    is_platform: bool


def caller(request: HttpRequest | Request) -> Caller:
    """Tell who calls; raises Unauthorized where the middleware found nobody."""
    found = getattr(request, "caller", None)  # DRF's request hands unknown names to Django's
    if found is None:
        raise Unauthorized("Send your API key: 'Authorization: ApiKey <key>'.")
    return cast("Caller", found)


def digest(key: str) -> str:
    """Give what the database keeps of a key; a key has 192 random bits, so no salt is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def require_scope(request: HttpRequest | Request, scope: str) -> Caller:
    """Refuse a key whose scopes do not hold this one, such as subscribers:write."""
    who = caller(request)
    if who.scopes and scope not in who.scopes:
        raise Forbidden(f"This API key lacks the scope {scope}.")
    return who


def require_platform(request: HttpRequest | Request) -> Caller:
    """Refuse every key but the platform operator's."""
    who = caller(request)
    if not who.is_platform:
        raise Forbidden("Only a platform key may do this.")
    return who
