"""The screen of the salon's card; what binds the salon to the platform is the platform's to change.

Brand and limits are one value each in the database and a field for each part here: nobody types
JSON. A part of the brand that has no field (templates may read further ones) is kept as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from tenants.admin_base import SalonAdmin, SalonForm, column
from tenants.limits import USUAL, faults
from tenants.models import Tenant
from tenants.permissions import PLATFORM, standing

STATE_LABELS = {"active": "success", "suspended": "warning", "closed": "danger"}
BRAND = ("color", "logoUrl", "phone", "address")
HOURS = frozenset({"quiet", "quiet_tx"})
_SPAN = re.compile(r"(\d{1,2}:\d\d)\s*[-–—]\s*(\d{1,2}:\d\d)")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def _text(label: Any, help_text: Any = "", placeholder: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget({"placeholder": placeholder}),
    )


def _limit(name: str, label: Any, help_text: Any = "") -> forms.Field:
    usual = shown(USUAL[name])
    if name in HOURS:
        return _text(label, help_text, usual)
    widget = UnfoldAdminIntegerFieldWidget({"placeholder": usual})
    return forms.IntegerField(label=label, help_text=help_text, required=False, widget=widget)


def shown(value: Any) -> str:
    """Write a limit as the card shows it."""
    if isinstance(value, list | tuple):
        return "–".join(map(str, value))
    return "" if value is None else str(value)


class CardForm(SalonForm):
    """The card as the salon's owner changes it."""

    brand_color = _text(_("Colour"), _("Of buttons and headings in letters."), "#b4436c")
    brand_logoUrl = _text(_("Logo"), _("The picture's address."), "https://")  # noqa: N815 (the brand's own key)
    brand_phone = _text(_("Phone"), _("Stands at the end of letters."))
    brand_address = _text(_("Address"), _("Stands at the end of letters."))

    class Meta:
        model = Tenant
        fields = ("name",)  # the screen names the others

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for part in BRAND:
            self.initial[f"brand_{part}"] = self.instance.brand.get(part, "")

    def clean_brand_color(self) -> str:
        """Take what a letter can show."""
        color = str(self.cleaned_data["brand_color"])
        if color and not _COLOR.fullmatch(color):
            raise ValidationError(_("Write a colour as # with six digits or letters a–f."))
        return color

    def clean(self) -> dict[str, Any]:
        """Put the brand together."""
        given = super().clean() or {}
        brand = self.instance.brand | {part: given.get(f"brand_{part}", "") for part in BRAND}
        self.instance.brand = {part: value for part, value in brand.items() if value}
        return given


class PlatformCardForm(CardForm):
    """The card as the platform's staff change it: with the limits. Empty holds as usual."""

    limit_tx_per_day = _limit(
        "tx_per_day", _("Service messages a day"), _("Further ones wait for the salon's next day.")
    )
    limit_mk_per_day = _limit(
        "mk_per_day", _("Marketing messages a day"), _("Further ones wait for the next day.")
    )
    limit_per_hour = _limit(
        "per_hour",
        _("To one client within an hour"),
        _("Service messages of one channel; further ones wait."),
    )
    limit_same_text_minutes = _limit(
        "same_text_minutes",
        _("The same text not within, minutes"),
        _("To the same address. 0: it may be repeated."),
    )
    limit_mk_per_window = _limit(
        "mk_per_window",
        _("Marketing to one client"),
        _("So many in all channels; further ones are not sent."),
    )
    limit_mk_window_days = _limit("mk_window_days", _("… within days"), _("0: without a limit."))
    limit_quiet = _limit(
        "quiet",
        _("Quiet hours of marketing"),
        _("In the client's time; equal times switch them off."),
    )
    limit_quiet_tx = _limit(
        "quiet_tx",
        _("Quiet hours of service messages"),
        _("Such as 23:00–07:00. Empty: none. Critical messages do not ask."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in USUAL:
            self.initial[f"limit_{name}"] = shown(self.instance.limits.get(name))

    def clean(self) -> dict[str, Any]:
        """Put the limits together; one that could not be kept is told at its field."""
        given = super().clean()
        typed = {name: given.get(f"limit_{name}") for name in USUAL}
        limits = {name: _read(name, one) for name, one in typed.items() if one not in (None, "")}
        for name in faults(limits):
            self.add_error(f"limit_{name}", ValidationError(_hint(name)))
        self.instance.limits = limits
        return given


def _read(name: str, value: Any) -> Any:
    span = _SPAN.fullmatch(str(value).strip()) if name in HOURS else None
    return [clock.zfill(5) for clock in span.groups()] if span else value


def _hint(name: str) -> Any:
    if name in HOURS:
        return _("Write two times of day, such as 21:00–09:00.")
    return _("Write a whole number, not below 0 and not as large.")


@admin.register(Tenant)
class TenantAdmin(SalonAdmin):
    """The salon's card."""

    area = "salon"
    list_display = ("name", "slug", "language", "timezone", "state_label", "is_sandbox")
    list_filter = ("state", "is_sandbox")
    search_fields = ("name", "slug")
    ordering = ("name",)
    fieldsets = (
        (None, {"fields": (("name", "slug"), ("language", "timezone"))}),
        (
            _("Brand"),
            {"fields": (("brand_color", "brand_logoUrl"), ("brand_phone", "brand_address"))},
        ),
        (_("Letters"), {"fields": ("followed_letters", "unsubscribe_always")}),
        (_("Publishing"), {"fields": ("four_eyes",)}),
        (_("Platform"), {"fields": (("state", "state_reason"), "is_sandbox")}),
    )
    limit_fields = (
        ("limit_tx_per_day", "limit_mk_per_day"),
        ("limit_per_hour", "limit_same_text_minutes"),
        ("limit_mk_per_window", "limit_mk_window_days"),
        ("limit_quiet", "limit_quiet_tx"),
    )

    def heading(self, row: Tenant) -> str:
        """Head the page by the salon's name."""
        return row.name

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        """Ask the platform's staff for limits too."""
        kw["form"] = PlatformCardForm if self._is_staff(request) else CardForm
        return super().get_form(request, obj, change, **kw)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show everybody the limits, as fields or in words."""
        limits = self.limit_fields if self._is_staff(request) else ("limits_told",)
        return (*self.fieldsets, (_("Limits"), {"fields": limits}))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Keep the identifier for ever, and the platform's fields from the owner."""
        if self._is_staff(request):
            return ("slug",)
        return ("slug", "state", "state_reason", "is_sandbox", "limits_told")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Salons are made by create_tenant, with keys and scenarios."""
        return False

    def _is_staff(self, request: HttpRequest) -> bool:
        here = standing(request)
        return here.role == PLATFORM and here.may("change", self.area)

    @column(_("limits"))
    def limits_told(self, row: Tenant) -> str:
        """Say what holds, each with its name."""
        fields: Mapping[str, forms.Field] = PlatformCardForm.base_fields
        held = {name: shown(row.limits.get(name, usual)) for name, usual in USUAL.items()}
        lines = [(fields[f"limit_{name}"].label, value) for name, value in held.items() if value]
        return format_html_join("", "<div>{}: {}</div>", lines)

    @column(_("state"), ordering="state", label=STATE_LABELS)
    def state_label(self, row: Tenant) -> tuple[str, str]:
        """Colour the state."""
        return row.state, row.get_state_display()
