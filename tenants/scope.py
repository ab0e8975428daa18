"""Whose rows may be seen now: one scope per transaction, kept by PostgreSQL itself.

The app role sees the one tenant of `app.tenant_id`, the worker role the set in `app.tenant_ids`,
the support role (platform staff) reads all, the platform role sees ids of open work and identity.
Settings and roles are LOCAL to the transaction, so neither a pooler nor a crash can leak them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, models, transaction

from tenants.rows import Params, Row, fetch, fetch_last

_ENTER = """
select current_user::text, coalesce(current_setting('app.tenant_id', true), ''),
  coalesce(current_setting('app.tenant_ids', true), ''), set_config('role', %s, true),
  set_config('app.tenant_id', %s, true), set_config('app.tenant_ids', %s, true)
"""


_ENTER_ONCE = """
select set_config('role', %s, true), set_config('app.tenant_ids', %s, true),
  set_config('lock_timeout', %s, true)
"""


class OutsideScope(RuntimeError):
    """A query on tenants' rows without saying whose: a bug, never a client's fault."""


@dataclass(frozen=True, slots=True)
class Scope:
    """kind: tenant, worker, platform or support. tenants: whose rows (empty: by the role)."""

    kind: str
    tenants: frozenset[UUID] = frozenset()


_PLATFORM = Scope("platform")
_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current() -> Scope | None:
    """Tell the scope that is open now, if any."""
    return _current.get()


@contextmanager
def tenant_scope(tenant_id: UUID) -> Iterator[None]:
    """Work on one tenant's rows, in a transaction of its own or a savepoint of the outer one."""
    with _scope(Scope("tenant", frozenset({tenant_id})), "app", tenant=str(tenant_id)):
        yield


@contextmanager
def batch_scope(tenant_ids: Iterable[UUID]) -> Iterator[None]:
    """Work on the rows of exactly a batch's tenants."""
    tenants = frozenset(tenant_ids)
    joined = ",".join(map(str, sorted(tenants)))
    with _scope(Scope("worker", tenants), "worker", tenants=joined):
        yield


def fetch_at_once(
    tenant_ids: Iterable[UUID], sql: str, params: Params, *, patience_ms: int
) -> list[Row]:
    """Run one statement on a batch's rows: a transaction of its own, on one way to the server.

    patience_ms: how long it may wait for another transaction; then it raises OperationalError.
    """
    joined = ",".join(map(str, sorted(tenant_ids)))
    entering = (settings.DATABASE_ROLES["worker"], joined, str(patience_ms))
    return fetch_last([(_ENTER_ONCE, entering), (sql, params)])


@contextmanager
def platform_scope(reason: str) -> Iterator[None]:
    """Work on ids of all tenants: claim, sweep, identity. The reason stands at the call.

    Inside another one it is the same scope and transaction.
    """
    if current() == _PLATFORM:
        yield
        return
    with _scope(_PLATFORM, "platform"):
        yield


@contextmanager
def support_scope(reason: str) -> Iterator[None]:
    """Read all tenants' rows, write none: platform staff before they choose a salon."""
    with _scope(Scope("support"), "support"):
        yield


@contextmanager
def _scope(scope: Scope, role: str, *, tenant: str = "", tenants: str = "") -> Iterator[None]:
    outer = current()
    if outer is not None and outer.kind != "tenant":
        raise OutsideScope(f"a {scope.kind} scope cannot open inside a {outer.kind} scope")
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        before = _enter(role, tenant, tenants)
        token = _current.set(scope)
        try:
            yield
        finally:
            _current.reset(token)
        # At its end, or when it rolls back, the transaction forgets by itself.
        if not (is_outermost or connection.needs_rollback):
            _enter(*before)  # a released savepoint would leak the inner values


def _enter(role: str, tenant: str, tenants: str) -> tuple[str, str, str]:
    """Set role and settings for the rest of the transaction; return what they were."""
    names = settings.DATABASE_ROLES
    was, was_tenant, was_tenants, *_ = fetch(_ENTER, [names[role], tenant, tenants])[0]
    back = next((word for word, name in names.items() if name == was), "app")
    return back, was_tenant, was_tenants


@contextmanager
def entered(tenant_id: UUID) -> Iterator[None]:
    """Note that the database has entered this tenant's scope already (kolokol_enter)."""
    token = _current.set(Scope("tenant", frozenset({tenant_id})))
    try:
        yield
    finally:
        _current.reset(token)


class ScopedQuerySet(models.QuerySet[Any]):
    """Refuses to touch the database outside a scope; row-level security is the first line."""

    def _guard(self) -> None:
        if current() is None:
            raise OutsideScope(
                f"{self.model.__name__} was queried outside a scope: open tenant_scope() first"
            )

    def _fetch_all(self) -> None:
        if self._result_cache is None:
            self._guard()
        super()._fetch_all()

    def iterator(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        self._guard()
        return super().iterator(*args, **kwargs)

    def count(self) -> int:
        self._guard()
        return super().count()

    def exists(self) -> bool:
        self._guard()
        return super().exists()

    def aggregate(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        self._guard()
        return super().aggregate(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        self._guard()
        return super().update(**kwargs)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._guard()
        return super().delete()

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[Any]:
        self._guard()
        return super().bulk_create(*args, **kwargs)

    def create(self, **kwargs: Any) -> Any:
        self._guard()
        return super().create(**kwargs)

    def get(self, *args: Any, **kwargs: Any) -> Any:
        self._guard()
        return super().get(*args, **kwargs)


class ScopedManager(models.Manager.from_queryset(ScopedQuerySet)):  # type: ignore[misc]  # built at run time
    """The only manager of tenants' models."""
