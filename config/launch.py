"""Give a command its servers: those of the environment, or the embedded ones of the data folder."""

from __future__ import annotations

import gc
import os
import signal
from pathlib import Path
from typing import NoReturn

import django
import environ
from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent


def option(argv: list[str], name: str, default: str) -> str:
    """Read one option of a command line that no parser has seen yet."""
    for position, word in enumerate(argv):
        if word == name and position + 1 < len(argv):
            return argv[position + 1]
        if word.startswith(f"{name}="):
            return word.removeprefix(f"{name}=")
    return default


def data_folder(argv: list[str]) -> Path:
    """Read --data, KOLOKOL_DATA or the default: where the embedded servers keep their files."""
    default = os.environ.get("KOLOKOL_DATA", str(ROOT / "var" / "data"))
    return Path(option(argv, "--data", default)).resolve()


def local_url(host: str, port: str) -> str:
    """Give the address at which this machine reaches its own web site."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 (only compared)
    return f"http://{shown}:{port}"


def prepare(argv: list[str]) -> None:
    """Complete the environment before Django reads it.

    `up` starts what is missing; every other command joins what `up` has written down.
    """
    if len(argv) > 1 and argv[1] == "up" and not {"--help", "-h"} & set(argv):
        _start_servers(data_folder(argv))
        host, port = option(argv, "--host", "127.0.0.1"), option(argv, "--port", "8000")
        os.environ.setdefault("PHONE_URL", local_url(host, port))
        os.environ.setdefault("LOG_LEVEL", "WARNING")  # a person looks at this terminal
        os.environ.setdefault("PUBLIC_URL", local_url(host, port))
        return
    written = data_folder(argv) / "environment"
    if "DATABASE_URL" not in os.environ and written.exists():
        environ.Env.read_env(str(written))
    if argv[1:2] in (["up"], ["help"]) or {"--help", "-h", "--new-key"} & set(argv):
        _placeholders()


def load() -> None:
    """Read the settings and load the apps.

    Django's own start would hide what is wrong with the settings: this raises ImproperlyConfigured
    with one sentence. What is loaded stays until the end: the garbage collector, which would walk
    it again and again (a sixth of the start), is told of it once.
    """
    gc.disable()
    django.setup()
    gc.freeze()
    gc.enable()


def _start_servers(data: Path) -> None:
    from config.servers import prepare_servers

    for number in (signal.SIGHUP, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, _leave)
    try:
        prepare_servers(data)
    except (OSError, RuntimeError) as fault:
        raise ImproperlyConfigured(
            f"Kolokol cannot start its servers in {data}: {fault}"
        ) from fault


def _leave(number: int, _: object) -> NoReturn:
    """End as by an exception: the servers that were started on the way are stopped."""
    raise SystemExit(128 + number)


def _placeholders() -> None:
    """Let `--help` and `doctor --new-key` speak on a machine where nothing is set up yet."""
    os.environ.setdefault("SECRET_KEY", "help")
    os.environ.setdefault("ENCRYPTION_KEYS", "help")
    os.environ.setdefault("DATABASE_URL", "postgresql://help@localhost/help")
    os.environ.setdefault("REDIS_URL", "redis://localhost/0")
