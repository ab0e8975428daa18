"""The product's settings with one queue for the plain way."""

from __future__ import annotations

from config.settings import *  # noqa: F403
from config.settings import REDIS_URL

RQ_QUEUES = {"plain": {"URL": REDIS_URL, "DEFAULT_TIMEOUT": 120}}
RQ = {}
