"""What would a newer pack change? Its places in words: "steps.mail.channels" is no manager's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PLACES: Mapping[str, Any] = {
    "name": gettext_lazy("name"),
    "description": gettext_lazy("description"),
    "category": gettext_lazy("category"),
    "priority": gettext_lazy("priority"),
    "is_critical": gettext_lazy("whether it is critical"),
    "expires_after_s": gettext_lazy("when it expires"),
    "payload_schema": gettext_lazy("data of the event"),
    "order": gettext_lazy("order of the steps"),
}
PARTS: Mapping[str, Any] = {
    "kind": gettext_lazy("kind"),
    "channels": gettext_lazy("channels"),
    "settings": gettext_lazy("settings"),
    "text": gettext_lazy("texts"),
}


def in_words(places: Iterable[str]) -> str:
    """Name places of a workflow, each once; nothing for none."""
    return ", ".join(dict.fromkeys(_words(place.split(".")) for place in places))


def _words(parts: list[str]) -> str:
    if parts[0] != "steps" or len(parts) == 1:
        return str(PLACES.get(parts[0], parts[0]))
    step = _("step “%(key)s”") % {"key": parts[1]}
    return f"{step} ({PARTS.get(parts[2], parts[2])})" if len(parts) > 2 else step
