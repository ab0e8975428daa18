"""Run `manage.py` as a person does: a real process, with this test run's servers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(**changes: str | None) -> dict[str, str]:
    """Give this run's environment with changes; None takes a variable away."""
    values = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "KOLOKOL_DATA": "/nowhere"}
    values.pop("PYTEST_VERSION", None)
    values.update({name: value for name, value in changes.items() if value is not None})
    return {name: value for name, value in values.items() if changes.get(name, "") is not None}


def manage(
    *words: str, timeout_s: float = 60, **changes: str | None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=environment(**changes),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def start(*words: str, **changes: str | None) -> subprocess.Popen[str]:
    """Start a command that goes on until it is told to stop."""
    return subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env=environment(**changes),
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
