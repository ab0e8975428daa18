"""Health and metrics, as machines ask for them."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client, override_settings

from config import health
from notifications.models import DeadLetter
from tenants.ids import uuid7
from tenants.scope import tenant_scope
from tests.for_each import for_each

pytestmark = pytest.mark.urls("config.health_routes")

LOOPBACK = {"REMOTE_ADDR": "127.0.0.1"}
STRANGER = {"REMOTE_ADDR": "203.0.113.7"}


@pytest.fixture
def no_database():
    """Point this process at a port where no PostgreSQL listens."""
    before = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT="9")
    yield
    connection.close()
    connection.settings_dict.update(before)


@pytest.fixture
def no_redis():
    health._redis_client.cache_clear()
    with override_settings(REDIS_URL="redis://127.0.0.1:9/0"):
        yield
    health._redis_client.cache_clear()


def ready() -> tuple[int, dict]:
    answer = Client().get("/health/ready")
    return answer.status_code, answer.json()["checks"]


def test_a_healthy_installation_is_ready():
    assert ready() == (200, {"database": "ok", "redis": "ok", "migrations": "ok"})


def test_without_a_database_it_lives_but_is_not_ready(no_database):
    status, checks = ready()

    assert (status, checks["redis"]) == (503, "ok")
    assert "does not answer" in checks["database"]
    assert Client().get("/health/live").status_code == 200


def test_without_redis_it_is_not_ready_and_says_so(no_redis):
    status, checks = ready()

    assert (status, checks["database"], checks["migrations"]) == (503, "ok", "ok")
    assert "does not answer" in checks["redis"]


def test_code_ahead_of_the_database_is_not_ready(monkeypatch):
    known = (*health._known_migrations(), ("tenants", "9999_tomorrow"))
    monkeypatch.setattr(health, "_known_migrations", lambda: known)

    status, checks = ready()

    assert status == 503
    assert checks["migrations"] == "1 pending: run 'manage.py migrate'"


@for_each(
    "token, headers, status",
    [
        ("", LOOPBACK, 200),
        ("", STRANGER, 401),
        ("", STRANGER | {"HTTP_AUTHORIZATION": "Bearer "}, 401),
        ("", LOOPBACK | {"HTTP_X_FORWARDED_FOR": "203.0.113.7"}, 401),
        ("", LOOPBACK | {"HTTP_X_REAL_IP": "127.0.0.1"}, 401),
        ("s3cret", STRANGER | {"HTTP_AUTHORIZATION": "Bearer s3cret"}, 200),
        ("s3cret", STRANGER | {"HTTP_AUTHORIZATION": "Bearer s3cre"}, 401),
        ("s3cret", STRANGER | {"HTTP_AUTHORIZATION": "Bearer s3crét"}, 401),
        ("s3cret", STRANGER, 401),
    ],
)
def test_metrics_open_to_the_token_and_to_this_machine_only(token, headers, status):
    with override_settings(METRICS_TOKEN=token):
        answer = Client().get("/metrics", **headers)

    assert answer.status_code == status
    assert (b"kolokol_due_lines" in answer.content) == (status == 200)


def metric(name: str) -> float:
    lines = Client().get("/metrics", **LOOPBACK).content.decode().splitlines()
    return next(float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} "))


def test_metrics_are_counted_in_the_database_over_all_salons(salon, other_salon):
    before = metric("kolokol_dead_letters")

    for tenant in (salon, other_salon):
        with tenant_scope(tenant.pk):
            DeadLetter.objects.create(
                tenant_id=tenant.pk, notification_id=uuid7(), step=0, queue=0, reason="timeout"
            )

    assert metric("kolokol_dead_letters") == before + 2
    assert metric("kolokol_database_up") == 1


def test_no_metric_names_a_salon(salon, other_salon):
    page = Client().get("/metrics", **LOOPBACK).content.decode()

    assert salon.slug not in page
    assert str(salon.pk) not in page


def test_metrics_of_a_dead_database_say_so(no_database):
    assert metric("kolokol_database_up") == 0
