"""How are addresses shown and typed in the admin? Masked in lists, normalised in forms."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from tenants.addressing import Refused, normalise
from tenants.admin_base import SalonForm, SalonTabular, column
from tenants.models import Address, Suppression
from tenants.permissions import standing


def hint(address: Address | Suppression) -> str:
    """Show enough of an address to recognise it, too little to use it."""
    value = address.value
    if address.kind == "email":
        name, _at, host = value.partition("@")
        return f"{name[:1]}…@{host}"
    shown = f"{value[:2]}…{value[-4:]}" if len(value) > 6 else "…"
    return shown if address.kind == "phone" else f"{address.get_kind_display()} {shown}"


def wrong_address(kind: str) -> Any:
    """Say what an address of this kind looks like."""
    return _HINTS.get(kind, _HINT)


class AddressForm(SalonForm):
    """An address in its one form; a phone may be typed in any way people write it."""

    class Meta:
        model = Address
        fields = ("kind", "value", "state")

    def clean(self) -> dict[str, Any]:
        """Normalise the value, or say beside the field what is expected."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if "kind" in data and "value" in data:
            try:
                data["value"] = normalise(data["kind"], data["value"])
            except Refused:
                self.add_error("value", ValidationError(wrong_address(data["kind"])))
        return data


_HINT = _("This does not look like an address of this kind.")
_HINTS = {
    "phone": _("Write a phone number such as +7 916 123-45-67."),
    "whatsapp": _("Write a phone number such as +7 916 123-45-67."),
    "email": _("Write an e-mail address such as name@example.com."),
}


class AddressInline(SalonTabular):
    """Where the client is reached."""

    model = Address
    area = "clients"
    form = AddressForm
    tab = True

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Mask addresses for those who only look at numbers."""
        if standing(request).may("change", self.area):
            return ("kind", "value", "state", "reason")
        return ("kind", "masked", "state", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The reason is the provider's or the client's."""
        return ("reason", "masked")

    @column(_("value"))
    def masked(self, row: Address) -> str:
        """Show the end of the address."""
        return hint(row)
