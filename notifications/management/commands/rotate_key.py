"""`manage.py rotate_key`: give a salon a new key while the old one goes on for a while."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.accounts import OVERLAP, rotate_key
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.models import ApiKey
from tenants.rotation import keys_due
from tenants.scope import tenant_scope

_HOURS = OVERLAP.total_seconds() / 3600


class Command(Verb):
    """Rotate one key, or list those that are due."""

    help = "Make the successor of an API key and print it, once; --due lists keys past their date."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the key."""
        super().add_arguments(parser)
        add_salon(parser, required=False)
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--prefix", help="how the key begins, such as kk_live_0a1b2c3d")
        which.add_argument("--id", type=UUID, help="the key's id")
        which.add_argument("--due", action="store_true", help="list keys past their date")
        parser.add_argument(
            "--overlap",
            type=float,
            default=_HOURS,
            help=f"hours that the old key still works ({_HOURS:.0f})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """List or rotate."""
        if options["due"]:
            self._list(options)
            return
        if not options["tenant"]:
            raise CommandError("Name the key's salon: --tenant.", returncode=2)
        if not 0 <= options["overlap"] <= 24 * 90:
            raise CommandError("--overlap must be 0 to 2160 hours.", returncode=2)
        self._rotate(options)

    def _list(self, options: dict[str, Any]) -> None:
        due = [
            key for key in keys_due(datetime.now(UTC)) if options["tenant"] in (None, key.tenant)
        ]
        lines = [
            f"{key.prefix}  {key.tenant or 'platform'}  {key.mode}  since {key.rotate_after:%F}"
            for key in due
        ]
        self.show(options, [asdict(key) for key in due], "\n".join(lines or ["No key is due."]))

    def _rotate(self, options: dict[str, Any]) -> None:
        tenant = salon(options["tenant"])
        with tenant_scope(tenant.id):
            old = _find(options)
            new, text = rotate_key(old.pk, timedelta(hours=options["overlap"]))
            old.refresh_from_db()
        made = {
            "id": new.pk,
            "key": text,
            "mode": new.mode,
            "replaces": old.prefix,
            "old_key_ends": old.expires_at,
        }
        ends = f"{old.expires_at:%Y-%m-%d %H:%M} UTC"
        self.show(options, made, f"{text}\nShown this once; {old.prefix}… works until {ends}.")


def _find(options: dict[str, Any]) -> ApiKey:
    """Find the one key that is meant; the salon's scope is open."""
    found = ApiKey.objects.filter(revoked_at=None)
    if options["id"]:
        found = found.filter(pk=options["id"])
    else:
        found = found.filter(prefix__startswith=options["prefix"][:16])
    keys: list[ApiKey] = list(found[:2])
    if len(keys) != 1:
        raise CommandError(
            "Several keys begin so: give more of it, or --id."
            if keys
            else "This salon has no such key, or it was revoked.",
            returncode=2,
        )
    return keys[0]
