"""Run `manage.py` as a person does: a real process, with this test run's servers.

A process costs most of a second of processor time, so `said` runs a command's whole command line
in this process. Started for real are those whose environment, signals or exit code are the point.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

from django.core.management import get_commands, load_command_class

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
    return _run([str(ROOT / "manage.py"), *words], timeout_s, changes)


def python(code: str, *words: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python in a process of its own."""
    return _run(["-c", code, *words], 60, changes)


def _run(
    words: list[str], timeout_s: float, changes: dict[str, str | None]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *words],
        env=environment(**changes),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )


def said(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command's line in this process: parser, refusals and exit code are the real ones."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            command = load_command_class(str(get_commands()[words[0]]), words[0])
            command.run_from_argv(["manage.py", *words])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())


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
