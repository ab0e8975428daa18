"""The screens of accounts at providers; credentials go in and never come out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from channels import defaults
from channels.admin_accounts import AccountScreen
from channels.admin_fields import AccountForm
from channels.integrations import (
    add_integration,
    check_integration,
    set_disabled,
    shown_credentials,
    update_credentials,
)
from channels.models import ChannelRule, DefaultIntegration, Integration, SenderName
from channels.policy import DEFAULTS, TARGETS
from channels.registry import ADAPTERS
from tenants.admin_base import PlatformScreen, SalonAdmin, SalonTabular
from tenants.permissions import standing


class IntegrationForm(AccountForm):
    """A salon's account."""

    class Meta:
        model = Integration
        fields = ("name", "identifier", "position")


class DefaultIntegrationForm(AccountForm):
    """An account that the platform lends."""

    class Meta:
        model = DefaultIntegration
        fields = ("name", "identifier", "position")


class SenderNameInline(SalonTabular):
    """Registered names under which an account's SMS go."""

    area = "integrations"
    model = SenderName
    fields = ("prefix", "sender", "state")


@admin.register(Integration)
class IntegrationAdmin(AccountScreen, SalonAdmin):
    """Accounts at providers, in the order in which they are tried."""

    area = "integrations"
    account_form = IntegrationForm

    def get_inlines(self, request: HttpRequest, obj: Any) -> list[Any]:
        """Ask for senders' names where the provider takes one."""
        takes_names = obj is not None and "sender" in _fields(obj.provider)
        return [SenderNameInline] if takes_names else []

    def stored(self, row: Any) -> Mapping[str, str]:
        """Read them by the verb."""
        return shown_credentials(row)

    def make(self, request: HttpRequest, row: Any, form: Any) -> Integration:
        """Add into the salon that the visitor works in."""
        made = add_integration(
            _salon(request),
            form.provider_name,
            form.credentials(),
            identifier=row.identifier,
            name=row.name,
            kind=form.cleaned_data.get("chosen_kind", ""),
            position=row.position,
        )
        row.pk = made.pk
        row.refresh_from_db()
        return made

    def change(self, request: HttpRequest, row: Any, form: Any) -> None:
        """Change credentials by the verb, the rest as it stands in the form."""
        tenant_id = _salon(request)
        if isinstance(form, AccountForm) and form.provider_name and form.credentials():
            update_credentials(tenant_id, row.pk, form.credentials())
        row.save(update_fields=["name", "position"])

    def ask(self, row: Any) -> Integration:
        """Ask by the verb."""
        return check_integration(row.tenant_id, row.pk)

    def disable(self, row: Any, is_disabled: bool) -> None:
        """Switch by the verb."""
        set_disabled(row.tenant_id, row.pk, is_disabled)


@admin.register(DefaultIntegration)
class DefaultIntegrationAdmin(AccountScreen, PlatformScreen):
    """Accounts that the platform lends to every salon without one of that kind."""

    account_form = DefaultIntegrationForm

    class Media:
        css = {"all": ["kolokol/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> Any:
        """Leave out what only workers may read."""
        return super().get_queryset(request).defer("credentials")

    def stored(self, row: Any) -> Mapping[str, str]:
        """Read them by the verb."""
        return defaults.shown_default(row.pk)

    def make(self, request: HttpRequest, row: Any, form: Any) -> DefaultIntegration:
        """Add by the verb."""
        return defaults.add_default(
            form.provider_name,
            form.credentials(),
            identifier=row.identifier,
            name=row.name,
            kind=form.cleaned_data.get("chosen_kind", ""),
            position=row.position,
        )

    def change(self, request: HttpRequest, row: Any, form: Any) -> None:
        """Change by the verb."""
        defaults.update_default(row.pk, form.credentials(), name=row.name, position=row.position)

    def ask(self, row: Any) -> DefaultIntegration:
        """Ask by the verb."""
        return defaults.check_default(row.pk)

    def disable(self, row: Any, is_disabled: bool) -> None:
        """Switch by the verb."""
        defaults.set_default_disabled(row.pk, is_disabled)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete by the verb."""
        defaults.delete_default(obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        """Delete each by the verb."""
        for row in queryset:
            defaults.delete_default(row.pk)


@admin.register(ChannelRule)
class ChannelRuleAdmin(SalonAdmin):
    """Exceptions from what places and channels carry."""

    area = "integrations"
    list_display = ("target", "may_tx", "may_mk")
    list_editable = ("may_tx", "may_mk")
    ordering = ("target",)
    list_before_template = "channels/admin/rules_hint.html"

    def heading(self, row: ChannelRule) -> str:
        """Head the page by the channel."""
        return str(row.get_target_display())

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with everything allowed, as it is without a rule."""
        return {"may_tx": True, "may_mk": True}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Say beside the rules what holds without one."""
        no_mk = [TARGETS[name] for name, carries in DEFAULTS.items() if "mk" not in carries]
        return super().changelist_view(request, {**(extra_context or {}), "no_marketing": no_mk})


def _fields(provider: str) -> Mapping[str, bool]:
    return ADAPTERS[provider].fields if provider in ADAPTERS else {}


def _salon(request: HttpRequest) -> UUID:
    tenant_id = standing(request).tenant_id
    if tenant_id is None:
        raise PermissionDenied
    return tenant_id
