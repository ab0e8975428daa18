"""Give a command its servers: those of the environment, or the embedded ones of the data folder."""

from __future__ import annotations

import os
from pathlib import Path

import environ

ROOT = Path(__file__).resolve().parent.parent


def data_folder(argv: list[str]) -> Path:
    """Read --data, KOLOKOL_DATA or the default: where the embedded servers keep their files."""
    for position, word in enumerate(argv):
        if word == "--data" and position + 1 < len(argv):
            return Path(argv[position + 1]).resolve()
        if word.startswith("--data="):
            return Path(word.removeprefix("--data=")).resolve()
    return Path(os.environ.get("KOLOKOL_DATA", ROOT / "var" / "data")).resolve()


def prepare(argv: list[str]) -> None:
    """Complete the environment before Django reads it.

    `up` starts what is missing; every other command joins what `up` has written down.
    """
    if len(argv) > 1 and argv[1] == "up" and not {"--help", "-h"} & set(argv):
        from config.up import prepare_servers

        prepare_servers(data_folder(argv))
        return
    written = data_folder(argv) / "environment"
    if "DATABASE_URL" not in os.environ and written.exists():
        environ.Env.read_env(str(written))
    if len(argv) > 1 and argv[1] in {"up", "help"}:
        _placeholders()


def _placeholders() -> None:
    """Let `--help` speak on a machine where nothing is set up yet."""
    os.environ.setdefault("SECRET_KEY", "help")
    os.environ.setdefault("ENCRYPTION_KEYS", "help")
    os.environ.setdefault("DATABASE_URL", "postgresql://help@localhost/help")
    os.environ.setdefault("REDIS_URL", "redis://localhost/0")
