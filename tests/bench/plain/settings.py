"""The product's settings with plain queues and one view for the plain way."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import REDIS_URL

RQ_QUEUES = {name: {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 120} for name in ("plain", "plain-urgent")}
RQ = {}
MIDDLEWARE = []
ROOT_URLCONF = "tests.bench.plain.urls"
