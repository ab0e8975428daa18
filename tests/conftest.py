"""What every test stands on: committed data in a real database, as the app's ordinary role."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection

from tests.servers import make_database


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """Make this worker's database; nothing is rolled back, each test has a fresh tenant."""
    with django_db_blocker.unblock():
        make_database(settings.SERVERS)
        yield
        connection.close()


@pytest.fixture(autouse=True)
def database(request, django_db_setup, django_db_blocker) -> Iterator[None]:
    """Open the database to every test and forget open work at its end."""
    with django_db_blocker.unblock():
        yield
