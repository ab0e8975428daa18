"""The screens of stops: what must not go out now, who stopped it, and to let it go on."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin

from notifications import stops
from notifications.models import Category, PlatformStop, Preference, Stop
from notifications.models.gates import STOPPABLE
from tenants.admin import SubscriberAdmin
from tenants.admin_base import PlatformScreen, SalonAdmin, SalonTabular, column
from tenants.admin_deeds import DeedsOnPage
from tenants.admin_people import NamesPeople, mark
from tenants.models import Subscriber
from tenants.permissions import standing

STATES = {"stopped": "danger", "ended": "info"}
ALL = {
    "channel": (("", _("all channels")), *STOPPABLE),
    "category": (("", _("service messages and marketing")), *Category.choices),
}


class OpenFilter(admin.SimpleListFilter):
    """What is stopped now, or what goes on again."""

    title = _("state")
    parameter_name = "open"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        """Offer both."""
        return (("yes", _("stopped")), ("no", _("goes on")))

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        """Part them by the moment of ending."""
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(ended_at__isnull=self.value() == "yes")


class _StopScreen(NamesPeople, DeedsOnPage, ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """A stop is made once; afterwards it can only be ended."""

    marks = ("started_by", "ended_by")
    list_display = ("what", "category_words", "note", "started_at", "started", "state")
    list_filter = (OpenFilter, "category", "channel")
    ordering = ("-id",)
    actions = page_actions = ("go_on",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for little, tell the whole story afterwards."""
        if obj is None:
            return (("channel", "category"), "note")
        told = (("what", "category_words"), ("note", "state"), ("started", "started_at"))
        return told if obj.is_open else (*told, ("ended", "ended_at"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the record as it was made."""
        told = ("what", "category_words", "note", "state", "started", "started_at")
        return () if obj is None else (*told, "ended", "ended_at")

    def formfield_for_choice_field(self, db_field: Any, request: HttpRequest, **kw: Any) -> Any:
        """Say in words what an empty choice means."""
        field = super().formfield_for_choice_field(db_field, request, **kw)
        field.choices, field.help_text = ALL[db_field.name], ""
        return field

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A stop stays as the record of who and when."""
        return False

    def heading(self, row: Any) -> str:
        """Head the page by what is stopped."""
        return f"{self.what(row)}, {self.category_words(row)}"

    def offers(self, row: Any) -> Any:
        """Offer to end what is open."""
        return self.page_actions if row.is_open else ()

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Say on the button what it does; a stop that was made is not saved again."""
        is_new = kwargs.get("obj") is None
        context |= {"show_save": is_new, "show_save_and_continue": False}
        context["save_words"] = _("Stop sending")
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Stop by the verb of the API."""
        if change:
            return
        wanted = stops.Wanted(obj.channel, obj.category, obj.note)
        row = stops.start(self.tenant(request), wanted, mark(request))
        obj.pk = row.pk

    def tenant(self, request: HttpRequest) -> Any:
        """Say whose messages it is about."""
        return standing(request).tenant_id

    @admin.action(description=_("Let it go on"), permissions=["change"])
    def go_on(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen stops."""
        for key in list(queryset.values_list("pk", flat=True)):
            stops.end(self.tenant(request), key, mark(request))
        messages.success(request, _("Sending goes on."))

    @column(_("channel"), ordering="channel")
    def what(self, row: Any) -> str:
        """Name the channel, or all."""
        return row.get_channel_display() if row.channel else str(_("all channels"))

    @column(_("category"), ordering="category")
    def category_words(self, row: Any) -> str:
        """Name the category, or both."""
        both = _("service messages and marketing")
        return row.get_category_display() if row.category else str(both)

    @column(_("by"))
    def started(self, row: Any) -> Any:
        """Name who stopped it."""
        return self.who(row, "started_by")

    @column(_("ended by"))
    def ended(self, row: Any) -> Any:
        """Name who ended it."""
        return self.who(row, "ended_by")

    @column(_("state"), label=STATES)
    def state(self, row: Any) -> tuple[str, str]:
        """Colour what is stopped now."""
        return ("stopped", str(_("stopped"))) if row.is_open else ("ended", str(_("goes on")))


@admin.register(Stop)
class StopAdmin(_StopScreen, SalonAdmin):
    """Stops of one salon."""

    area = "salon"
    empty_words = _(
        "Everything goes out. Stop sending when something is wrong, such as prices in an offer:"
        " messages wait until you let them go on."
    )


@admin.register(PlatformStop)
class PlatformStopAdmin(_StopScreen, PlatformScreen):
    """Stops of all salons."""

    empty_words = _(
        "Messages of all salons go out. To stop them, choose any salon at the top left first:"
        " while you look at all of them, nothing can be changed."
    )

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
