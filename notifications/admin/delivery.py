"""The screens of what happened: events, notifications with their story, messages, the log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from notifications.admin.reasons import told
from notifications.deadletters import replay
from notifications.models import (
    DeadLetter,
    Event,
    LogEntry,
    Message,
    MessageState,
    Notification,
    NotificationState,
)
from notifications.story import StoryLine, stories
from notifications.story_words import place_words, tell_line
from tenants.admin_base import MODE_LABELS, LogAdmin, column
from tenants.admin_deeds import DeedsOnPage
from tenants.ids import floor_id
from tenants.permissions import standing

STATE_LABELS = {
    "pending": "info",
    "running": "info",
    "delayed": "info",
    "completed": "success",
    "sent": "info",
    "delivered": "success",
    "read": "success",
    "failed": "danger",
    "bounced": "danger",
    "unknown": "warning",
    "skipped": "warning",
    "canceled": "warning",
    "merged": "info",
}


class MadeFilter(admin.SimpleListFilter):
    """How long ago: a bound on the time-ordered id, which is the partition key as well."""

    title = _("time")
    parameter_name = "made"
    SPANS = {"hour": 1, "day": 24, "week": 24 * 7, "month": 24 * 31}

    def lookups(self, request: HttpRequest, model_admin: Any) -> Sequence[tuple[str, Any]]:
        """Offer four spans."""
        return (
            ("hour", _("Last hour")),
            ("day", _("Last 24 hours")),
            ("week", _("Last 7 days")),
            ("month", _("Last 31 days")),
        )

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Cut by id."""
        hours = self.SPANS.get(self.value() or "")
        if hours is None:
            return queryset
        return queryset.filter(pk__gte=floor_id(timezone.now() - timedelta(hours=hours)))


class StoryAdmin(LogAdmin):
    """A row that belongs to one notification of one client."""

    def heading(self, row: Any) -> str:
        """Head the page by the client's name."""
        return str(self.client(row))

    def client_of(self, subscriber: Any) -> str:
        """Name the client."""
        name = f"{subscriber.first_name} {subscriber.last_name}".strip()
        return name or str(subscriber.subscriber_id)

    @column(_("reason"))
    def why(self, row: Any) -> Any:
        """Say the reason in the reader's language."""
        return told(row.reason)

    @column(_("client"))
    def client(self, row: Any) -> str:
        """Name the client."""
        return self.client_of(row.notification.subscriber)


@admin.register(Event)
class EventAdmin(LogAdmin):
    """Accepted triggers."""

    list_display = ("made_at", "scenario", "transaction_id", "mode_label", "due_at", "canceled_at")
    list_filter = (MadeFilter, "mode")
    list_select_related = ("workflow",)
    search_fields = ("transaction_id__exact",)
    search_help_text = _("The whole transaction id")
    fields = (
        ("made_at", "mode"),
        ("scenario", "version_number", "transaction_id"),
        ("due_at", "expires_at", "canceled_at"),
        "payload",
        "overrides",
    )

    @column(_("workflow"), ordering="workflow")
    def scenario(self, row: Event) -> str:
        """Name the workflow."""
        return str(row.workflow.name)

    @column(_("version"))
    def version_number(self, row: Event) -> int:
        """Number the version that ran."""
        return int(row.version.number)

    @column(_("mode"), label=MODE_LABELS)
    def mode_label(self, row: Event) -> tuple[str, str]:
        """Colour the mode."""
        return row.mode, row.get_mode_display()


@admin.register(Notification)
class NotificationAdmin(StoryAdmin):
    """One event for one client, with its whole story: the answer to “why did she not get it?”"""

    empty_words = _(
        "As soon as your booking system tells of a visit, its notifications stand here."
    )
    list_display = ("made_at", "client", "workflow", "state_label", "why", "finished_at")
    list_filter = (MadeFilter, "state")
    list_select_related = ("subscriber", "event__workflow")
    search_fields = ("subscriber__first_name", "subscriber__last_name", "subscriber__subscriber_id")
    search_help_text = _("Name or key of the client")
    fields = (("client", "workflow"), ("state", "why"), ("made_at", "finished_at"))
    change_form_outer_after_template = "notifications/admin/notification_story.html"

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **kwargs: Any) -> Any:
        """Tell the story under the card."""
        row = self.get_object(request, object_id)
        if row is not None and self.has_view_permission(request, row):
            extra = kwargs.setdefault("extra_context", None) or {}
            kwargs["extra_context"] = extra | _story(row)
        return super().change_view(request, object_id, *args, **kwargs)

    @column(_("client"))
    def client(self, row: Notification) -> str:
        """Name the client."""
        return self.client_of(row.subscriber)

    @column(_("workflow"))
    def workflow(self, row: Notification) -> str:
        """Name the workflow."""
        return str(row.event.workflow.name)

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: Notification) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()


@admin.register(LogEntry)
class LogEntryAdmin(StoryAdmin):
    """The delivery log, line by line, those of the newest notification first."""

    ordering = ("-notification_id", "-id")  # as the index goes: there is none by id
    sortable_by = ()
    list_display = ("made_at", "client", "status_label", "why", "detail")
    list_filter = (MadeFilter,)
    list_select_related = ("notification__subscriber",)
    search_fields = ("notification__subscriber__subscriber_id__exact",)
    search_help_text = _("The client's key, whole")
    fields = (("client", "made_at"), ("status", "why", "step"), "detail", "message_key")

    @column(_("message"))
    def message_key(self, row: LogEntry) -> str:
        """Give the id of the message that the line is about."""
        return str(row.message_id or "—")

    @column(_("status"), label=STATE_LABELS)
    def status_label(self, row: LogEntry) -> tuple[str, Any]:
        """Colour the status."""
        return row.status, _status(row.status)


@admin.register(DeadLetter)
class DeadLetterAdmin(DeedsOnPage, StoryAdmin):
    """What ended in failure and can be sent again."""

    actions = page_actions = ("replay",)
    empty_words = _("Everything arrived, or was kept back on purpose.")
    list_display = ("created_at", "client", "why", "detail", "replayed_at")
    list_filter = (("replayed_at", admin.EmptyFieldListFilter),)
    list_select_related = ("notification__subscriber",)
    fields = (("client", "created_at"), ("why", "step"), "detail", "replayed_at")

    def offers(self, row: DeadLetter) -> Sequence[str]:
        """Offer it once."""
        return () if row.replayed_at else self.page_actions

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Let those who look after clients send again."""
        return standing(request).may("change", "cases")

    @admin.action(description=_("Send again"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: Any) -> None:
        """Send again from the step that failed."""
        tenant_id = standing(request).tenant_id
        keys = list(queryset.values_list("pk", flat=True))
        count = len(replay(tenant_id, keys)) if tenant_id else 0
        messages.success(request, _("Sent again: %(count)s.") % {"count": count})


def _story(row: Notification) -> dict[str, Any]:
    found = stories(row.tenant_id, [row.pk])
    sent = Message.objects.filter(tenant_id=row.tenant_id, notification=row).order_by("pk")[:50]
    lines = [_line(line) for one in found for line in one.lines]
    return {"lines": lines, "sent": [_sent(message) for message in sent]}


def _status(word: str) -> Any:
    return (dict(NotificationState.choices) | dict(MessageState.choices)).get(word, word)


def _line(line: StoryLine) -> dict[str, Any]:
    zone = timezone.get_current_timezone()
    return {
        "moment": line.time,
        "status": line.status,
        "words": tell_line(line, _language(), zone),
    }


def _sent(message: Message) -> dict[str, Any]:
    place = place_words(message.channel, message.provider, _language())
    return {"message": message, "place": place}


def _language() -> str:
    return (get_language() or "ru")[:2]
