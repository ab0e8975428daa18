"""Write the .mo files beside the .po files that people edit."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.texts import BadPo, compile_file


class Command(BaseCommand):
    """Compile the translations, or with --check say whether they are up to date."""

    help = "Compile the translations in config/locale (.po to .mo); needs no gettext."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take --check."""
        parser.add_argument("--check", action="store_true", help="write nothing; 1 if one is stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compile each file."""
        stale = []
        for po in sorted(Path(settings.LOCALE_PATHS[0]).rglob("*.po")):
            mo = po.with_suffix(".mo")
            try:
                compiled = compile_file(po)
            except BadPo as error:
                raise CommandError(f"{po.name}: {error}") from error
            if mo.exists() and mo.read_bytes() == compiled:
                continue
            stale.append(po)
            if not options["check"]:
                mo.write_bytes(compiled)
                self.stdout.write(f"{mo.name} written")
        if stale and options["check"]:
            raise CommandError("Stale translations: run manage.py compile_texts")
