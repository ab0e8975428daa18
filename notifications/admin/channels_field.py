"""How are a step's channels edited? By their names, in the order in which they are tried."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from channels.contract import ChannelKind
from notifications.models.gates import STOPPABLE
from tenants.models import AddressKind

WORDS = frozenset({*map(str, ChannelKind), *AddressKind.values} - {"phone", ChannelKind.DESK})


class ChannelsField(forms.CharField):
    """Names in the visitor's language for a person, a list of our words for the model."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Channels"))
        options.setdefault("help_text", _("In order, with commas: Messenger, SMS, E-mail."))
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        """Write the list by names."""
        if not isinstance(value, list):
            return value
        names = _names()
        return ", ".join(names.get(str(word), str(word)) for word in value)

    def clean(self, value: Any) -> Any:
        """Read names or our own words, each a channel or a messenger."""
        names = _names()
        known = {name.casefold(): word for word, name in names.items()} | {w: w for w in WORDS}
        written = [name.strip() for name in super().clean(value).split(",") if name.strip()]
        for name in written:
            if name.casefold() not in known:
                params = {"word": name, "known": ", ".join(sorted(names.values()))}
                raise ValidationError(
                    _("“%(word)s” is not a channel. Known: %(known)s."), params=params
                )
        return list(dict.fromkeys(known[name.casefold()] for name in written))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the names."""
        return bool(super().has_changed(self.prepare_value(initial), data))


def _names() -> dict[str, str]:
    return {word: str(name) for word, name in STOPPABLE if word in WORDS}
