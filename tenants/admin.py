"""The screens of the people whom the salon writes to; those of the salon stand beside."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.admin_accounts import MemberAdmin
from tenants.admin_addresses import AddressInline, hint
from tenants.admin_base import SalonAdmin, SalonTabular, column
from tenants.admin_consents import ConsentAdmin
from tenants.admin_keys import ApiKeyAdmin
from tenants.admin_salon_card import TenantAdmin
from tenants.admin_suppressions import SuppressionAdmin
from tenants.models import Address, Subscriber, Topic, TopicMember

__all__ = [
    "ApiKeyAdmin",
    "ConsentAdmin",
    "MemberAdmin",
    "SubscriberAdmin",
    "SuppressionAdmin",
    "TenantAdmin",
    "TopicAdmin",
]


@admin.register(Subscriber)
class SubscriberAdmin(SalonAdmin):
    """Clients of the salon."""

    area = "clients"
    list_display = (
        "person",
        "subscriber_id",
        "contacts",
        "language",
        "last_visit_at",
        "mode_label",
    )
    list_display_links = ("person", "subscriber_id")
    list_filter = ("kind", "language", "mode")
    search_fields = ("subscriber_id", "first_name", "last_name", "addresses__value")
    search_help_text = _("Name, phone, e-mail or the key from the booking system")
    ordering = ("-id",)
    inlines = (AddressInline,)
    readonly_fields = ("created_at", "updated_at")
    fieldsets = (
        (None, {"fields": (("first_name", "last_name"), ("subscriber_id", "kind"))}),
        (None, {"fields": (("language", "timezone"), "preferred_channel")}),
        (None, {"fields": ("last_visit_at",)}),
        (_("More"), {"fields": ("data", ("mode", "created_at", "updated_at"))}),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the addresses of a page at once."""
        return super().get_queryset(request).prefetch_related("addresses")

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Find no address for those who see it masked: digit by digit they would have it."""
        fields = super().get_search_fields(request)
        may_see = self.has_change_permission(request)
        return fields if may_see else [name for name in fields if name != "addresses__value"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """A client stays in the mode it came with."""
        return (*self.readonly_fields, "mode") if obj else self.readonly_fields

    def heading(self, row: Subscriber) -> str:
        """Head the page by the client's name."""
        return self.person(row)

    @column(_("client"), ordering="first_name")
    def person(self, row: Subscriber) -> str:
        """Name the client, or say that there is no name."""
        return f"{row.first_name} {row.last_name}".strip() or str(_("no name"))

    @column(_("addresses"))
    def contacts(self, row: Subscriber) -> str:
        """Show where the client can be reached, masked."""
        usable = [a for a in row.addresses.all() if a.state == Address.State.ACTIVE]
        return " · ".join(hint(address) for address in usable) or "—"

    @column(_("mode"), ordering="mode", label={"live": "success", "test": "info"})
    def mode_label(self, row: Subscriber) -> tuple[str, str]:
        """Colour the mode."""
        return row.mode, row.get_mode_display()


class TopicMemberInline(SalonTabular):
    """Who is on the list; the booking system fills it."""

    model = TopicMember
    area = "clients"
    per_page = 20
    fields = readonly_fields = ("person", "created_at")
    can_delete = False
    tab = True

    def get_queryset(self, request: HttpRequest) -> Any:
        """Read the names in the same query."""
        return super().get_queryset(request).select_related("subscriber").order_by("pk")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Lists of thousands are filled by the API."""
        return False

    @column(_("client"))
    def person(self, row: TopicMember) -> str:
        """Name the client."""
        name = f"{row.subscriber.first_name} {row.subscriber.last_name}".strip()
        return name or str(row.subscriber.subscriber_id)


@admin.register(Topic)
class TopicAdmin(SalonAdmin):
    """Named lists of clients."""

    area = "clients"
    list_display = ("key", "name", "mode", "updated_at")
    list_filter = ("mode",)
    search_fields = ("key", "name")
    fields = (("key", "name"), "mode")
    inlines = (TopicMemberInline,)
