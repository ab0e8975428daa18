"""`manage.py create_tenant`: make a salon with its scenarios, its Phone and its two keys."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from channels.integrations import ensure_phone
from notifications.inbound_answers import PACK as ANSWERS
from notifications.packs import PackError
from notifications.seeding import seed
from tenants.accounts import create_tenant, issue_key
from tenants.commandline import CommandError, CommandParser, Verb
from tenants.scope import tenant_scope


class Command(Verb):
    """Make a salon; everything or nothing."""

    help = "Make a salon with the scenarios of a pack; prints its keys, once."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take what a salon is."""
        super().add_arguments(parser)
        parser.add_argument("slug", help="identifier: a-z, 0-9, - and _")
        parser.add_argument("--name", help="shown to clients; default: the identifier")
        parser.add_argument("--timezone", default="Europe/Moscow", help="an IANA name")
        parser.add_argument("--language", default="ru", choices=["ru", "en"])
        parser.add_argument(
            "--sandbox", action="store_true", help="everything goes to the Phone, even live"
        )
        parser.add_argument("--pack", default="salon", help="scenarios to start with (salon)")
        parser.add_argument("--no-pack", action="store_true", help="start without scenarios")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make it and print the keys."""
        try:
            made = _make(options)
        except PackError as error:
            raise CommandError(str(error), returncode=2) from error
        text = (
            f"Salon {made['slug']} ({made['name']}), {made['workflows']} workflows.\n"
            f"live key  {made['live_key']}\n"
            f"test key  {made['test_key']}\n"
            "The keys are shown this once."
        )
        self.show(options, made, text)


def _make(options: dict[str, Any]) -> dict[str, Any]:
    with transaction.atomic():
        tenant = create_tenant(
            options["slug"],
            options["name"] or options["slug"],
            timezone=options["timezone"],
            language=options["language"],
            is_sandbox=options["sandbox"],
        )
        with tenant_scope(tenant.pk):
            ensure_phone(tenant.pk)
            seed(tenant.pk, ANSWERS)  # whatever else it starts with, it hears "stop"
            workflows = 0 if options["no_pack"] else seed(tenant.pk, options["pack"])
        _, live_key = issue_key(tenant.pk, "live", "first")
        _, test_key = issue_key(tenant.pk, "test", "first")
    return {
        "id": tenant.pk,
        "slug": tenant.slug,
        "name": tenant.name,
        "workflows": workflows,
        "live_key": live_key,
        "test_key": test_key,
    }
