"""Does it live, may it be given work, and what does it measure? Asked by machines.

/health/live: this process answers. /health/ready: it also has what it needs to serve.
/metrics: for Prometheus, with METRICS_TOKEN as Bearer, or from this very machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from functools import lru_cache
from typing import Final

import redis
from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django_prometheus.exports import ExportToDjangoView

from config import metrics
from tenants.client_address import is_direct_loopback

_AWAY: Final = (DatabaseError, InterfaceError, redis.RedisError)


@never_cache
@require_safe
@transaction.non_atomic_requests
def live(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process answers at all."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
@transaction.non_atomic_requests
def ready(request: HttpRequest) -> HttpResponse:
    """Answer 200 when every check holds, else 503 with what failed."""
    checks = {name: check() for name, check in CHECKS.items()}
    is_ready = all(word == "ok" for word in checks.values())
    body = {"status": "ok" if is_ready else "unavailable", "checks": checks}
    return JsonResponse(body, status=200 if is_ready else 503)


@never_cache
@require_safe
@transaction.non_atomic_requests
def show_metrics(request: HttpRequest) -> HttpResponseBase:
    """Give Prometheus its page; 401 to everybody else."""
    if not (_has_token(request) or is_direct_loopback(request)):
        return HttpResponse(
            "Send METRICS_TOKEN: 'Authorization: Bearer <token>'.\n",
            status=401,
            content_type="text/plain",
            headers={"WWW-Authenticate": "Bearer"},
        )
    metrics.register()
    page: HttpResponseBase = ExportToDjangoView(request)
    return page


def _has_token(request: HttpRequest) -> bool:
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and secrets.compare_digest(given, wanted)


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("select 1")
    return "ok"


def _redis() -> str:
    _redis_client().ping()
    return "ok"


def _migrations() -> str:
    missing = pending_migrations()
    return f"{len(missing)} pending: run 'manage.py migrate'" if missing else "ok"


def _guarded(check: Callable[[], str]) -> Callable[[], str]:
    def guarded() -> str:
        try:
            return check()
        except _AWAY as error:
            connection.close()  # a connection that died with its server must not stay
            return f"does not answer ({type(error).__name__})"

    return guarded


CHECKS: Final = {
    "database": _guarded(_database),
    "redis": _guarded(_redis),
    "migrations": _guarded(_migrations),
}


def pending_migrations() -> list[str]:
    """List migrations of this code that the database has not seen."""
    with connection.cursor() as cursor:
        cursor.execute("select to_regclass('django_migrations') is not null")
        applied = set()
        if cursor.fetchone()[0]:
            cursor.execute("select app, name from django_migrations")
            applied = set(cursor.fetchall())
    return [f"{app}.{name}" for app, name in _known_migrations() if (app, name) not in applied]


@lru_cache(maxsize=1)
def _known_migrations() -> tuple[tuple[str, str], ...]:
    loader = MigrationLoader(None)
    return tuple(sorted(loader.graph.nodes))


@lru_cache(maxsize=1)
def _redis_client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
