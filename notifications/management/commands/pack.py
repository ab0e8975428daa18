"""`manage.py pack`: show the packs of ready workflows, or add one to a salon."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from notifications.importing import Import
from notifications.models import Workflow
from notifications.offers import Offer, add, offers
from notifications.pack_updates import Update, apply, outdated
from notifications.publishing import PublishRefused
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.scope import tenant_scope


class Command(Verb):
    """List packs, add one, bring copies up to date."""

    help = (
        "List the packs of ready workflows and what of them a salon has, or add one to it."
        " diff: say what newer packs would change in the salon's copies (exit code 1), or nothing."
        " update: change it; what the salon has made different itself stays."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action and the pack."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["list", "add", "diff", "update"])
        parser.add_argument("pack", nargs="?", help="its name, such as business-events")
        add_salon(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """List, or copy what the salon lacks of a pack."""
        tenant_id = salon(options["tenant"]).id
        if options["action"] == "list":
            with tenant_scope(tenant_id):
                found = offers(tenant_id)
            self.show(options, [_row(one) for one in found], "\n".join(map(_line, found)))
            return
        if options["action"] in ("diff", "update"):
            self._update(tenant_id, options)
            return
        if not options["pack"]:
            raise CommandError("Say which pack: pack list shows them.", returncode=2)
        with tenant_scope(tenant_id):
            added = add(tenant_id, options["pack"])
        report = {"pack": options["pack"], "added": added}
        self.show(options, report, f"{options['pack']}: {added} workflows added")

    def _update(self, tenant_id: UUID, options: dict[str, Any]) -> None:
        is_diff = options["action"] == "diff"
        try:
            with tenant_scope(tenant_id):
                found = outdated(options["pack"] or "")
                for copy, update in () if is_diff else found:
                    apply(copy, update, Import(tenant_id, datetime.now(UTC)))
        except PublishRefused as refused:
            raise CommandError("\n".join(map(str, refused.problems))) from refused
        if found or options["json"]:
            lines = [line for copy, update in found for line in _told(copy, update)]
            self.show(options, [_change(*one) for one in found], "\n".join(lines))
        if is_diff and found:
            sys.exit(1)


def _told(copy: Workflow, update: Update) -> list[str]:
    kept = [f"kept: {place}" for place in update.kept]
    return [f"{copy.identifier}: to version {update.version}", *kept, *update.lines]


def _change(copy: Workflow, update: Update) -> dict[str, Any]:
    return {
        "workflow": copy.identifier,
        "version": update.version,
        "kept": update.kept,
        "lines": update.lines,
    }


def _row(offer: Offer) -> dict[str, Any]:
    return {
        "name": offer.pack.name,
        "version": offer.pack.version,
        "added": offer.copies,
        "missing": offer.missing,
    }


def _line(offer: Offer) -> str:
    pack = offer.pack
    has = len(pack.workflows) - len(offer.missing)
    return f"{pack.name}  version {pack.version}  {has} of {len(pack.workflows)} workflows"
