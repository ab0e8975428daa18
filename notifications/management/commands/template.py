"""`manage.py template`: look for faults in texts, carry them between salons and repositories."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any
from uuid import UUID

from notifications.exporting import export_templates
from notifications.management.commands.workflow import NOTHING, read_file, take_over, told
from notifications.manifest import to_yaml
from notifications.models import MessageTemplate
from notifications.refusals import Refusal, template_problems
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.scope import tenant_scope


class Command(Verb):
    """Lint, export and import texts."""

    help = (
        "lint: say what must be corrected in drafts before they can be published (exit code 1)."
        " export: write YAML. import: take YAML over and publish."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action and what it is about."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["lint", "export", "import"])
        parser.add_argument(
            "what", nargs="*", help="lint, export: identifiers (all); import: a file, or -"
        )
        add_salon(parser)
        parser.add_argument("--draft", action="store_true", help="drafts, not what is published")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them."""
        tenant_id = salon(options["tenant"]).id
        match options["action"]:
            case "lint":
                self._lint(tenant_id, options)
            case "export":
                self._export(tenant_id, options)
            case _:
                document = read_file(options["what"]) | {"workflows": []}
                found = take_over(tenant_id, document, options)
                self.show(options, [asdict(one) for one in found], told(found) or NOTHING)

    def _lint(self, tenant_id: UUID, options: dict[str, Any]) -> None:
        with tenant_scope(tenant_id):
            rows = MessageTemplate.objects.order_by("key")
            if options["what"]:
                rows = rows.filter(key__in=options["what"])
            found = {row.key: template_problems(row) for row in rows}
        _require(options["what"], set(found))
        problems = [(key, one) for key, listed in found.items() for one in listed]
        lines = [f"{key}: {one}" for key, one in problems] or [f"{len(found)} templates, no fault."]
        self.show(options, [_shown(*problem) for problem in problems], "\n".join(lines))
        if problems:
            sys.exit(1)

    def _export(self, tenant_id: UUID, options: dict[str, Any]) -> None:
        with tenant_scope(tenant_id):
            found = export_templates(options["what"] or None, is_draft=options["draft"])
        _require(options["what"], {item["key"] for item in found["templates"]})
        self.show(options, found, to_yaml(found).rstrip())


def _require(wanted: list[str], found: set[str]) -> None:
    if missing := set(wanted) - found:
        names = ", ".join(sorted(missing))
        raise CommandError(f"Unknown or not published: {names}.", returncode=2)


def _shown(key: str, problem: Refusal) -> dict[str, Any]:
    return {"template": key, **asdict(problem)}
