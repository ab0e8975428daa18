"""doctor names each fault with its remedy; every fault here is planted for real."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import django_rq
import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.test import override_settings
from environ import Env
from rq import SimpleWorker
from rq.serializers import JSONSerializer

from channels.defaults import add_default, delete_default
from channels.models import DefaultIntegration, Integration
from channels.secrets import encrypt
from config.checkup import clock_faults, examine
from config.schedule import Ticker
from notifications.models import DeadLetter, Due
from tenants.accounts import issue_key
from tenants.ids import uuid7
from tenants.models import ApiKey
from tenants.scope import support_scope, tenant_scope
from tests.commands import manage, python, said
from tests.for_each import for_each

LONG_AGO = datetime.now(UTC) - timedelta(days=1)


def findings() -> dict[str, tuple[str, ...]]:
    return {finding.name: finding.faults for finding in examine(datetime.now(UTC))}


def told(name: str) -> str:
    return " ".join(findings()[name])


def superuser_url() -> str:
    parts = urlsplit(settings.SERVERS.superuser_url)
    return urlunsplit(parts._replace(path=f"/{settings.SERVERS.database}"))


@pytest.fixture
def superuser():
    with psycopg.connect(superuser_url(), autocommit=True) as connection:
        yield connection


@pytest.fixture
def server():
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        yield server


@pytest.fixture
def worker(server):
    """A worker that serves urgent and high."""
    queues = [django_rq.get_queue(name) for name in ("urgent", "high")]
    worker = SimpleWorker(
        queues, connection=server, serializer=JSONSerializer, name=f"test-{uuid4().hex}"
    )
    worker.register_birth()
    yield worker
    worker.register_death()


@pytest.fixture
def clock(server):
    clock = Ticker(server, ())
    clock.lap()
    yield clock
    clock.remove_lock()


def test_what_is_whole_is_not_complained_about(worker, clock):
    found = findings()

    whole = ["settings", "encryption keys", "database", "database role", "database letters"]
    whole += ["migrations", "row-level security", "partitions", "clock", "redis", "scheduler"]
    assert {name: found[name] for name in whole} == dict.fromkeys(whole, ())


def test_queues_without_a_worker_are_named(worker):
    said = told("workers")

    assert "No worker serves the queue normal: start 'manage.py rqworker normal'." in said
    assert "urgent" not in said


def test_a_worker_that_fell_silent_does_not_count(worker, server):
    server.hset(worker.key, "last_heartbeat", "2026-01-01T00:00:00.000000Z")

    assert "queue urgent" in told("workers")


def test_a_stopped_scheduler_is_named(clock):
    clock.remove_lock()

    assert "start 'manage.py schedule'" in told("scheduler")


def test_a_redis_that_forgets_is_named(server):
    server.config_set("maxmemory-policy", "allkeys-lru")
    try:
        assert "set maxmemory-policy noeviction" in told("redis")
    finally:
        server.config_set("maxmemory-policy", "noeviction")


@pytest.fixture
def deaf_to_cyrillic(superuser):
    """Connect to a database that folds ASCII only."""
    ours, name = connection.settings_dict["NAME"], f"deaf_{uuid4().hex}"
    superuser.execute(
        f"create database {name} template template0 encoding 'UTF8'"
        " locale_provider libc lc_collate 'C' lc_ctype 'C'"
    )
    connection.close()
    connection.settings_dict["NAME"] = name
    yield
    connection.close()
    connection.settings_dict["NAME"] = ours
    superuser.execute(f"drop database {name}")


def test_a_locale_that_does_not_know_cyrillic_capitals_is_named(deaf_to_cyrillic):
    assert "locale (C) does not know Cyrillic capitals" in told("database letters")


def test_a_table_without_forced_row_security_is_named(superuser):
    superuser.execute("alter table tenants_topic no force row level security")
    try:
        assert "The table tenants_topic is not under forced row-level" in told("row-level security")
    finally:
        superuser.execute("alter table tenants_topic force row level security")


def test_a_lost_policy_is_named(superuser):
    superuser.execute("alter policy app on tenants_topic rename to was")
    try:
        said = told("row-level security")
    finally:
        superuser.execute("alter policy was on tenants_topic rename to app")

    assert "tenants_topic lacks the policy app:" in said
    assert "tenants_topic has beside ours the policy was:" in said


def test_a_policy_that_leaks_is_named_and_proved(superuser, salon, other_salon):
    superuser.execute("create policy leak on tenants_location to public using (true)")
    try:
        said = told("row-level security")
    finally:
        superuser.execute("drop policy leak on tenants_location")

    assert "tenants_location has beside ours the policy leak:" in said
    assert "Without a scope rows of tenants_location are visible" in said
    assert "In one salon's scope other salons' tenants_location are visible" in said


def test_a_partition_that_can_be_read_directly_is_named(superuser):
    name = f"notifications_event_{datetime.now(UTC):%Y_%m}"
    app = settings.DATABASE_ROLES["app"]
    superuser.execute(f"grant select on {name} to {app}")
    try:
        assert f"The partition {name} can be read directly" in told("row-level security")
    finally:
        superuser.execute(f"revoke all on {name} from {app}")


def test_partitions_that_end_soon_are_named():
    far = datetime.now(UTC) + timedelta(days=300)

    found = next(finding for finding in examine(far) if finding.name == "partitions")
    assert "Partitions for events end in less than a week" in found.faults[0]


@for_each("apart_s, is_fault", [(0, False), (2, False), (-2.1, True), (9, True)])
def test_clocks_may_be_two_seconds_apart(apart_s, is_fault):
    here = datetime.now(UTC)

    assert bool(clock_faults(here + timedelta(seconds=apart_s), here)) is is_fault


def test_credentials_that_no_key_opens_are_named(salon):
    with override_settings(ENCRYPTION_KEYS=[Fernet.generate_key().decode()]):
        token = encrypt({"token": "x"})
    add_account(salon, credentials=token)

    said = told("stored credentials")
    assert f"{salon.slug}/sms" in said
    with tenant_scope(salon.pk):
        Integration.objects.filter(tenant_id=salon.pk).delete()


def add_account(salon, **values):
    with tenant_scope(salon.pk):
        Integration.objects.create(
            tenant_id=salon.pk,
            provider="webhook",
            kind="sms",
            identifier="sms",
            **{"credentials": encrypt({}), **values},
        )


def test_a_paused_integration_is_named_with_its_reason(salon):
    add_account(salon, state="paused", state_reason="401 unauthorized")

    assert f"sms (webhook) of {salon.slug} is paused: 401 unauthorized." in told("integrations")


def test_a_key_due_for_rotation_is_named(salon):
    key, _ = issue_key(salon.pk, "live", now=datetime(2000, 1, 1, tzinfo=UTC))
    try:
        assert f"{key.prefix} ({salon.slug})" in told("API keys")
    finally:
        with tenant_scope(salon.pk):
            ApiKey.objects.filter(pk=key.pk).update(revoked_at=LONG_AGO)


def test_late_work_and_dead_letters_are_named(salon):
    with tenant_scope(salon.pk):
        line = Due.objects.create(
            tenant_id=salon.pk, notification_id=uuid7(), queue=0, state=1, due_at=LONG_AGO
        )
        DeadLetter.objects.create(
            tenant_id=salon.pk, notification_id=uuid7(), step=0, queue=0, reason="timeout"
        )
    try:
        found = findings()
    finally:
        with tenant_scope(salon.pk):
            Due.objects.filter(pk=line.pk).delete()

    assert "The queue urgent is " in " ".join(found["open work"])
    assert "manage.py deadletter list" in " ".join(found["dead letters"])


@contextlib.contextmanager
def connected_to(url: str) -> Iterator[None]:
    """Reach the database by this address, as if DATABASE_URL named it."""
    ours, there = connection.settings_dict, Env.db_url_config(url)
    connection.close()
    try:
        connection.settings_dict = {**ours, **{name: there[name] for name in PLACE}}
        with override_settings(DATABASE_URL=url):
            yield
    finally:
        connection.close()
        connection.settings_dict = ours


PLACE = ("HOST", "PORT", "USER", "PASSWORD", "NAME")


def test_a_superuser_role_is_named_and_the_exit_code_is_1():
    result = manage("doctor", DATABASE_URL=superuser_url())

    assert result.returncode == 1
    assert "is a superuser: row-level security does not bind it." in result.stdout
    assert "Traceback" not in result.stderr


def test_the_owner_as_app_role_is_named():
    with connected_to(settings.DATABASE_OWNER_URL):
        result = said("doctor")

    assert result.returncode == 1
    assert "owns tables: DATABASE_URL must name the app role." in result.stdout
    assert "name the same role" in result.stdout


def test_a_stopped_redis_and_a_stopped_database_are_named():
    away = override_settings(REDIS_URL="redis://127.0.0.1:9/0")
    with away, connected_to("postgresql://kolokol_app:x@127.0.0.1:9/kolokol"):
        result = said("doctor", "--json")

    report = json.loads(result.stdout)
    by_name = {check["name"]: check for check in report["checks"]}
    assert (result.returncode, report["ok"]) == (1, False)
    assert "start PostgreSQL or mend DATABASE_URL" in by_name["database"]["faults"][0]
    assert "start it or mend REDIS_URL" in by_name["redis"]["faults"][0]
    assert by_name["workers"]["state"] == by_name["migrations"]["state"] == "left out"


def test_a_malformed_encryption_key_is_named():
    with override_settings(ENCRYPTION_KEYS=["short"]):
        assert "ENCRYPTION_KEYS must hold keys of 32 bytes" in told("encryption keys")


@pytest.fixture(scope="module")
def bad_starts() -> dict[str, str]:
    """What each bad setting makes a start say; the last one starts where nothing is set up."""
    given = [json.dumps([command, change]) for command, change in BAD_STARTS.values()]
    result = python(STARTS, *given, KOLOKOL_DATA="/nowhere")
    return dict(zip(BAD_STARTS, map(json.loads, result.stdout.splitlines()), strict=True))


#: Starts one command after the other, each in the environment of the first with its change.
STARTS = """
import contextlib, io, json, os, sys
from manage import main
first = dict(os.environ)
for command, change in map(json.loads, sys.argv[1:]):
    os.environ.clear()
    os.environ.update({k: v for k, v in {**first, **change}.items() if v is not None})
    sys.argv, said = ["manage.py", *command], io.StringIO()
    with contextlib.redirect_stdout(said):
        try:
            main()
        except SystemExit as ended:
            said.write(str(ended.code))
    print(json.dumps(said.getvalue()))
"""
NO_KEY = {"ENCRYPTION_KEYS": None}
NOTHING = dict.fromkeys(("SECRET_KEY", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"))
BAD_URL = "http://me:secret@host"
BAD_STARTS = {
    "no key for trigger": (["trigger"], NO_KEY),
    "no key for check": (["check"], NO_KEY),
    "DATABASE_URL": (["doctor"], {"DATABASE_URL": BAD_URL}),
    "REDIS_URL": (["doctor"], {"REDIS_URL": BAD_URL}),
    "no number": (["doctor"], {"LEASE_S": "soon"}),
    "new key": (["doctor", "--new-key"], {**NO_KEY, **NOTHING}),
}
KEY_IS_MISSING = (
    "ENCRYPTION_KEYS is missing: it encrypts providers' credentials; run 'manage.py doctor"
    " --new-key' (README, Settings)."
)


def test_a_missing_encryption_key_is_one_sentence_for_every_command(bad_starts):
    result = manage("doctor", ENCRYPTION_KEYS=None)

    assert (result.returncode, result.stderr.strip()) == (1, KEY_IS_MISSING)
    assert bad_starts["no key for trigger"] == bad_starts["no key for check"] == KEY_IS_MISSING


def test_a_new_key_can_be_made_where_nothing_is_set_up(bad_starts):
    Fernet(bad_starts["new key"].strip())


def test_a_wrong_argument_is_exit_code_2():
    assert said("doctor", "--nonsense").returncode == 2


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_malformed_address_is_one_sentence(bad_starts, name):
    assert bad_starts[name].startswith(f"{name} must look like ")
    assert "\n" not in bad_starts[name]
    assert "secret" not in bad_starts[name]


def test_a_setting_that_is_no_number_is_one_sentence(bad_starts):
    assert bad_starts["no number"] == "LEASE_S must be a whole number (README, Settings)."


def test_a_paused_account_of_the_platform_is_named_too():
    row = add_default(
        "telegram",
        {"token": "1:a", "api_base": "https://127.0.0.1:9"},
        identifier=f"bot-{uuid4().hex}",
    )
    with support_scope("a test"):
        DefaultIntegration.objects.filter(pk=row.pk).update(state="paused", state_reason="401")
    try:
        said = told("integrations")
    finally:
        delete_default(row.pk)

    assert f"{row.identifier} (telegram) of the platform is paused: 401." in said
