"""The API of this room under test, with its probes."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def routes(settings):
    """Serve this room's routes only."""
    settings.ROOT_URLCONF = "tests.tenants.api_urls"
