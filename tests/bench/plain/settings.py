"""The product's settings with plain queues and one view for the plain way."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import REDIS_URL

RQ_QUEUES = {name: {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 120} for name in ("plain", "plain-urgent")}
RQ = {}
MIDDLEWARE = []
ROOT_URLCONF = "tests.bench.plain.urls"
# There are no pages here; the admin is installed because our apps import it.
SILENCED_SYSTEM_CHECKS = [*SILENCED_SYSTEM_CHECKS, "admin.E408", "admin.E409", "admin.E410"]  # noqa: F405
