"""What do the screens of accounts share, be they a salon's or the platform's?"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponseRedirect
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from channels.accounts import callback_url, open_adapter
from channels.admin_fields import (
    CREDENTIAL,
    KINDS,
    PROVIDERS,
    AccountForm,
    form_for,
    provider_groups,
)
from channels.connection_words import standing, words
from channels.credentials import fields_of
from channels.domain_words import sentence
from channels.errors import DeliveryError
from channels.field_words import name_of
from channels.models import ProviderAccount
from channels.probing import patiently
from channels.registering import FAILED, connect
from channels.registry import ADAPTERS
from channels.sender_check import check_sender, domain_of
from tenants.admin_base import column, submit_button
from tenants.errors import Conflict, InvalidFields

STATE_LABELS = {"active": "success", "paused": "warning", "disabled": "danger"}


class AccountScreen:
    """The list and the form of accounts; mixed into a ModelAdmin.

    Must override: account_form, stored, make, change, ask, disable. May override: own_readonly.
    """

    account_form: ClassVar[type[AccountForm]]
    own_readonly: ClassVar[tuple[str, ...]] = ("callback_address", "callbacks")

    list_display = ("name", "provider_name", "kind_name", "position", "state_label", "state_reason")
    list_filter = ("state", "provider")
    search_fields = ("name", "identifier")
    ordering = ("position", "pk")
    actions = ("check_connection", "connect_callbacks", "switch_on", "switch_off")
    actions_submit_line = ("save_and_check",)
    add_form_template = "channels/admin/integration_add.html"

    def stored(self, row: Any) -> Mapping[str, str]:
        """Give the fields that may be shown."""
        raise NotImplementedError

    def make(self, request: HttpRequest, row: Any, form: Any) -> ProviderAccount:
        """Add the account of a filled form."""
        raise NotImplementedError

    def change(self, request: HttpRequest, row: Any, form: Any) -> None:
        """Change what the form changes."""
        raise NotImplementedError

    def ask(self, row: Any) -> ProviderAccount:
        """Ask the provider; raises DeliveryError when it does not answer."""
        raise NotImplementedError

    def disable(self, row: Any, is_disabled: bool) -> None:
        """Switch the account off or on."""
        raise NotImplementedError

    def heading(self, row: Any) -> str:
        """Head the page by the account's name."""
        return str(row.name)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ask for the provider first, then for its fields."""
        extra = kwargs.setdefault("extra_context", None) or {}
        shown = {"groups": provider_groups(), "provider": _asked(request)}
        kwargs["extra_context"] = extra | shown
        return super().add_view(request, *args, **kwargs)  # type: ignore[misc]  # ModelAdmin's

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Call a new account as its provider is called."""
        provider = _asked(request)
        if provider not in PROVIDERS:
            return {}
        screen: Any = self
        taken = set(screen.get_queryset(request).values_list("identifier", flat=True))
        names = (provider if number == 1 else f"{provider}-{number}" for number in count(1))
        free = next(name for name in names if name not in taken)
        return {"name": name_of(provider), "identifier": free}

    def get_form(self, request: HttpRequest, obj: Any = None, **options: Any) -> Any:
        """Give the form of the account's provider."""
        provider = obj.provider if obj else _asked(request)
        if provider in PROVIDERS and self._may_change(request, obj):
            stored = self.stored(obj) if obj else None
            options["form"] = form_for(self.account_form, provider, stored)
        return super().get_form(request, obj, **options)  # type: ignore[misc]  # of ModelAdmin, mixed in later

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Put the provider's fields after the account's own."""
        provider = obj.provider if obj else _asked(request)
        own: list[Any] = [("name", "identifier"), "position"]
        if obj is not None:
            own = [
                ("name", "identifier"),
                ("provider_name", "kind_name"),
                ("state", "reason"),
                "position",
            ]
        groups: list[Any] = [(None, {"fields": own})]
        if provider in PROVIDERS and self._may_change(request, obj):
            groups += self._provider_groups(provider, is_new=obj is None)
        return groups

    def _provider_groups(self, provider: str, *, is_new: bool) -> list[Any]:
        adapter = ADAPTERS[provider]
        own = [CREDENTIAL + name for name in adapter.fields if name != "api_base"]
        ways = [CREDENTIAL + name for name in fields_of(adapter) if CREDENTIAL + name not in own]
        kind = ["chosen_kind"] if is_new and len(adapter.kinds) > 1 else []
        more = [] if is_new else list(self.own_readonly)
        groups: list[Any] = [(_("Account"), {"fields": [*kind, *own, *more]})]
        if ways:
            folded = {"fields": ways, "classes": ["collapse"]}
            groups.append((_("Way to the provider"), folded))
        return groups

    def _may_change(self, request: HttpRequest, obj: Any) -> bool:
        asked: Any = self
        return bool(
            asked.has_add_permission(request)
            if obj is None
            else asked.has_change_permission(request, obj)
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep what other things refer to."""
        if obj is None:
            return ()
        return ("identifier", "provider_name", "kind_name", "state", "reason", *self.own_readonly)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save by the same verbs as the API, then do what the pressed button says."""
        if change:
            self.change(request, obj, form)
        else:
            obj.pk = self.make(request, obj, form).pk
        screen: Any = self
        for button in screen.get_actions_submit_line(request, obj.pk):
            if button.action_name in request.POST:
                button.method(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Tell a verb's refusal that the form could not foresee."""
        try:
            return super().changeform_view(request, *args, **kwargs)  # type: ignore[misc]  # as above
        except (Conflict, InvalidFields) as refused:
            messages.error(request, refused.message)
            return HttpResponseRedirect(request.get_full_path())

    @submit_button(_("Save and check"))
    def save_and_check(self, request: HttpRequest, obj: Any) -> None:
        """Ask the provider whether the account works."""
        self._tell_check(request, obj)

    @admin.action(description=_("Check the connection"), permissions=["change"])
    def check_connection(self, request: HttpRequest, queryset: Any) -> None:
        """Ask each provider whether the account works."""
        for row in queryset:
            self._tell_check(request, row)

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, queryset: Any) -> None:
        """Use the chosen accounts again."""
        for row in queryset:
            self.disable(row, False)

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, queryset: Any) -> None:
        """Send nothing through the chosen accounts."""
        for row in queryset:
            self.disable(row, True)

    def _tell_check(self, request: HttpRequest, row: Any) -> None:
        patiently()
        try:
            checked = self.ask(row)
        except DeliveryError as error:
            words = _("%(name)s: the provider did not answer (%(reason)s). Try again later.")
            messages.warning(request, words % {"name": row.name, "reason": error.detail})
            return
        row.state, row.state_reason = checked.state, checked.state_reason
        if checked.state == ProviderAccount.State.PAUSED:
            words = _("%(name)s: the provider refuses the account (%(reason)s).")
            params = {"name": row.name, "reason": checked.state_reason}
            messages.error(request, words % params)
        else:
            messages.success(request, _("%(name)s: the provider answers.") % {"name": row.name})
            _tell_domain(request, checked)

    @column(_("Address for the provider's callbacks"))
    def callback_address(self, row: Any) -> str:
        """Give what is pasted at the provider."""
        return callback_url(row.pk, row.callback_token, row.provider)

    @column(_("Callbacks"))
    def callbacks(self, row: Any) -> str:
        """Say whether the provider knows the address."""
        return standing(row) if row.provider in ADAPTERS else ""

    @admin.action(description=_("Connect callbacks"), permissions=["change"])
    def connect_callbacks(self, request: HttpRequest, queryset: Any) -> None:
        """Tell each provider the address it is to call."""
        for row in queryset:
            patiently()
            made = connect(getattr(row, "tenant_id", None), row.pk)
            row.refresh_from_db()
            tell = messages.error if made.state in FAILED else messages.info
            tell(request, f"{row.name}: {words(row, made)}")

    @column(_("provider"), ordering="provider")
    def provider_name(self, row: Any) -> str:
        """Name the provider for a person."""
        return name_of(row.provider)

    @column(_("channel kind"), ordering="kind")
    def kind_name(self, row: Any) -> str:
        """Name the kind of channel for a person."""
        return str(KINDS.get(row.kind, row.kind))

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: Any) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()

    @column(_("reason"))
    def reason(self, row: Any) -> str:
        """Say why the account rests."""
        return row.state_reason or "—"


def _tell_domain(request: HttpRequest, row: ProviderAccount) -> None:
    """Say whether letters from the sender's domain are believed, and what to do if not."""
    adapter = open_adapter(row.pk, row.provider, row.credentials)
    if not domain_of(adapter):
        return
    language = get_language() or "ru"
    for finding in check_sender(adapter):
        tell = messages.success if finding.state == "ok" else messages.warning
        tell(request, f"{row.name}: {sentence(finding, language)}")


def _asked(request: HttpRequest) -> str:
    """Read the provider that is being added."""
    asked = str(request.GET.get("provider", ""))
    return asked if asked in PROVIDERS else ""
