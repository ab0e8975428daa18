"""Work as the owner of the tables for a while: migrations, partitions, roles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import environ
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection


@contextmanager
def as_owner() -> Iterator[None]:
    """Reconnect the default alias as DATABASE_OWNER_URL says, and back at the end.

    One alias, because third-party migrations write to `default` whatever they are told.
    """
    if not settings.DATABASE_OWNER_URL:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL is missing: migrations need the role that owns the tables"
            " (README, Settings)."
        )
    owner: dict[str, Any] = environ.Env.db_url_config(settings.DATABASE_OWNER_URL)
    before = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD", "HOST", "PORT")}
    connection.close()
    connection.settings_dict.update({name: owner[name] for name in before})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
