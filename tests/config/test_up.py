"""`up` says in a sentence why it does not start, and leaves what runs already alone."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings

CHECKOUT = Path(__file__).resolve().parents[2]


def pins(file: str) -> set[str]:
    return {line for line in (CHECKOUT / file).read_text().splitlines() if "==" in line}


def test_what_runs_it_and_its_image_is_what_was_tested():
    tested = pins("requirements-dev.txt")

    assert pins("requirements.txt") < pins("requirements-up.txt") < tested


def up(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {"DATABASE_URL": settings.DATABASE_URL, "REDIS_URL": settings.REDIS_URL}
    return subprocess.run(
        [sys.executable, "manage.py", "up", "--data", str(folder), *options],
        cwd=CHECKOUT,
        env={**os.environ, **given, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        capture_output=True,
        timeout=60,
        text=True,
    )


def test_a_second_one_in_the_same_folder_is_refused(tmp_path):
    with (tmp_path / ".up").open("w") as first:
        fcntl.lockf(first, fcntl.LOCK_EX)
        done = up(tmp_path)

    assert done.returncode == 1
    assert f"Kolokol runs in {tmp_path} already: stop it first" in done.stderr
    assert not (tmp_path / "environment").exists()


def test_a_database_that_is_away_is_one_sentence(tmp_path):
    away = "postgresql://app:secret@127.0.0.1:1/kolokol"

    done = up(tmp_path, "--port", "0", DATABASE_URL=away, DATABASE_OWNER_URL=away)

    assert done.returncode == 1
    assert done.stderr.startswith("The database cannot be made ready: connection failed")
    assert "Traceback" not in done.stderr
    assert "secret" not in done.stderr


def test_a_folder_that_cannot_be_one_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()

    done = up(tmp_path / "file", REDIS_URL="")

    assert done.returncode == 1
    assert done.stderr.startswith(f"Kolokol cannot start its servers in {tmp_path}/file: ")
    assert "Traceback" not in done.stderr
