"""The screens of a salon's accounts at providers; credentials go in and never come out."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from channels.adapters.sandbox import SandboxAdapter
from channels.errors import DeliveryError
from channels.integrations import (
    add_integration,
    check_integration,
    set_disabled,
    update_credentials,
)
from channels.models import Integration
from channels.registry import ADAPTERS
from tenants.admin_base import SalonAdmin, SalonForm, column, submit_button
from tenants.errors import Conflict, InvalidFields
from tenants.permissions import standing

STATE_LABELS = {"active": "success", "paused": "warning", "disabled": "danger"}
CREDENTIAL = "credential_"  # prefix of the form's fields for an adapter's own
PROVIDERS = [name for name in ADAPTERS if name != SandboxAdapter.provider]
#: What the fields of adapters are called for a person; others are shown by their own name.
LABELS: dict[str, Any] = {
    "token": _("Token"),
    "webhook_secret": _("Webhook secret"),
    "api_base": _("Address of the API"),
    "url": _("Address"),
    "secret": _("Secret"),
    "host": _("Server"),
    "port": _("Port"),
    "username": _("Login"),
    "password": _("Password"),
    "security": _("Encryption"),
    "from_address": _("Sender's e-mail"),
    "from_name": _("Sender's name"),
    "reply_to": _("Replies go to"),
}


class IntegrationForm(SalonForm):
    """An account; get_form adds the fields of its provider."""

    provider_name: ClassVar[str] = ""

    class Meta:
        model = Integration
        fields = ("name", "identifier", "position")

    def clean(self) -> dict[str, Any]:
        """Ask a new account for everything its provider needs."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.instance._state.adding:
            adapter = ADAPTERS[self.provider_name]
            for name in adapter.fields:
                if name not in adapter.optional and not data.get(CREDENTIAL + name):
                    self.add_error(CREDENTIAL + name, ValidationError(_("Fill this in.")))
        return data

    def credentials(self) -> dict[str, str]:
        """Give what was typed; an empty field is not a change."""
        typed = {
            name: str(self.cleaned_data.get(CREDENTIAL + name) or "").strip()
            for name in ADAPTERS[self.provider_name].fields
        }
        return {name: value for name, value in typed.items() if value}


def form_for(provider: str, is_new: bool) -> type[IntegrationForm]:
    """Make the form of a provider's account."""
    fields: dict[str, Any] = {
        CREDENTIAL + name: _credential(name, is_secret, is_new)
        for name, is_secret in ADAPTERS[provider].fields.items()
    }
    kinds = sorted(map(str, ADAPTERS[provider].kinds))
    if is_new and len(kinds) > 1:
        fields["chosen_kind"] = forms.ChoiceField(
            label=_("channel kind"),
            choices=[(kind, kind) for kind in kinds],
            widget=UnfoldAdminSelectWidget,
        )
    return type("ProviderForm", (IntegrationForm,), {**fields, "provider_name": provider})


def _credential(name: str, is_secret: bool, is_new: bool) -> forms.Field:
    widget = UnfoldAdminPasswordWidget if is_secret else UnfoldAdminTextInputWidget
    return forms.CharField(
        label=LABELS.get(name, name),
        required=False,
        widget=widget(attrs={"autocomplete": "off"}),
        help_text="" if is_new else _("Kept in secret. Leave empty to keep what is there."),
    )


@admin.register(Integration)
class IntegrationAdmin(SalonAdmin):
    """Accounts at providers, in the order in which they are tried."""

    area = "integrations"
    list_display = ("name", "provider", "kind", "position", "state_label", "state_reason")
    list_filter = ("state", "provider")
    search_fields = ("name", "identifier")
    ordering = ("position", "pk")
    actions = ("check_connection", "switch_on", "switch_off")
    actions_submit_line = ("save_and_check",)
    add_form_template = "channels/admin/integration_add.html"

    def heading(self, row: Integration) -> str:
        """Head the page by the account's name."""
        return row.name

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask for the provider first, then for its fields."""
        extra = kwargs.setdefault("extra_context", None) or {}
        kwargs["extra_context"] = extra | {"providers": PROVIDERS, "provider": _asked(request)}
        return super().add_view(request, *args, **kwargs)

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Give the form of the account's provider."""
        provider = obj.provider if obj else _asked(request)
        if provider in PROVIDERS:
            options["form"] = form_for(provider, is_new=obj is None)
        return super().get_form(request, obj, **options)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the provider's fields after the account's own."""
        provider = obj.provider if obj else _asked(request)
        own: list[Any] = [("name", "identifier"), "position"]
        if obj is not None:
            own = [("name", "identifier"), ("provider", "kind"), ("state", "reason"), "position"]
        groups: list[Any] = [(None, {"fields": own})]
        if provider in PROVIDERS:
            groups.append((_("Account"), {"fields": self._account_fields(request, provider, obj)}))
        return groups

    def _account_fields(self, request: HttpRequest, provider: str, obj: Any) -> list[str]:
        if not self.has_change_permission(request, obj):
            return []
        fields = [CREDENTIAL + name for name in ADAPTERS[provider].fields]
        if obj is not None:
            return [*fields, "callback_address"]
        return [*(["chosen_kind"] if len(ADAPTERS[provider].kinds) > 1 else []), *fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep what other things refer to."""
        if obj is None:
            return ()
        return ("identifier", "provider", "kind", "state", "reason", "callback_address")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save by the same verbs as the API."""
        tenant_id = standing(request).tenant_id
        if tenant_id is None:
            raise PermissionDenied
        if change:
            if isinstance(form, IntegrationForm) and form.provider_name and form.credentials():
                update_credentials(tenant_id, obj.pk, form.credentials())
                obj.refresh_from_db(fields=["credentials"])
            super().save_model(request, obj, form, change)
            return
        made = add_integration(
            tenant_id,
            form.provider_name,
            form.credentials(),
            identifier=obj.identifier,
            name=obj.name,
            kind=form.cleaned_data.get("chosen_kind", ""),
            position=obj.position,
        )
        obj.pk = made.pk
        obj.refresh_from_db()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Tell a verb's refusal that the form could not foresee."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except (Conflict, InvalidFields) as refused:
            self.message_user(request, refused.message, messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    @submit_button(_("Save and check"))
    def save_and_check(self, request: HttpRequest, obj: Integration) -> None:
        """Ask the provider whether the account works."""
        self._check(request, obj)

    @admin.action(description=_("Check the connection"), permissions=["change"])
    def check_connection(self, request: HttpRequest, queryset: Any) -> None:
        """Ask each provider whether the account works."""
        for integration in queryset:
            self._check(request, integration)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        """Use the chosen accounts again."""
        for integration in queryset:
            set_disabled(integration.tenant_id, integration.pk, False)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        """Send nothing through the chosen accounts."""
        for integration in queryset:
            set_disabled(integration.tenant_id, integration.pk, True)

    def _check(self, request: HttpRequest, integration: Integration) -> None:
        with connection.cursor() as cursor:  # the page's transaction is idle during the call
            cursor.execute("set local idle_in_transaction_session_timeout = '30s'")
        try:
            row = check_integration(integration.tenant_id, integration.pk)
        except DeliveryError as error:
            words = _("%(name)s: the provider did not answer (%(reason)s). Try again later.")
            params = {"name": integration.name, "reason": error.detail}
            self.message_user(request, words % params, messages.WARNING)
            return
        integration.state, integration.state_reason = row.state, row.state_reason
        if row.state == Integration.State.PAUSED:
            words = _("%(name)s: the provider refuses the account (%(reason)s).")
            params = {"name": row.name, "reason": row.state_reason}
            self.message_user(request, words % params, messages.ERROR)
        else:
            words = _("%(name)s: the provider answers.")
            self.message_user(request, words % {"name": row.name}, messages.SUCCESS)

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: Integration) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()

    @column(_("reason"))
    def reason(self, row: Integration) -> str:
        """Say why the account rests."""
        return row.state_reason or "—"

    @column(_("Address for the provider's callbacks"))
    def callback_address(self, row: Integration) -> str:
        """Give what is pasted at the provider."""
        return f"{settings.PUBLIC_URL}/v1/callbacks/{row.pk}/{row.callback_token}"


def _asked(request: HttpRequest) -> str:
    """Read the provider that is being added."""
    asked = str(request.GET.get("provider", ""))
    return asked if asked in PROVIDERS else ""
