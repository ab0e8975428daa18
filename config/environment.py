"""How is a variable of the environment read, and what is said of one that cannot be?

Each fault is one sentence that names the variable and never its value: addresses hold passwords.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

env = environ.FileAwareEnv()  # NAME_FILE names a file that holds NAME

_POSTGRES = ("postgresql", "postgres", "psql", "pgsql")
_REDIS = ("redis", "rediss", "unix")


def required(name: str, why: str) -> str:
    """Read a variable without which nothing may start, or say so in one sentence."""
    value = str(env.str(name, default=""))
    if not value:
        raise ImproperlyConfigured(f"{name} is missing: {why} (README, Settings).")
    return value


def whole(name: str, default: int, *, least: int = 0) -> int:
    """Read a number, or say in one sentence that it is none or too small."""
    try:
        found = int(env.int(name, default=default))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number (README, Settings).") from error
    if found < least:
        raise ImproperlyConfigured(f"{name} must be at least {least} (README, Settings).")
    return found


def database(name: str, url: str) -> dict[str, Any]:
    """Read PostgreSQL's address into Django's form. The role is needed: policies stand on it."""
    refusal = (
        f"{name} must look like postgresql://role:password@host:5432/database (README, Settings)."
    )
    _check_address(url, _POSTGRES, refusal)
    config: dict[str, Any] = environ.Env.db_url_config(url)
    if not (config.get("USER") and config.get("NAME")):
        raise ImproperlyConfigured(refusal)
    return config


def redis(name: str, url: str) -> str:
    """Check a Redis server's address."""
    refusal = f"{name} must look like redis://host:6379/0 (README, Settings)."
    _check_address(url, _REDIS, refusal)
    return url


def _check_address(url: str, schemes: tuple[str, ...], refusal: str) -> None:
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in schemes and parts.port != 0  # reading a bad port raises
    except ValueError as error:
        raise ImproperlyConfigured(refusal) from error
    if not is_sound:
        raise ImproperlyConfigured(refusal)
