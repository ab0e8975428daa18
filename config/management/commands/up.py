"""Run all of Kolokol on this machine with one command."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, close_old_connections, connections
from django.utils.crypto import get_random_string
from django.utils.module_loading import import_string

from channels.phone_access import key_for
from config import embedded, once, web
from config.demo import SalonFacts, ensure_user, make_demo
from config.launch import data_folder, local_url
from config.processes import BULK_NICE
from config.servers import EMBEDDED, write_environment
from config.supervisor import STOPS, Child, Supervisor, apart
from notifications import dispatch
from tenants.doors import salon_by_slug

READY_S = 60.0
WRITTEN = (
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
    "SECRET_KEY",
    "ENCRYPTION_KEYS",
    "PUBLIC_URL",
    "PHONE_URL",
    "METRICS_TOKEN",
)


class Command(BaseCommand):
    """Servers, database, demo salons, web, workers, scheduler."""

    help = (
        "Start PostgreSQL and Redis (unless DATABASE_URL and REDIS_URL name others), the web site,"
        " the workers and the scheduler; print where everything is. Ctrl-C stops it all."
    )

    requires_system_checks: list[str] = []  # they would load every page into the supervisor

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--host", default="127.0.0.1", help="address of the web site")
        parser.add_argument("--port", type=int, default=8000, help="port of the web site")
        parser.add_argument("--data", default="var/data", help="folder of the embedded servers")
        parser.add_argument("--workers", type=int, default=2, help="worker processes")
        parser.add_argument("--no-demo", action="store_true", help="without the demo salons")
        parser.add_argument(
            "--once", action="store_true", help="send the demo reminders, tell their story, stop"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Start everything, then watch it."""
        if options["once"] and options["no_demo"]:
            raise CommandError("--once needs the demo salons: leave --no-demo out.")
        if options["workers"] < 1:
            raise CommandError("--workers must be 1 or more.")
        data = data_folder(sys.argv)
        lock = _lock(data)
        _refuse_taken_port(options["host"], options["port"])
        base, local = settings.PUBLIC_URL, local_url(options["host"], str(options["port"]))
        write_environment(data, WRITTEN)
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # whitenoise warns without
        facts = apart(lambda: _prepared(data, base, with_demo=not options["no_demo"]))
        supervisor = Supervisor(_children(options), tick=_Tick(data))
        os.register_at_fork(before=connections.close_all)  # a child must not share them
        for number in STOPS:
            if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup
                signal.signal(number, supervisor.ask_to_stop)
        supervisor.start()
        try:
            if _is_ready(local, supervisor):
                facts["pids"] = {"supervisor": os.getpid(), **supervisor.pids}
                _write_facts(data, facts)
                self._once(facts, supervisor) if options["once"] else self._serve(facts, supervisor)
        finally:
            supervisor.stop()
            connections.close_all()
            os.close(lock)

    def _once(self, facts: dict[str, Any], supervisor: Supervisor) -> None:
        stories = once.send_and_follow(facts, look=supervisor.look)
        for line in stories.lines:
            self.stdout.write(line)
        if not stories.is_delivered:
            raise CommandError("The demo reminders were not delivered in time.", returncode=1)

    def _serve(self, facts: dict[str, Any], supervisor: Supervisor) -> None:
        self._tell(facts)
        supervisor.watch()

    def _tell(self, facts: dict[str, Any]) -> None:
        say = self.stdout.write
        say("")
        say(f"  Admin    {facts['admin_url']}")
        for salon in facts["tenants"]:
            say(f"           {salon['owner_login']} / {salon['owner_password']}")
        say(f"           {facts['platform_login']} / {facts['platform_password']}  (platform)")
        say(f"  Phone    {facts['phone_url']}")
        say(f"  API      {facts['docs_url']}")
        if facts["tenants"]:
            say("")
            say("  Send something (copy this line):")
            say("")
            say(f"  {_curl(facts)}")
        say("")
        say("  Ctrl-C stops everything.")
        self.stdout.flush()


def _prepared(data: Path, base: str, *, with_demo: bool) -> dict[str, Any]:
    try:
        return _facts(data, base, with_demo=with_demo)
    except (OperationalError, ImproperlyConfigured) as fault:
        raise SystemExit(f"The database cannot be made ready: {fault}") from fault


def _facts(data: Path, base: str, *, with_demo: bool) -> dict[str, Any]:
    """Bring the database up to date, make who is missing, and tell what up.json tells."""
    call_command("migrate", verbosity=0)
    known = _read_facts(data)
    tenants = make_demo(known) if with_demo else []
    _, password = ensure_user("platform", known.get("platform_password", ""), is_platform=True)
    return {
        "base_url": base,
        "realtime_url": None,
        "admin_url": f"{base}/admin/",
        "phone_url": _phone_url(base, tenants),
        "docs_url": f"{base}/api/docs/",
        "metrics_url": f"{base}/metrics",
        "tenants": tenants,
        "platform_login": "platform",
        "platform_password": password,
        "pids": {},
    }


class _Tick:
    """What the supervisor does itself, so that it works without Redis and without workers."""

    def __init__(self, data: Path) -> None:
        self.data = data

    def __call__(self) -> None:
        """Revive dead servers, free dead workers' leases."""
        from django.db import DatabaseError

        if any(EMBEDDED.values()):
            embedded.restart_if_dead(self.data, **EMBEDDED)
        try:
            close_old_connections()
            dispatch.sweep()
        except DatabaseError:
            connections.close_all()


def _children(options: dict[str, Any]) -> list[Child]:
    import_string(settings.RQ["WORKER_CLASS"])  # what it needs is loaded once, and shared
    workers = [
        Child(
            f"worker-{number}",
            partial(call_command, "rqworker", *queues, verbosity=0),
            nice=0 if "urgent" in queues else BULK_NICE,
        )
        for number, queues in enumerate(_groups(options["workers"]), 1)
    ]
    return [
        Child("web", partial(web.serve, os.getpid(), options["host"], options["port"])),
        *workers,
        Child("scheduler", partial(call_command, "schedule"), nice=5),
    ]


def _groups(workers: int) -> list[list[str]]:
    """Share the queues among workers: the first is for urgent and high alone when it can be."""
    if workers == 1:
        return [list(settings.QUEUES)]
    return [["urgent", "high"], *([["normal", "low"]] * (workers - 1))]


def _lock(data: Path) -> int:
    """Refuse a second `up` in this folder: it would write its addresses over the first one's."""
    lock = os.open(data / ".up", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # unlike flock's, no child has this one
    except OSError as error:
        raise CommandError(
            f"Kolokol runs in {data} already: stop it first, or give --data another folder."
        ) from error
    return lock


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} is taken ({error.strerror}): stop who uses it, or give"
                " --port."
            ) from error


def _phone_url(base: str, tenants: list[SalonFacts]) -> str:
    if not tenants:
        return f"{base}/phone/"
    return f"{base}/phone/?key={key_for(salon_by_slug(tenants[0]['slug']).id)}"


def _is_ready(base: str, supervisor: Supervisor) -> bool:
    """Wait until the web site answers; False when somebody asks to stop first."""
    deadline = time.monotonic() + READY_S
    while not supervisor.is_stopping:
        try:
            with urllib.request.urlopen(f"{base}/health/live", timeout=2):  # noqa: S310 (our own)
                return True
        except OSError:
            supervisor.look()
            time.sleep(0.1)
        if time.monotonic() > deadline:
            raise CommandError(f"The web site did not answer within {READY_S:.0f} s.")
    return False


def _read_facts(data: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads((data / "up.json").read_text())
    except (OSError, ValueError):
        return {}
    return facts


def _write_facts(data: Path, facts: dict[str, Any]) -> None:
    draft = data / f"up.json.{get_random_string(6)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(facts, file, ensure_ascii=False, indent=2)
    draft.rename(data / "up.json")


def _curl(facts: dict[str, Any]) -> str:
    salon = facts["tenants"][0]
    body = json.dumps(once.reminder(salon["subscribers"][0], "ru", "curl"), ensure_ascii=False)
    return (
        f"curl -s {facts['base_url']}/v1/events/trigger"
        f" -H 'Authorization: ApiKey {salon['live_key']}' -H 'Content-Type: application/json'"
        f" -d '{body}'"
    )
