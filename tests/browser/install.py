"""Where is Chromium? On the path, or from the system's package manager if it may install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INSTALL = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"),
)
MISSING = (
    "There is no Chromium, and this account may not install it: install the package chromium"
    " (or chromium-browser, google-chrome), then run make test-browser again."
)


def find() -> str:
    """Give the path of a Chromium, or nothing."""
    return next(filter(None, map(shutil.which, NAMES)), "")


def may_install() -> bool:
    """Say whether this account may use a package manager that we know."""
    return os.geteuid() == 0 and bool(shutil.which("apt-get"))


def install() -> str:
    """Install Chromium by apt-get; give its path, or nothing."""
    for command in INSTALL:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        if subprocess.run(command, env=environment, check=False, timeout=600).returncode:
            return ""
    return find()


if __name__ == "__main__":
    found = find() or (install() if may_install() else "")
    print(found or MISSING, file=sys.stdout if found else sys.stderr)
    sys.exit(0 if found else 1)
