"""`manage.py switch`: stop what goes out, let it go on, show what is stopped."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any
from uuid import UUID

from notifications import stops
from notifications.api.stops import shown
from notifications.models import Category, PlatformStop, Stop
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon
from tenants.scope import tenant_scope

ACTOR = "command"


class Command(Verb):
    """Start, end and list stops of one salon, or without --tenant of all."""

    help = "Stop messages of a salon, or of all: everything, a channel, a category."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action and what it is about."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["stop", "start", "list"])
        add_salon(parser, required=False)
        parser.add_argument("--channel", default="", choices=["", *stops.CHANNELS])
        parser.add_argument("--category", default="", choices=["", *Category.values])
        parser.add_argument("--note", default="", help="stop: why")
        parser.add_argument("--id", type=UUID, help="start: this stop only")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it and show the stops that were touched, or all."""
        tenant = salon(options["tenant"]).id if options["tenant"] else None
        with tenant_scope(tenant) if tenant else nullcontext():
            touched = _DEEDS[options["action"]](tenant, options)
        lines = [_line(row) for row in touched] or ["No stops."]
        self.show(options, [shown(row) for row in touched], "\n".join(lines))


def _stop(tenant: UUID | None, options: dict[str, Any]) -> list[Stop | PlatformStop]:
    wanted = stops.read({name: options[name] for name in ("channel", "category", "note")})
    return [stops.start(tenant, wanted, ACTOR)]


def _start(tenant: UUID | None, options: dict[str, Any]) -> list[Stop | PlatformStop]:
    """End the named stop, or every open one of exactly this channel and category."""
    if options["id"]:
        return [stops.end(tenant, options["id"], ACTOR)]
    place = (options["channel"], options["category"])
    found = [one for one in stops.find(tenant) if one.is_open]
    ended = [one for one in found if (one.channel, one.category) == place]
    if not ended:
        raise CommandError("Nothing of this channel and category is stopped; see `switch list`.")
    return [stops.end(tenant, one.pk, ACTOR) for one in ended]


def _list(tenant: UUID | None, options: dict[str, Any]) -> list[Stop | PlatformStop]:
    return stops.find(tenant)


_DEEDS = {"stop": _stop, "start": _start, "list": _list}


def _line(row: Stop | PlatformStop) -> str:
    what = f"{row.channel or 'all channels'}, {row.category or 'tx and mk'}"
    state = "stopped" if row.is_open else f"ended {row.ended_at:%Y-%m-%d %H:%M} by {row.ended_by}"
    when = f"{row.started_at:%Y-%m-%d %H:%M} by {row.started_by}"
    return f"{row.pk}  {what}  {when}  {state}  {row.note}".rstrip()
