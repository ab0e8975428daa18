"""How are a message's buttons edited? As rows of words, link and action, without a script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

MOST = 6  # buttons of one message; more do not fit on a phone's screen
PARTS = ("text", "url", "action")


class ButtonRows(forms.Widget):
    """A row for each button and an empty one; an emptied row is a removed button."""

    template_name = "notifications/admin/buttons.html"

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        """Give the template its rows of inputs."""
        context = super().get_context(name, value, attrs)
        buttons = value if isinstance(value, list) else []
        filled = [button for button in buttons if isinstance(button, dict)]
        shown = filled + [{}] * max(1, 2 - len(filled)) if len(filled) < MOST else filled
        context["rows"] = [self._row(name, number, button) for number, button in enumerate(shown)]
        context["headings"] = [_("Words on the button"), _("Link"), _("Action")]
        return context

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> Any:
        """Render from the project's templates: the forms' own engine does not look there."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def _row(self, name: str, number: int, button: Mapping[str, Any]) -> list[str]:
        labels = {"text": _("Words on the button"), "url": _("Link"), "action": _("Action")}
        return [
            UnfoldAdminTextInputWidget(
                {"aria-label": labels[part], "placeholder": labels[part]}
            ).render(f"{name}-{number}-{part}", button.get(part, ""), {})
            for part in PARTS
        ]

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Any:
        """Collect the rows that hold anything."""
        rows = [
            {part: str(data.get(f"{name}-{number}-{part}", "")).strip() for part in PARTS}
            for number in range(MOST + 2)
        ]
        return [row for row in rows if any(row.values())]

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        """A form without any of the rows leaves the buttons as they are."""
        return f"{name}-0-text" not in data


class ButtonsField(forms.Field):
    """A list of {"text", "url", "action"}."""

    widget = ButtonRows

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> list[dict[str, str]]:
        """Ask each button for words and for something that happens."""
        buttons = value or []
        if len(buttons) > MOST:
            raise ValidationError(_("At most %(most)s buttons."), params={"most": MOST})
        for button in buttons:
            if not button["text"]:
                raise ValidationError(_("Each button needs words that the client can press."))
            if not (button["url"] or button["action"]):
                words = _("The button “%(text)s” needs a link or an action.")
                raise ValidationError(words, params={"text": button["text"]})
        return list(buttons)

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compare as lists; nothing and an empty list are the same."""
        return (initial or []) != (data or [])
