"""Which text that WhatsApp has approved goes with a message, for a closed window?"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from channels.accounts import Account
from notifications.loading import Work
from notifications.steps.text import lines


def approved_template(
    work: Work, account: Account, language: str, now: datetime
) -> dict[str, Any] | None:
    """Fill the approved template of the step's text; None when there is none to this account.

    Gives what channels.adapters.whatsapp_cloud takes: {name, language, parameters, buttons}.
    Raises RenderError, which names the variable.
    """
    step = work.step
    if not account.templates or step is None or step.template_id is None:
        return None
    found = account.templates.get((step.template_id, language))
    if found is None:
        return None
    links = [one["value"] for one in found.buttons if one and one["sub_type"] == "url"]
    said = lines(work, (*found.parameters, *links), language, now)
    if not all(said):
        return None  # WhatsApp refuses an empty value; another channel can say it
    texts = iter(said[len(found.parameters) :])
    return {
        "name": found.name,
        "language": found.language,
        "parameters": said[: len(found.parameters)],
        "buttons": [
            _button(index, one, texts) for index, one in enumerate(found.buttons) if one is not None
        ],
    }


def _button(index: int, button: Mapping[str, str], texts: Any) -> dict[str, str]:
    kind = button["sub_type"]
    given = {"text": next(texts)} if kind == "url" else {"payload": button["value"]}
    return {"index": str(index), "sub_type": kind, **given}
