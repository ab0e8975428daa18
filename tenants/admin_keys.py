"""The screens of keys: those of a salon's software, and the platform operator's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.accounts import issue_key, issue_platform_key, revoke_key, rotate_key
from tenants.admin_base import PlatformScreen, SalonAdmin, column, person
from tenants.errors import Conflict
from tenants.models import ApiKey, PlatformKey
from tenants.permissions import standing


@admin.register(ApiKey)
class ApiKeyAdmin(SalonAdmin):
    """Keys of the salon's software; a key is shown once, then only its beginning."""

    area = "keys"
    list_display = ("prefix", "name", "mode_label", "created_at", "last_used_at", "state_label")
    list_filter = ("mode",)
    search_fields = ("name", "prefix")
    ordering = ("-created_at",)
    actions = ("rotate", "revoke")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for little when adding, show all afterwards."""
        if obj is None:
            return ("name", "mode", "scopes")
        return (
            "name", "prefix", "mode", "scopes", "issued_by", "created_at", "last_used_at",
            "rotate_after", "expires_at", "revoked_at",
        )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Only the name of a key may change: its rights were given with it."""
        return () if obj is None else self.get_fields(request, obj)[1:]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is revoked, never forgotten."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the key and show its text this once."""
        tenant_id = standing(request).tenant_id
        if change or tenant_id is None:
            super().save_model(request, obj, form, change)
            return
        key, text = issue_key(tenant_id, obj.mode, obj.name, obj.scopes or (), by=person(request))
        obj.pk = key.pk
        obj.refresh_from_db()
        self._show(request, text)

    @admin.action(
        description=_("Rotate: a new key now, the old one works for one more day"),
        permissions=["change"],
    )
    def rotate(self, request: HttpRequest, queryset: Any) -> None:
        """Give each chosen key a successor."""
        for key in queryset:
            try:
                self._show(request, rotate_key(key.pk, by=person(request))[1])
            except Conflict:
                text = _("%(key)s no longer works: make a new key instead.")
                self.message_user(request, text % {"key": key}, messages.ERROR)

    @admin.action(description=_("Revoke at once"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: Any) -> None:
        """End the chosen keys."""
        for key in queryset:
            revoke_key(key.pk)
        self.message_user(request, _("Revoked: the keys no longer work."), messages.SUCCESS)

    def _show(self, request: HttpRequest, text: str) -> None:
        words = _("The new key: %(key)s. Copy it now, it will not be shown again.")
        self.message_user(request, words % {"key": text}, messages.WARNING)

    @column(_("mode"), ordering="mode", label={"live": "success", "test": "info"})
    def mode_label(self, row: ApiKey) -> tuple[str, str]:
        """Colour the mode."""
        return row.mode, row.get_mode_display()

    @column(
        _("state"),
        label={"works": "success", "rotate": "warning", "over": "danger"},
    )
    def state_label(self, row: ApiKey) -> tuple[str, Any]:
        """Say whether the key works and whether it should be rotated."""
        now = datetime.now(UTC)
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            return "over", _("no longer works")
        return ("rotate", _("should be rotated")) if row.is_due(now) else ("works", _("works"))


@admin.register(PlatformKey)
class PlatformKeyAdmin(PlatformScreen):
    """Keys of the platform's operator."""

    list_display = ("prefix", "name", "created_at", "last_used_at", "rotate_after", "revoked_at")
    fields = ("name",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A key is made or deleted."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Make the key and show its text this once."""
        key, text = issue_platform_key(obj.name)
        obj.pk = key.pk
        obj.refresh_from_db()
        words = _("The new key: %(key)s. Copy it now, it will not be shown again.")
        self.message_user(request, words % {"key": text}, messages.WARNING)
