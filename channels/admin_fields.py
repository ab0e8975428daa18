"""What is an account asked for on the screen: its provider's fields, in the visitor's language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from channels.adapters.sandbox import SandboxAdapter
from channels.credentials import asked_again, field_faults, fields_of, is_required
from channels.field_words import LABELS, hint, name_of
from channels.fields import AGAIN
from channels.registry import ADAPTERS, GROUPS
from channels.secrets import decrypt
from tenants.admin_base import SalonForm

CREDENTIAL = "credential_"  # prefix of the form's fields for an adapter's own
PROVIDERS = [name for name in ADAPTERS if name != SandboxAdapter.provider]
#: Keys that come as a file of several lines.
LONG = frozenset({"service_account", "private_key", "headers", "body"})

#: What the groups of the registry are called.
TITLES: Mapping[str, Any] = {
    "chat": _("Clients' messengers"),
    "email": _("E-mail"),
    "sms": "SMS",
    "push": _("Push"),
    "staff": _("The staff's messengers"),
    "any": _("Anything else"),
}
#: What an account's kind of channel is called.
KINDS: Mapping[str, Any] = {
    "any": _("all channels"),
    "chat": _("Messenger"),
    "email": _("E-mail"),
    "sms": "SMS",
    "push": _("Push"),
    "webhook": _("Webhook"),
    "desk": _("desk for the staff"),
}
_HELP: Mapping[str, Any] = {
    "security": _("tls (port 465), starttls (587, also when empty) or none."),
    "api_base": _("Empty: the provider's own."),
    "proxy": _(
        "Only where the provider cannot be reached directly: http://user:password@host:3128"
    ),
    "rate": _("Messages per second, or 20/60 for 20 per minute. Empty: what the provider allows."),
    "callback_networks": _(
        "Addresses or networks between commas from which callbacks are taken. Empty: from anywhere."
    ),
    "public_name": _(
        "The bot's, community's or profile's name, in WhatsApp the number. With it you can give"
        " clients a link that ties their chat to them."
    ),
}
#: The sentences of channels.fields, up to their ": ".
_SENTENCES = (
    _("must be an address that begins with https://"),
    _("must be an address such as http://user:password@proxy.example:3128"),
    _("must be a number from 1 to 65535"),
    _("must be a number"),
    _("must be of Latin letters, digits, _ and - only"),
    _("must be an e-mail address"),
    _("must be a number of messages per second, or a number per seconds such as 20/60"),
    _("must be addresses or networks between commas, such as 203.0.113.7, 198.51.100.0/24"),
    _("must be the name in the link to the chat (in WhatsApp the number) and nothing else"),
    _("must be the JSON key file as the provider gave it, whole"),
    _("must be the private key file as the provider gave it, with its BEGIN and END lines"),
    _("is a JSON file without these keys"),
    _("must be one of"),
    _("is required"),
    _("must be filled in again when the account's address changes"),
    # adapters' own
    _("is required, or the address of an incoming webhook"),
    _("must be a VAPID key of 32 bytes in base64url"),
    _("does not belong to the private key"),
    _("must be an address that begins with mailto: or https://"),
    _("is required, unless the method is GET"),
    _("names what is not known"),
    _('must be a JSON object of names and texts, such as {"X-Api-Key":"{{secret}}"}'),
    _("must become JSON when its names are filled in, so put texts in quotes"),
    _("must be statuses such as 200-299 or 200, 202"),
    _('must be a JSON object of words, such as {"blocked":"permanent_recipient"}'),
    _("may have names behind the host only"),
    _("must be an Apprise URL of one of these services"),
    _("is not a URL that Apprise can read"),
    _("must be the verification key as SendGrid shows it"),
)


class SecretLines(UnfoldAdminTextareaWidget):  # type: ignore[misc]  # unfold is untyped
    """Several lines that are typed and never shown again, not even beside an error."""

    def format_value(self, value: Any) -> str:
        """Show nothing."""
        return ""


class AccountForm(SalonForm):
    """An account; form_for adds the fields of its provider."""

    provider_name: ClassVar[str] = ""
    is_new: ClassVar[bool] = True
    #: open fields as they are stored
    stored: ClassVar[Mapping[str, str]] = {}

    def clean(self) -> dict[str, Any]:
        """Ask for everything the provider needs, and each field's rule."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if self.provider_name:
            self._check_fields()
        return data

    def credentials(self) -> dict[str, str]:
        """Give what was changed: an empty secret is not, an emptied open field is."""
        fields = fields_of(ADAPTERS[self.provider_name])
        typed = {
            name: str(self.cleaned_data.get(CREDENTIAL + name) or "").strip() for name in fields
        }
        return {
            name: value
            for name, value in typed.items()
            if (value and fields[name]) or (not fields[name] and value != self.stored.get(name, ""))
        }

    def _check_fields(self) -> None:
        adapter = ADAPTERS[self.provider_name]
        changed = self.credentials()
        for name, is_secret in fields_of(adapter).items():
            is_kept = is_secret and not self.is_new
            value = changed.get(name, self.stored.get(name, ""))
            is_told = CREDENTIAL + name in self.errors
            if is_required(adapter, name) and not value and not is_kept and not is_told:
                self._refuse(name, _("Fill this in."))
        for name in asked_again(adapter, self.known(), changed):
            self._refuse(name, told(AGAIN))
        for name, sentence in field_faults(adapter, {**self.known(), **changed}).items():
            self._refuse(name, told(sentence))

    def known(self) -> Mapping[str, str]:
        """Give what is stored, for rules that look at several fields."""
        token = "" if self.is_new else self.instance.__dict__.get("credentials", "")
        return decrypt(token) if token else self.stored

    def _refuse(self, name: str, sentence: Any) -> None:
        self.add_error(CREDENTIAL + name, ValidationError(sentence))


def form_for(
    base: type[AccountForm], provider: str, stored: Mapping[str, str] | None = None
) -> type[AccountForm]:
    """Make the form of a provider's account. stored: what may be shown; None for a new one."""
    is_new, adapter = stored is None, ADAPTERS[provider]
    secret = fields_of(adapter)
    opened = {name: text for name, text in (stored or {}).items() if not secret.get(name)}
    fields: dict[str, Any] = {
        CREDENTIAL + name: _field(provider, name, is_secret, None if is_new else opened)
        for name, is_secret in secret.items()
    }
    kinds = sorted(map(str, adapter.kinds))
    if is_new and len(kinds) > 1:
        fields["chosen_kind"] = forms.ChoiceField(
            label=capfirst(_("channel kind")),
            choices=[(kind, KINDS.get(kind, kind)) for kind in kinds],
            widget=UnfoldAdminSelectWidget,
        )
    about = {"provider_name": provider, "is_new": is_new, "stored": opened}
    return type("ProviderForm", (base,), {**fields, **about})


def told(sentence: str) -> str:
    """Say a rule of channels.fields in the visitor's language."""
    head, colon, rest = sentence.partition(": ")
    return f"{gettext(head)}{colon}{rest}"


def provider_groups() -> list[tuple[Any, list[tuple[str, str]]]]:
    """List the providers that can be added, with their names, as a person looks for them."""
    named = [
        (TITLES[group], [one.provider for one in adapters if one.provider in PROVIDERS])
        for group, adapters in GROUPS.items()
    ]
    return [(title, [(one, name_of(one)) for one in found]) for title, found in named if found]


def _field(
    provider: str, name: str, is_secret: bool, opened: Mapping[str, str] | None
) -> forms.Field:
    is_new = opened is None
    words = [hint(provider, name, get_language() or ""), str(_HELP.get(name, ""))]
    if is_new and name in ADAPTERS[provider].generated:
        words.append(gettext("Empty: we make it up."))
    if is_secret and not is_new:
        words.append(gettext("Kept in secret. Leave empty to keep what is there."))
    return forms.CharField(
        label=LABELS.get(name, name),
        required=is_new and is_required(ADAPTERS[provider], name),
        initial=(opened or {}).get(name, ""),
        strip=name not in LONG,
        widget=_widget(name, is_secret)(attrs={"autocomplete": "off"}),
        help_text=" ".join(f"{one.rstrip('.')}." for one in words if one),
    )


def _widget(name: str, is_secret: bool) -> Any:
    if name in LONG:
        return SecretLines if is_secret else UnfoldAdminTextareaWidget
    return UnfoldAdminPasswordWidget if is_secret else UnfoldAdminTextInputWidget
