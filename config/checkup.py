"""What is wrong with this installation? One sentence with its remedy for each fault.

Checks stand in order: the later ones lean on what the earlier ones found whole. Each runs by
itself; a database or a Redis that is away fails its own check and leaves those that need it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import redis
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connection

from channels.secrets import check_keys
from config import checkup_work, checkup_workers
from config.checkup_rls import rls_faults
from config.health import pending_migrations
from notifications.retention import EVENTS, TABLES, months
from tenants import rows
from tenants.client_address import trusted_networks
from tenants.ids import created_at
from tenants.roles import faults as role_faults

CLOCK_S: Final = 2.0  # leases, quiet hours and the order of ids lean on clocks that agree
AHEAD: Final = timedelta(days=7)  # partitions must reach at least so far


@dataclass(frozen=True, slots=True)
class Check:
    """One question. needs: "database", "redis" or nothing. run: gives a sentence per fault."""

    name: str
    run: Callable[[datetime], list[str]]
    needs: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer to one question. state: "ok", "fault" or "left out"."""

    name: str
    state: str
    faults: tuple[str, ...] = ()


def examine(now: datetime) -> list[Finding]:
    """Run every check; raises nothing of a server that is away."""
    findings: list[Finding] = []
    for check in CHECKS:
        if any(f.name == check.needs and f.state != "ok" for f in findings):
            findings.append(Finding(check.name, "left out"))
            continue
        found = _run(check, now)
        findings.append(Finding(check.name, "fault" if found else "ok", tuple(found)))
    return findings


def _run(check: Check, now: datetime) -> list[str]:
    try:
        return check.run(now)
    except (DatabaseError, InterfaceError, redis.RedisError) as error:
        reason = str(error).strip().splitlines()
        return [f"The check '{check.name}' could not be done: {reason[0] if reason else error!r}."]


def database(now: datetime) -> list[str]:
    """Ask whether PostgreSQL answers."""
    try:
        connection.ensure_connection()
    except (DatabaseError, InterfaceError) as error:
        reason = str(error).strip().splitlines()[0]
        return [f"The database does not answer ({reason}): start PostgreSQL or mend DATABASE_URL."]
    return []


def redis_server(now: datetime) -> list[str]:
    """Ask whether Redis answers, and whether it keeps what it was given."""
    try:
        server = checkup_workers.connect()
        server.ping()
    except (redis.RedisError, ValueError) as error:
        return [
            f"Redis does not answer ({type(error).__name__}): start it or mend REDIS_URL."
            " Deliveries go on, but start up to a second late."
        ]
    return _eviction(server)


def _eviction(server: redis.Redis) -> list[str]:
    try:
        policy = server.config_get("maxmemory-policy").get("maxmemory-policy", "noeviction")
    except redis.ResponseError:
        return []  # a managed Redis that does not show its settings
    if policy == "noeviction":
        return []
    return [f"Redis forgets keys when it is full ({policy}): set maxmemory-policy noeviction."]


def roles(now: datetime) -> list[str]:
    """Ask whether row-level security binds the role that we connect as."""
    remedy = "Let DATABASE_URL name the app role that 'manage.py migrate' made."
    return [f"{fault} {remedy}" for fault in role_faults()]


def letters(now: datetime) -> list[str]:
    """Ask whether PostgreSQL knows that Ё and ё are one letter: people are searched by name."""
    query = """select lower('ЖЁ') = 'жё', datctype from pg_database
               where datname = current_database()"""
    [(is_folded, locale)] = rows.fetch(query)
    if is_folded:
        return []
    return [
        f"The database's locale ({locale}) does not know Cyrillic capitals, so search by name"
        " minds them: move to a database made with a UTF-8 locale, such as C.UTF-8 or ru_RU.UTF-8."
    ]


def migrations(now: datetime) -> list[str]:
    """Ask whether the database is as new as the code."""
    missing = pending_migrations()
    if not missing:
        return []
    return [
        f"{len(missing)} migrations are pending, from {missing[0]} on: run 'manage.py migrate'."
    ]


def partitions(now: datetime) -> list[str]:
    """Ask whether the month that begins has its tables."""
    ends = {table: datetime.min.replace(tzinfo=UTC) for table in TABLES}
    for month in months():
        for child in month.children:
            table = next(name for name in TABLES if child.startswith(name))
            ends[table] = max(ends[table], created_at(month.high))
    late = [table for table, end in ends.items() if end < now + AHEAD]
    if not late:
        return []
    word = "events" if EVENTS in late else ", ".join(late)
    return [
        f"Partitions for {word} end in less than a week: run 'manage.py purge' or the scheduler."
    ]


def clock(now: datetime) -> list[str]:
    """Compare this machine's clock with the database's."""
    before = datetime.now(UTC)
    there = rows.fetch("select clock_timestamp()")[0][0]
    return clock_faults(there, before + (datetime.now(UTC) - before) / 2)


def clock_faults(there: datetime, here: datetime) -> list[str]:
    """Judge two readings of the same moment."""
    apart_s = abs((there - here).total_seconds())
    if apart_s <= CLOCK_S:
        return []
    return [f"This machine's clock and the database's are {apart_s:.1f} s apart: run NTP on both."]


def encryption_keys(now: datetime) -> list[str]:
    """Ask whether the keys are keys."""
    try:
        check_keys()
    except ImproperlyConfigured as error:
        return [str(error)]
    return []


def addresses(now: datetime) -> list[str]:
    """Ask whether TRUSTED_PROXIES can be read."""
    try:
        trusted_networks()
    except ImproperlyConfigured as error:
        return [str(error)]
    return []


def owner(now: datetime) -> list[str]:
    """Ask whether the owner's address is another role than the app's, where it is given."""
    same = settings.DATABASE_OWNER_URL and settings.DATABASE_OWNER_URL == settings.DATABASE_URL
    return ["DATABASE_OWNER_URL and DATABASE_URL name the same role: give each its own."] * bool(
        same
    )


CHECKS: Final[Sequence[Check]] = (
    Check("settings", lambda now: addresses(now) + owner(now)),
    Check("encryption keys", encryption_keys),
    Check("database", database),
    Check("database role", roles, "database"),
    Check("database letters", letters, "database"),
    Check("migrations", migrations, "database role"),
    Check("row-level security", rls_faults, "migrations"),
    Check("partitions", partitions, "migrations"),
    Check("clock", clock, "database"),
    Check("stored credentials", checkup_work.credentials, "migrations"),
    Check("integrations", checkup_work.integrations, "migrations"),
    Check("WhatsApp templates", checkup_work.whatsapp_templates, "migrations"),
    Check("API keys", checkup_work.api_keys, "migrations"),
    Check("open work", checkup_work.open_work, "migrations"),
    Check("dead letters", checkup_work.dead_letters, "migrations"),
    Check("redis", redis_server),
    Check("workers", checkup_workers.workers, "redis"),
    Check("scheduler", checkup_workers.scheduler, "redis"),
)
