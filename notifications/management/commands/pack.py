"""`manage.py pack`: show the packs of ready workflows, or add one to a salon."""

from __future__ import annotations

from typing import Any

from notifications.offers import Offer, add, offers
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.scope import tenant_scope


class Command(Verb):
    """List packs, add one."""

    help = "List the packs of ready workflows and what of them a salon has, or add one to it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action and the pack."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["list", "add"])
        parser.add_argument("pack", nargs="?", help="add: its name, such as business-events")
        add_salon(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """List, or copy what the salon lacks of a pack."""
        tenant_id = salon(options["tenant"]).id
        if options["action"] == "list":
            with tenant_scope(tenant_id):
                found = offers(tenant_id)
            self.show(options, [_row(one) for one in found], "\n".join(map(_line, found)))
            return
        if not options["pack"]:
            raise CommandError("Say which pack: pack list shows them.", returncode=2)
        with tenant_scope(tenant_id):
            added = add(tenant_id, options["pack"])
        report = {"pack": options["pack"], "added": added}
        self.show(options, report, f"{options['pack']}: {added} workflows added")


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
