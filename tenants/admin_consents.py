"""The screen of the ledger of consents: read by the salon, written by nobody here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.admin_base import MODE_LABELS, LogAdmin, column
from tenants.models import Consent, Subscriber

#: Where the platform itself hears a word; other sources are the salon's own and shown as they are.
SOURCES: Mapping[str, Any] = {
    "api": _("the salon's software"),
    "command": _("the operator's command"),
    "button": _("a button in a message"),
    "stop_word": _("the client wrote STOP"),
    "provider": _("the messenger's settings"),
    "unsubscribe_link": _("the link in a letter"),
    "unsubscribed": _("the mail provider"),
    "complaint": _("a complaint about spam"),
    "demo": _("an example"),
}


ACTORS: Mapping[str, Any] = {
    "api": _("the salon's software"),
    "key": _("the salon's software"),
    "command": _("the operator's command"),
    "client": _("the client herself"),
    "provider": _("the provider"),
    "demo": _("an example"),
}


@admin.register(Consent)
class ConsentAdmin(LogAdmin):
    """What clients agreed to, newest first, with where the proof lies."""

    area = "clients"
    list_display = ("at", "client", "purpose", "channel_words", "word", "source_words", "mode")
    list_display_links = ("at",)
    list_filter = ("purpose", "given", "channel")
    search_fields = ("subscriber__subscriber_id",)
    search_help_text = _("The client's key from the booking system")
    fields = (
        ("client", "word"),
        ("purpose", "channel_words"),
        ("at", "made_at"),
        ("text_version", "source_words"),
        ("actor_words", "evidence"),
    )
    readonly_fields = ("client", "word", "channel_words", "source_words", "made_at", "actor_words")
    empty_words = _(
        "Each yes and no of a client to marketing stands here, with its source: from your booking"
        " system, from a pressed button, from a STOP."
    )

    def heading(self, row: Consent) -> str:
        """Head the page by what it is about."""
        return f"{row.get_purpose_display()}: {self.word(row)[1]}"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the clients of a page at once; one who was deleted is no reason to hide a row."""
        return super().get_queryset(request).prefetch_related("subscriber")

    @column(_("client"))
    def client(self, row: Consent) -> str:
        """Name the client, or say that she was deleted."""
        try:
            person = row.subscriber
        except Subscriber.DoesNotExist:
            return str(_("deleted client"))
        return f"{person.first_name} {person.last_name}".strip() or str(person.subscriber_id)

    @column(_("mode"), label=MODE_LABELS)
    def mode(self, row: Consent) -> tuple[str, str]:
        """Tell a client from the test client of the same name."""
        try:
            return row.subscriber.mode, row.subscriber.get_mode_display()
        except Subscriber.DoesNotExist:
            return "", "—"

    @column(_("channel"), ordering="channel")
    def channel_words(self, row: Consent) -> str:
        """Name the channel, or all."""
        return row.get_channel_display() if row.channel else str(_("all channels"))

    @column(_("source"), ordering="source")
    def source_words(self, row: Consent) -> str:
        """Say where it was said."""
        return str(SOURCES.get(row.source, row.source))

    @column(_("recorded at"), ordering="id")
    def made_at(self, row: Consent) -> str:
        """Say when it was written down, which may be long after it was said."""
        return super().made_at(row)

    @column(_("recorded by"))
    def actor_words(self, row: Consent) -> str:
        """Say who wrote it down."""
        return str(ACTORS.get(row.actor.partition(":")[0], row.actor)) or "—"

    @column(_("decision"), ordering="given", label={"given": "success", "withdrawn": "danger"})
    def word(self, row: Consent) -> tuple[str, str]:
        """Colour yes and no."""
        return ("given", str(_("given"))) if row.given else ("withdrawn", str(_("withdrawn")))
