"""Where this test run's Redis is, in the form that the client takes."""

from __future__ import annotations

import re

from django.conf import settings


def redis_url() -> str:
    """Write a socket's address with the three slashes that some URL tools take away."""
    return re.sub(r"^unix:/+", "unix:///", settings.REDIS_URL)
