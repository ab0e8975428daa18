"""`manage.py whatsapp_template`: list, submit and sync the texts that WhatsApp must approve."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from channels.errors import DeliveryError
from channels.models import WhatsAppTemplate
from channels.whatsapp import submit, sync_all
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.scope import tenant_scope


class Command(Verb):
    """Look after a salon's WhatsApp templates."""

    help = "List a salon's WhatsApp templates, submit one, or ask WhatsApp what became of them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the verb, the salon, and for submit which one."""
        super().add_arguments(parser)
        parser.add_argument("verb", choices=["list", "submit", "sync"])
        add_salon(parser)
        parser.add_argument("--name", help="of the template to submit")
        parser.add_argument("--language", choices=["ru", "en"], default="ru")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and show what stands now."""
        tenant_id, now = salon(options["tenant"]).id, datetime.now(UTC)
        try:
            if options["verb"] == "submit":
                submit(tenant_id, _named(tenant_id, options), now)
            elif options["verb"] == "sync":
                sync_all(tenant_id, now)
        except DeliveryError as refused:
            raise CommandError(f"WhatsApp did not take it: {refused.detail}") from refused
        rows = _rows(tenant_id)
        lines = [
            f"{row['name']} {row['language']}: {row['state']}"
            + (f" ({row['reason']})" if row["reason"] else "")
            + (f", runs as {row['runs']}" if row["runs"] else "")
            for row in rows
        ]
        self.show(options, rows, "\n".join(lines) or "There are no WhatsApp templates.")


def _named(tenant_id: UUID, options: dict[str, Any]) -> UUID:
    with tenant_scope(tenant_id):
        rows = WhatsAppTemplate.objects.filter(
            tenant_id=tenant_id, name=options["name"] or "", language=options["language"]
        )
        found: UUID | None = rows.values_list("pk", flat=True).first()
    if found is None:
        raise CommandError(
            "Name the template to submit: --name, --language; list shows them.", returncode=2
        )
    return found


def _rows(tenant_id: UUID) -> list[dict[str, str]]:
    with tenant_scope(tenant_id):
        rows = WhatsAppTemplate.objects.filter(tenant_id=tenant_id).order_by("name", "language")
        return [
            {
                "name": row.name,
                "language": row.language,
                "state": row.state,
                "reason": row.reason,
                "runs": row.approved_name if row.is_running else "",
            }
            for row in rows
        ]
