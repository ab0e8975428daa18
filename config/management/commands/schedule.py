"""`manage.py schedule`: the process that watches the clock."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.schedule import Ticker


class Command(BaseCommand):
    """Run the scheduler until it is told to stop."""

    requires_system_checks: list[str] = []  # they would load every page of the site
    help = "Queue the periodic jobs of config/schedule.py; of several processes one leads."

    def handle(self, *args: Any, **options: Any) -> None:
        """Watch the clock."""
        # Our own laps are the retry; the client's would only delay SIGTERM.
        connection = Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        Ticker(connection).work()
