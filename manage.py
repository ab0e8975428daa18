#!/usr/bin/env python
"""Kolokol's command line."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Find the servers that the command needs, then run it; bad settings are one sentence."""
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from config.launch import load, option, prepare

    default = os.environ.get("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["DJANGO_SETTINGS_MODULE"] = option(sys.argv, "--settings", default)
    try:
        prepare(sys.argv)
        load()
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as fault:
        sys.exit(str(fault))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
