"""Databases that were made before migrations were folded together go on, or are refused plainly."""

from __future__ import annotations

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from config.health import pending_migrations
from tests.installations import empty_installation
from tests.servers import OWNER

LAST = {"tenants": "0003", "channels": "0002", "notifications": "0006"}
FOLDED = [
    (app, name)
    for app, name in sorted(MigrationLoader(None).disk_migrations)
    if name[:4] <= LAST.get(app, "")
]


@pytest.fixture
def older():
    """A database that knows the earlier migrations only."""
    with empty_installation() as installation:
        forget(installation, FOLDED)
        yield installation


def forget(installation, names) -> None:
    with psycopg.connect(installation.url(OWNER, installation.database)) as owner:
        for key in names:
            owner.execute("delete from django_migrations where (app, name) = (%s, %s)", key)


def test_a_database_that_has_all_that_was_folded_goes_on(older):
    assert pending_migrations() == [".".join(key) for key in FOLDED]

    call_command("migrate", verbosity=0)

    assert pending_migrations() == []


def test_a_database_that_has_a_part_of_it_is_refused(older):
    forget(older, [("notifications", "0022_webhook_cases")])

    with pytest.raises(ImproperlyConfigured, match="half-way: bring it up to date with commit"):
        call_command("migrate", verbosity=0)

    assert pending_migrations() == [".".join(key) for key in FOLDED]
