"""How are a step's channels edited? As words in the order in which they are tried."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from channels.contract import ChannelKind
from tenants.models import AddressKind

WORDS = frozenset({*map(str, ChannelKind), *AddressKind.values} - {"phone", ChannelKind.DESK})


class ChannelsField(forms.CharField):
    """`chat, sms, email` for a person, a list for the model."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **options: Any) -> None:
        options.setdefault("label", _("Channels"))
        options.setdefault("help_text", _("In order, with commas: chat, sms, email."))
        super().__init__(required=False, **options)

    def prepare_value(self, value: Any) -> Any:
        """Write the list as words."""
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        """Read the words, each a channel or a messenger."""
        words = [word for word in re.split(r"[,\s]+", super().clean(value).lower()) if word]
        for word in words:
            if word not in WORDS:
                params = {"word": word, "known": ", ".join(sorted(WORDS))}
                raise ValidationError(
                    _("“%(word)s” is not a channel. Known: %(known)s."), params=params
                )
        return list(dict.fromkeys(words))

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare the words."""
        return bool(super().has_changed(self.prepare_value(initial), data))
