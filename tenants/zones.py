"""Which time zones are there? Those of the machine's tz database."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

timezones = cache(available_timezones)  # it walks the disk at each call, 10 ms
