"""The screens of stops: what must not go out now, who stopped it, and to let it go on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from notifications import stops
from notifications.models import PlatformStop, Preference, Stop
from tenants.admin import SubscriberAdmin
from tenants.admin_base import PlatformScreen, SalonAdmin, SalonTabular, column
from tenants.models import Subscriber
from tenants.permissions import standing

STATES = {"stopped": "danger", "ended": "info"}


class _StopScreen(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A stop is made once; afterwards it can only be ended."""

    list_display = ("what", "category_words", "note", "started_at", "started_by", "state")
    list_filter = ("category", "channel")
    ordering = ("-id",)
    actions = ("go_on",)
    fields = (("channel", "category"), "note")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the record as it was made."""
        return () if obj is None else ("channel", "category", "note")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A stop stays as the record of who and when."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Stop by the verb of the API."""
        if change:
            return
        wanted = stops.Wanted(obj.channel, obj.category, obj.note)
        row = stops.start(self.tenant(request), wanted, _by(request))
        obj.pk = row.pk

    def tenant(self, request: HttpRequest) -> Any:
        """Say whose messages it is about."""
        return standing(request).tenant_id

    @admin.action(description=_("Let it go on"), permissions=["change"])
    def go_on(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen stops."""
        for key in list(queryset.values_list("pk", flat=True)):
            stops.end(self.tenant(request), key, _by(request))

    @column(_("channel"), ordering="channel")
    def what(self, row: Any) -> str:
        """Name the channel, or all."""
        return row.get_channel_display() if row.channel else str(_("all channels"))

    @column(_("category"), ordering="category")
    def category_words(self, row: Any) -> str:
        """Name the category, or both."""
        return row.get_category_display() if row.category else str(_("both"))

    @column(_("state"), label=STATES)
    def state(self, row: Any) -> tuple[str, str]:
        """Colour what is stopped now."""
        return ("stopped", str(_("stopped"))) if row.is_open else ("ended", str(_("goes on")))


@admin.register(Stop)
class StopAdmin(_StopScreen, SalonAdmin):
    """Stops of one salon."""

    area = "salon"


@admin.register(PlatformStop)
class PlatformStopAdmin(_StopScreen, PlatformScreen):
    """Stops of all salons."""

    def tenant(self, request: HttpRequest) -> None:
        """All of them."""
        return


class PreferenceFormSet(BaseInlineFormSet[Preference, Subscriber, ModelForm[Preference]]):
    """Names its fields, as the row's own name for its clients' side is none."""

    @classmethod
    def get_default_prefix(cls) -> str:
        """Say how the fields are called in the form."""
        return "preferences"


class PreferenceInline(SalonTabular):
    """What the client wants to hear of, and where; critical messages do not ask."""

    model = Preference
    formset = PreferenceFormSet
    area = "clients"
    fields = ("channel", "category", "workflow", "is_on")
    tab = True


# The client's screen belongs to a lower room, which knows no preferences.
SubscriberAdmin.inlines = (*SubscriberAdmin.inlines, PreferenceInline)  # type: ignore[assignment]  # longer


def _by(request: HttpRequest) -> str:
    return f"staff:{request.user.pk}"
