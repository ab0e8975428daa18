"""The same Idempotency-Key gets the first answer again, for a day.

1. The key is locked for the transaction; somebody at work on it is a 409 with Retry-After.
2. A stored answer to the same request is given again; to another request it is a 422.
3. A success is stored in the transaction of its own work: both are there or neither.
4. A refusal is stored after the rollback, in a transaction of its own.
5. 401, 403, 409 and 5xx are never stored: they speak of the moment, not of the request. Nor is an
   answer with Cache-Control: no-store: it holds a secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from tenants.auth import NO_TENANT, Caller
from tenants.errors import BadRequest, Conflict, InvalidFields
from tenants.ids import uuid7
from tenants.rows import fetch, run

MAX_LENGTH = 255
_METHODS = {"POST", "PATCH"}
_PASSING = {401, 403, 409}

_LOCK = "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
_FIND = (
    "select body_digest, status, body from tenants_storedresponse where tenant_id = %s"
    " and mode = %s and key = %s and created_at > now() - interval '24 hours'"
)
# An expired answer of the same key gives way; a living one stays (it was first).
_STORE = (
    "insert into tenants_storedresponse as s"
    " (id, tenant_id, mode, key, body_digest, status, body, created_at)"
    " values (%s, %s, %s, %s, %s, %s, %s, now())"
    " on conflict (tenant_id, mode, key) do update set body_digest = excluded.body_digest,"
    " status = excluded.status, body = excluded.body, created_at = excluded.created_at"
    " where s.created_at <= now() - interval '24 hours'"
)


class Idempotency:
    """Stands inside ApiScope: the caller is known and the transaction is open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer anew or again."""
        key = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
        who = cast("Caller | None", getattr(request, "caller", None))
        if not key or request.method not in _METHODS or who is None or who.tenant_id == NO_TENANT:
            return self.get_response(request)
        _check(key)
        return self._once(request, who, key)

    def _once(self, request: HttpRequest, who: Caller, key: str) -> HttpResponseBase:
        _lock(who, key)
        digest = _digest(request)
        # A statement of its own: the lock's snapshot may be older than the first one's commit.
        rows = fetch(_FIND, (who.tenant_id, who.mode, key))
        if rows:
            return _replay(key, digest, *rows[0])
        response = self.get_response(request)
        _keep(request, response, (uuid7(), who.tenant_id, who.mode, key, digest))
        response.headers["Idempotency-Key"] = key
        return response


def _check(key: str) -> None:
    if len(key) > MAX_LENGTH or not key.isprintable():
        sentence = f"Idempotency-Key must be at most {MAX_LENGTH} printable characters"
        raise BadRequest(f"{sentence}.", errors={"Idempotency-Key": [sentence]})


def _lock(who: Caller, key: str) -> None:
    if not fetch(_LOCK, (f"{who.tenant_id} {who.mode} {key}",))[0][0]:
        raise Conflict(
            "A request with this Idempotency-Key is still running.", headers={"Retry-After": "1"}
        )


def _digest(request: HttpRequest) -> str:
    head = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(head + request.body).hexdigest()


def _replay(key: str, digest: str, first: str, status: int, body: str) -> HttpResponse:
    if digest != first:
        sentence = "was used with another request in the last 24 hours"
        raise InvalidFields(
            f"This Idempotency-Key {sentence}.", errors={"Idempotency-Key": [sentence]}
        )
    response = HttpResponse(body, status=status, content_type="application/json")
    response.headers["Idempotency-Key"] = key
    response.headers["Idempotency-Replay"] = "true"
    return response


def _keep(request: HttpRequest, response: HttpResponseBase, row: tuple[Any, ...]) -> None:
    status = response.status_code
    if status in _PASSING or status >= 500 or not isinstance(response, HttpResponse):
        return
    if response.headers.get("Cache-Control") == "no-store":
        return
    values = (*row, status, response.content.decode())
    if status < 400:
        run(_STORE, values)
    else:
        after: list[Callable[[], None]] = request.after_rollback  # type: ignore[attr-defined]  # ApiScope's
        after.append(lambda: _store(values))


def _store(values: tuple[Any, ...]) -> None:
    run(_STORE, values)
