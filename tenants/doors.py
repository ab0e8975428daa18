"""How does an API key become a caller inside its salon?"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest

from tenants.auth import NO_TENANT, Caller, digest
from tenants.errors import BadRequest, Forbidden, NotFound, PlatformError, Unauthorized
from tenants.rows import fetch
from tenants.scope import platform_scope
from tenants.strict_json import parse

_KEY = re.compile(r"ApiKey +(\S{8,200})", re.IGNORECASE)

#: Routes whose body may name the salon; anywhere else `tenant` is an ordinary field.
_NAMING = ("/v1/events/", "/v1/notifications/")

_ENTER = (
    "select kind, key_id, tenant_id, mode, scopes, expires_at, revoked_at, slug, state,"
    " state_reason, config_version from kolokol_enter(%s)"
)


@dataclass(frozen=True, slots=True)
class SalonRow:
    """What a platform key's call needs of the salon it names."""

    id: UUID
    slug: str
    state: str
    state_reason: str
    config_version: int


def secret(request: HttpRequest) -> str:
    """Read the key from the request; raises Unauthorized."""
    given = request.META.get("HTTP_AUTHORIZATION", "")
    found = _KEY.fullmatch(given.strip())
    if not found:
        raise _refused("Send your API key: 'Authorization: ApiKey <key>'.")
    return found[1]


def open_door(key: str, now: datetime) -> Caller:
    """Enter the key's salon in the open transaction and tell who calls.

    Raises Unauthorized for a key that is unknown, revoked or over, Forbidden for a salon that is
    suspended or closed.
    """
    rows = fetch(_ENTER, (digest(key),))
    if not rows:
        raise _refused("This API key is unknown.")
    kind, key_id, tenant_id, mode, scopes, expires, revoked, slug, state, reason, version = rows[0]
    if revoked is not None:
        raise _refused("This API key was revoked.")
    if expires is not None and expires <= now:
        raise _refused("This API key has expired.")
    check_state(state, reason)
    return Caller(
        tenant_id=tenant_id or NO_TENANT,
        key_id=key_id,
        mode=mode,
        scopes=tuple(json.loads(scopes) if isinstance(scopes, str) else scopes),
        slug=slug,
        config_version=version,
        is_platform=kind == "platform",
    )


def check_state(state: str, reason: str) -> None:
    """Refuse the calls of a salon that is not active."""
    if state != "active":
        raise Forbidden(f"The salon is {state}{f': {reason}' if reason else ''}.")


def salon_by_slug(slug: str) -> SalonRow:
    """Find a salon by its identifier, whoever asks; raises NotFound."""
    with platform_scope("a platform key names its salon"):
        rows = fetch(
            "select id, slug, state, state_reason, config_version from tenants_tenant"
            " where slug = %s",
            (slug,),
        )
    if not rows:
        raise NotFound(f"There is no salon '{slug}'.")
    return SalonRow(*rows[0])


def named_salon(request: HttpRequest) -> set[str]:
    """Collect the salons that a call names: header, query, and the body of event routes."""
    named: list[Any] = [request.META.get("HTTP_KOLOKOL_TENANT")]
    if request.META.get("QUERY_STRING"):
        named.append(request.GET.get("tenant"))
    if request.path_info.startswith(_NAMING) and b'"tenant"' in request.body:
        named += _in_body(request.body)
    return {_identifier(value) for value in named if value}


def _in_body(raw: bytes) -> list[Any]:
    try:
        body = parse(raw)
    except PlatformError:
        return []  # the view's own parser says what is wrong
    events = body.get("events")
    each = (
        [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []
    )
    return [body.get("tenant"), *(event.get("tenant") for event in each)]


def _identifier(value: Any) -> str:
    name = value.get("identifier") if isinstance(value, dict) else value
    if not isinstance(name, str) or not name:
        sentence = "tenant must be an identifier or an object with 'identifier'"
        raise BadRequest(f"{sentence}.", errors={"tenant": [sentence]})
    return name


def _refused(message: str) -> Unauthorized:
    return Unauthorized(message, headers={"WWW-Authenticate": "ApiKey"})
