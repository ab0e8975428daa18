#!/usr/bin/env python
"""Kolokol's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Find the servers that the command needs, then run it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from config.launch import prepare

    prepare(sys.argv)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
