"""`manage.py deadletter`: list what ended in failure, send it again."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from notifications.deadletters import MOST, Letter, Wanted, find, replay_all
from tenants.commandline import CommandError, CommandParser, Verb, add_salon, salon, spoken_moment


class Command(Verb):
    """List and replay dead letters."""

    help = "List notifications that ended in failure, or send them again from the failed step."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the action and which letters."""
        super().add_arguments(parser)
        parser.add_argument("action", choices=["list", "replay"])
        add_salon(parser, required=False)
        parser.add_argument("--id", action="append", type=UUID, default=[], help="may be repeated")
        parser.add_argument("--reason", default="", help="exactly this reason")
        parser.add_argument("--since", type=spoken_moment, help="a date, or 30m, 12h, 7d ago")
        parser.add_argument("--limit", type=int, default=MOST, help=f"at most so many ({MOST})")
        parser.add_argument("--all", action="store_true", help="list: replayed ones too;"
                            " replay: without any other choice")  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        """List, or replay what a list of the same arguments shows."""
        wanted = Wanted(
            tenant_id=salon(options["tenant"]).id if options["tenant"] else None,
            ids=tuple(options["id"]),
            reason=options["reason"],
            since=options["since"],
        )
        if options["action"] == "list":
            self._list(wanted, options)
        else:
            self._replay(wanted, options)

    def _list(self, wanted: Wanted, options: dict[str, Any]) -> None:
        letters = find(wanted, limit=options["limit"], with_replayed=options["all"])
        lines = [_line(letter) for letter in letters] or ["No dead letters."]
        self.show(options, [asdict(letter) for letter in letters], "\n".join(lines))

    def _replay(self, wanted: Wanted, options: dict[str, Any]) -> None:
        if wanted == Wanted() and not options["all"]:
            raise CommandError(
                "Say which: --tenant, --id, --reason, --since, or --all.", returncode=2
            )
        letters = find(wanted, limit=options["limit"])
        replayed = replay_all(letters)
        left = len(letters) - len(replayed)
        text = f"Replayed {len(replayed)} of {len(letters)}."
        self.show(options, {"replayed": replayed, "left": left}, text)
        missing = set(wanted.ids) - set(replayed)
        if missing:
            raise CommandError(
                f"{len(missing)} of the named letters could not be replayed: they are unknown,"
                " replayed already, or past retention."
            )


def _line(letter: Letter) -> str:
    mark = "replayed" if letter.replayed_at else "open"
    when = f"{letter.created_at:%Y-%m-%d %H:%M}"
    return f"{letter.id}  {when}  {letter.tenant}  step {letter.step}  {letter.reason}  {mark}"
