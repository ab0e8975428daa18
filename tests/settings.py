"""The product's settings with the values of a test: servers come from conftest."""

from __future__ import annotations

import os
from pathlib import Path

if "PYTEST_VERSION" in os.environ:  # not for linters, which only read the settings
    from tests.servers import enter_environment, find

    SERVERS = find()
    enter_environment(SERVERS)

os.environ.setdefault("SECRET_KEY", "tests only: fifty characters that protect nothing at all")
os.environ.setdefault("ENCRYPTION_KEYS", "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
os.environ.setdefault("DATABASE_URL", "postgresql://kolokol_app:app@localhost:1/kolokol")
os.environ.setdefault("DATABASE_OWNER_URL", "postgresql://kolokol_owner:owner@localhost:1/kolokol")
os.environ.setdefault("REDIS_URL", "redis://localhost:1/0")
os.environ.setdefault("DNS_SERVERS", "127.0.0.1:9")  # no test asks the network

from config.settings import *  # noqa: F403  (the environment above comes first)

# whitenoise warns about a missing folder; collectstatic makes it in a real place
Path(STATIC_ROOT).mkdir(parents=True, exist_ok=True)  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # speed; never in the product
# each test client would scan the static folders (17 ms); files are found when asked for
WHITENOISE_AUTOREFRESH = True
