"""Whose rows does this request see? One answer for the API, one for pages.

ApiScope: the key says which salon. MemberScope: the person's membership does. Both hold one
transaction open around the view and its rendering, because lazy template answers (every admin
page) run their queries after the view has returned.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import BadRequest as MalformedAddress
from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from tenants import known
from tenants.auth import NO_TENANT, Caller
from tenants.doors import check_state, named_salon, open_door, salon_by_slug, secret
from tenants.errors import BadRequest, Forbidden
from tenants.rows import commit, fetch
from tenants.scope import entered, platform_scope, support_scope, tenant_scope

GetResponse = Callable[[HttpRequest], HttpResponseBase]

#: The Phone waits for news: it opens short scopes of its own instead of one long transaction.
#: Machines are told the same whoever is logged in beside them.
SCOPELESS = ("/phone/", "/health/", "/metrics")
SALON = "kolokol.salon"  # in a request's META: whose key called, for the gate before Django
SHORT_BYTES = 16_384  # of a body: what is written together is waited for by all
_LOST = (OperationalError, InterfaceError)


class ApiScope:
    """Lets a key in and keeps its salon's scope open; a refusal writes nothing.

    A view says by its class attribute `door` who may come: "key" (default), "platform" (the
    operator's key, no salon), "open" (the view knows its callers by itself and opens a scope),
    "known" (as "key"; but who was here a moment ago is let in without a look, outside any scope
    and transaction: the view proves the key where it writes, or raises Longer).
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the view's answer; raises PlatformError for who may not come in."""
        door = _door(request)
        if door == "open":
            return self.get_response(request)
        _ = request.body  # before the transaction: a slow sender must not hold a snapshot
        key = secret(request)
        # this chain heals a lost connection itself; a question before each call would cost one more
        connection.health_check_done = True  # type: ignore[attr-defined]  # not in the stubs
        hastened = self._hasten(request, key) if door == "known" else None
        return hastened or self._full(request, key, door)

    def _hasten(self, request: HttpRequest, key: str) -> HttpResponseBase | None:
        """Answer a known key, unless it is refused: what it is told must be true now."""
        who = known.find(key, time.monotonic())
        if who is None or not _is_plain(request):
            return None
        response = self._let_in(request, who)
        if 400 <= response.status_code < 500:
            request.caller = None  # type: ignore[attr-defined]  # ours
            return None
        return response

    def _full(self, request: HttpRequest, key: str, door: str) -> HttpResponseBase:
        try:
            return self._answer(request, key, door)
        except _LOST:
            if getattr(request, "caller", None) is not None:
                raise  # work may have been done: the client decides
            connection.close()  # a kept connection that did not survive a restart of PostgreSQL
            return self._answer(request, key, door)

    def _answer(self, request: HttpRequest, key: str, door: str) -> HttpResponseBase:
        keep: list[Callable[[], None]] = []
        request.after_rollback = keep  # type: ignore[attr-defined]  # ours: what outlives a refusal
        with transaction.atomic():
            who = self._enter(request, key, door)
            with _note(who):
                response = self._let_in(request, who)
            if response.status_code >= 400:
                transaction.set_rollback(True)
            else:
                commit()  # on the short way; the block's own commit finds nothing left to do
        if keep:
            with tenant_scope(who.tenant_id):
                for write in keep:
                    write()
        return response

    def _let_in(self, request: HttpRequest, who: Caller) -> HttpResponseBase:
        request.caller = who  # type: ignore[attr-defined]  # ours
        request.META[SALON] = who.tenant_id
        return self.get_response(request)

    def _enter(self, request: HttpRequest, key: str, door: str) -> Caller:
        who = open_door(key, datetime.now(UTC))
        names = named_salon(request)
        if who.is_platform:
            return who if door == "platform" else _choose(who, names)
        if any(name != who.slug for name in names):
            raise Forbidden("This API key belongs to another salon than the one in 'tenant'.")
        known.put(key, who, time.monotonic())
        return who


def _door(request: HttpRequest) -> str:
    view: Any = request.resolver_match and request.resolver_match.func
    return str(getattr(getattr(view, "cls", view), "door", "key"))


def _is_plain(request: HttpRequest) -> bool:
    """Tell whether a call is short, names no salon and asks for no repeated answer."""
    if connection.in_atomic_block or len(request.body) > SHORT_BYTES:
        return False
    return not (request.META.get("HTTP_IDEMPOTENCY_KEY") or named_salon(request))


def _note(who: Caller) -> AbstractContextManager[None]:
    return nullcontext() if who.tenant_id == NO_TENANT else entered(who.tenant_id)


def _choose(who: Caller, names: set[str]) -> Caller:
    """Enter the salon that a platform key's call names."""
    if len(names) != 1:
        raise BadRequest(
            "A platform key names one salon: in 'tenant' of the body or the query, or in the header"
            " Kolokol-Tenant.",
            errors={"tenant": ["tenant must name one salon"]},
        )
    salon = salon_by_slug(names.pop())
    check_state(salon.state, salon.state_reason)
    fetch("select set_config('app.tenant_id', %s, true)", (str(salon.id),))
    return replace(who, tenant_id=salon.id, slug=salon.slug, config_version=salon.config_version)


@dataclass(frozen=True, slots=True)
class Salon:
    """The salon a person works in now; role is a Member.Role or "platform"."""

    id: UUID
    slug: str
    name: str
    role: str
    timezone: str = ""


class MemberScope:
    """Opens the scope of the salon a logged-in person has chosen; nobody gets none.

    Platform staff without a choice read all salons and write none.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the page; what a failing page wrote is undone. Raises Django's BadRequest."""
        if "%00" in request.META.get("QUERY_STRING", ""):
            raise MalformedAddress("The address must not contain the NUL character (%00).")
        salon = _salon(request)
        request.salon = salon  # type: ignore[attr-defined]  # ours
        is_staff = bool(getattr(request.user, "is_superuser", False))
        if (salon is None and not is_staff) or request.path.startswith(SCOPELESS):
            return self.get_response(request)
        with _member_scope(salon), timezone.override(salon.timezone if salon else None):
            response = self.get_response(request)
            if response.status_code >= 500:
                transaction.set_rollback(True)
        return response


def choose_salon(request: HttpRequest, tenant_id: UUID | None) -> None:
    """Remember the salon for this session; None forgets it."""
    if tenant_id is None:
        request.session.pop("salon", None)
    else:
        request.session["salon"] = str(tenant_id)


def salons_of(user_id: int) -> list[Salon]:
    """List the salons a person works for, by name."""
    rows = fetch(
        "select tenant_id, slug, name, role, timezone from kolokol_memberships(%s)"
        " where state <> 'closed'",
        (user_id,),
    )
    return [Salon(*row) for row in rows]


def _salon(request: HttpRequest) -> Salon | None:
    user = request.user
    if not user.is_authenticated or user.pk is None:
        return None
    chosen = str(request.session.get("salon", ""))
    if user.is_superuser:
        return _any_salon(chosen) if chosen else None
    mine = salons_of(user.pk)
    wanted = [salon for salon in mine if chosen in (str(salon.id), salon.slug)]
    return next(iter(wanted or mine), None)


def _any_salon(chosen: str) -> Salon | None:
    with platform_scope("platform staff choose any salon"):
        rows = fetch(
            "select id, slug, name, timezone from tenants_tenant where id::text = %s or slug = %s",
            (chosen, chosen),
        )
    return next((Salon(pk, slug, name, "platform", zone) for pk, slug, name, zone in rows), None)


@contextmanager
def _member_scope(salon: Salon | None) -> Iterator[None]:
    scope = (
        support_scope("platform staff read all salons") if salon is None else tenant_scope(salon.id)
    )
    with scope:
        yield
