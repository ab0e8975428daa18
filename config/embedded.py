"""Starts, shares and stops the PostgreSQL and Valkey that live in a data folder.

1. `start` takes the folder's lock, so that of several starters one does the work.
2. Each server is asked whether it answers; one that does not is started.
3. `hold` also takes a shared lock on `.users` for as long as its process lives.
4. Who lets go last (at exit, or by `release`) finds nobody else on `.users` and stops both.
Locks belong to the kernel: it drops them after kill -9 too, and a fork does not keep them.
Deleting a data folder under running servers leaves them running: call `stop` first.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config.embedded_place import Place, account_for, find_place, make_place, secret, share_owner
from config.embedded_servers import (
    SUPERUSER,
    Postgres,
    Valkey,
    ensure,
    halt,
)

__all__ = [
    "Servers",
    "discard",
    "hold",
    "is_alive",
    "release",
    "restart_if_dead",
    "secret",
    "start",
    "stop",
]

_held: dict[Path, int] = {}


@dataclass(frozen=True)
class Servers:
    """How to reach the servers; the URL of one that was not asked for is empty.

    started: those that this call had to bring up, "postgres" and "valkey".
    """

    superuser_url: str
    redis_url: str
    run_dir: Path
    started: tuple[str, ...]

    def database_url(self, role: str, password: str, database: str) -> str:
        """Build the URL by which a role reaches a database over the unix socket."""
        return _postgres_url(self.run_dir, role, password, database)


def start(
    data: Path, *, ephemeral: bool = False, postgres: bool = True, redis: bool = True
) -> Servers:
    """Bring up what does not run yet and say how to reach it.

    ephemeral: for tests; fast, loses data with the power. It takes effect when the folder
    is first used. RuntimeError, with one sentence on what to do, when it cannot be done here.
    """
    data = _ready(data)
    with _locked(data):
        place = make_place(data, ephemeral=ephemeral)
        servers = _servers(data, place, ephemeral=ephemeral)
        wanted = [s for s in servers if {"postgres": postgres, "valkey": redis}[s.name]]
        started = tuple(server.name for server in wanted if ensure(server))
    database, queue = servers
    database_url = _postgres_url(place.run_dir, SUPERUSER, database.password, "postgres")
    queue_url = f"unix://{quote(str(queue.socket))}?db=0"
    return Servers(
        database_url if postgres else "", queue_url if redis else "", place.run_dir, started
    )


def stop(data: Path) -> None:
    """Stop the folder's servers, whoever uses them; nothing happens if none run."""
    data = data.resolve()
    if data.is_dir():
        with _locked(data):
            _halt_all(data)


def discard(data: Path) -> None:
    """Stop the folder's servers and delete everything they and the folder hold."""
    data = data.resolve()
    stop(data)
    place = find_place(data) if data.is_dir() else None
    for folder in {data} if place is None else {place.run_dir, place.home, data}:
        shutil.rmtree(folder, ignore_errors=True)


def hold(
    data: Path, *, ephemeral: bool = False, postgres: bool = True, redis: bool = True
) -> Servers:
    """Start, and keep the servers until this process and all other holders have let go."""
    data = _ready(data)
    if data not in _held:
        _install_exit()
        _held[data] = _open(data / ".users", data)
        fcntl.flock(_held[data], fcntl.LOCK_SH)
    try:
        return start(data, ephemeral=ephemeral, postgres=postgres, redis=redis)
    except BaseException:
        release(data)
        raise


def release(data: Path) -> None:
    """Let go of the servers; the last holder stops them. At exit it happens by itself."""
    data = data.resolve()
    users = _held.pop(data, None)
    if users is None or not data.is_dir():
        return
    with _locked(data), os.fdopen(users), contextlib.suppress(BlockingIOError):
        # BlockingIOError: somebody else still holds them
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _halt_all(data)


def is_alive(data: Path) -> dict[str, bool]:
    """Tell which of the folder's servers answer; starts and waits for nothing."""
    data = data.resolve()
    place = find_place(data) if data.is_dir() else None
    if place is None:
        return {"postgres": False, "valkey": False}
    return {server.name: server.answers() for server in _servers(data, place, ephemeral=False)}


def restart_if_dead(
    data: Path, *, ephemeral: bool = False, postgres: bool = True, redis: bool = True
) -> tuple[str, ...]:
    """Bring back what died; the names of what had to be started. Cheap when all is well."""
    alive = is_alive(data)
    if (alive["postgres"] or not postgres) and (alive["valkey"] or not redis):
        return ()
    return start(data, ephemeral=ephemeral, postgres=postgres, redis=redis).started


def _ready(data: Path) -> Path:
    data = data.resolve()
    if not data.is_dir():
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o711)  # the servers' account passes through; nobody lists it
    return data


@contextlib.contextmanager
def _locked(data: Path) -> Iterator[None]:
    descriptor = _open(data / ".lock", data)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _open(path: Path, data: Path) -> int:
    account_for(data)  # refuses another account's folder before anything is written to it
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    share_owner(path, data)
    return descriptor


def _servers(data: Path, place: Place, *, ephemeral: bool) -> tuple[Postgres, Valkey]:
    return Postgres(place, secret(data, "postgres"), ephemeral), Valkey(place, ephemeral)


def _halt_all(data: Path) -> None:
    place = find_place(data)
    if place is not None:
        for server in _servers(data, place, ephemeral=False):
            halt(server)


def _postgres_url(run_dir: Path, role: str, password: str, database: str) -> str:
    who = f"{quote(role, safe='')}:{quote(password, safe='')}"
    return f"postgresql://{who}@/{quote(database, safe='')}?host={quote(str(run_dir), safe='')}"


@functools.cache
def _install_exit() -> None:
    atexit.register(_release_all)
    os.register_at_fork(after_in_child=_forget)


def _release_all() -> None:
    for data in list(_held):
        release(data)


def _forget() -> None:
    """In a forked child: a holder is one process, its children are not."""
    for descriptor in _held.values():
        os.close(descriptor)
    _held.clear()
