"""`manage.py workflow`: carry workflows between salons, installations and repositories."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from notifications import commands
from notifications.define import collect
from notifications.differences import Difference, differences
from notifications.exporting import export_workflows
from notifications.importing import Import, import_manifest, standing
from notifications.manifest import Json, from_yaml, to_yaml
from notifications.models import Workflow
from notifications.publishing import PublishRefused
from notifications.rehearsal import Rehearsal, rehearse, rehearse_draft
from notifications.rehearsal_words import as_lines, rehearsal_shape
from tenants.auth import Caller
from tenants.commandline import (
    CommandError,
    CommandParser,
    Verb,
    add_salon,
    caller_of,
    salon,
    spoken_json,
)
from tenants.models import Tenant
from tenants.scope import tenant_scope

NOTHING = "Nothing differs."


class Command(Verb):
    """Export, import, compare, sync and rehearse workflows with their texts."""

    help = (
        "export: write YAML. import: take YAML over and publish. diff: say where YAML differs from"
        " what runs (exit code 1), or nothing. sync: import the workflows of WORKFLOW_MODULES."
        " dry-run: show the path and the texts of one client, and send nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action and what it is about."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["export", "import", "diff", "sync", "dry-run"])
        parser.add_argument(
            "what",
            nargs="*",
            help="export: identifiers (all); import, diff: a file, or -; dry-run: an identifier",
        )
        add_salon(parser)
        parser.add_argument("--draft", action="store_true", help="drafts, not what is published")
        parser.add_argument("--dry-run", action="store_true", help="say what would change, only")
        parser.add_argument("--to", help="dry-run: the client's key")
        parser.add_argument(
            "--payload", type=spoken_json, default={}, help="dry-run: JSON object or @file"
        )
        parser.add_argument("--mode", choices=["live", "test"], default="live")
        parser.add_argument("--language", choices=["ru", "en"], default="en", help="of the path")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do one of them."""
        found = salon(options["tenant"])
        tenant_id = found.id
        match options["action"]:
            case "export":
                self._export(tenant_id, options)
            case "diff":
                self._diff(tenant_id, options)
            case "import":
                self._import(tenant_id, read_file(options["what"]), options)
            case "dry-run":
                self._rehearse(caller_of(found, options["mode"]), options)
            case _:
                self._import(tenant_id, _defined(), options)

    def _export(self, tenant_id: UUID, options: dict[str, Any]) -> None:
        wanted = options["what"] or None
        with tenant_scope(tenant_id):
            found = export_workflows(wanted, is_draft=options["draft"])
        missing = set(wanted or ()) - {item["identifier"] for item in found["workflows"]}
        if missing:
            names = ", ".join(sorted(missing))
            raise CommandError(f"Unknown or not published: {names}.", returncode=2)
        self.show(options, found, to_yaml(found).rstrip())

    def _diff(self, tenant_id: UUID, options: dict[str, Any]) -> None:
        document = read_file(options["what"])
        with tenant_scope(tenant_id):
            found = differences(standing(document, is_draft=options["draft"]), document)
        if options["json"] or found:
            self.show(options, [asdict(one) for one in found], told(found))
        if found:
            sys.exit(1)

    def _import(self, tenant_id: UUID, document: Json, options: dict[str, Any]) -> None:
        found = take_over(tenant_id, document, options)
        self.show(options, [asdict(one) for one in found], told(found) or NOTHING)

    def _rehearse(self, who: Caller, options: dict[str, Any]) -> None:
        if len(options["what"]) != 1 or not options["to"]:
            raise CommandError("Name one workflow, and the client: --to.", returncode=2)
        now = datetime.now(UTC)
        body = {"name": options["what"][0], "to": options["to"], "payload": options["payload"]}
        command = commands.read_command(body, now)
        path = _draft_path if options["draft"] else rehearse
        with tenant_scope(who.tenant_id):
            told = path(who, command, now)
            zone = ZoneInfo(Tenant.objects.get(pk=who.tenant_id).timezone)
        lines = as_lines(told, options["language"], zone)
        self.show(options, rehearsal_shape(told), "\n".join(lines))
        if told.status != "processed":
            raise CommandError(f"Nothing would be sent: {told.status}.")


def _draft_path(who: Caller, command: commands.Command, now: datetime) -> Rehearsal:
    draft = Workflow.objects.filter(identifier=command.name).first()
    if draft is None:
        raise CommandError(f"There is no workflow {command.name!r}.", returncode=2)
    try:
        return rehearse_draft(who, draft, command, now)
    except PublishRefused as refused:
        raise CommandError("\n".join(map(str, refused.problems))) from refused


def take_over(tenant_id: UUID, document: Json, options: dict[str, Any]) -> list[Difference]:
    """Import as the options say; --dry-run takes everything back. Raises CommandError."""
    how = Import(tenant_id, datetime.now(UTC), keeps_drafts=options["draft"])
    try:
        with tenant_scope(tenant_id):
            found = import_manifest(document, how)
            transaction.set_rollback(options["dry_run"])
    except PublishRefused as refused:
        raise CommandError("\n".join(map(str, refused.problems))) from refused
    return found


def read_file(names: Sequence[str]) -> Json:
    """Read the one file that is named; raises CommandError and InvalidFields."""
    if len(names) != 1:
        raise CommandError("Name one file, or - for standard input.", returncode=2)
    try:
        text = sys.stdin.read() if names[0] == "-" else Path(names[0]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        words = getattr(error, "strerror", None) or "it is not UTF-8"
        raise CommandError(f"{names[0]} cannot be read: {words}.", returncode=2) from error
    return from_yaml(text)


def told(found: Sequence[Difference]) -> str:
    """Say the differences one under another."""
    return "\n\n".join(map(str, found))


def _defined() -> Json:
    if not settings.WORKFLOW_MODULES:
        raise CommandError("WORKFLOW_MODULES names no module.", returncode=2)
    try:
        return collect(settings.WORKFLOW_MODULES)
    except ImproperlyConfigured as wrong:
        raise CommandError(str(wrong), returncode=2) from wrong
