"""What does a provider's answer hold, if it is JSON at all?"""

from __future__ import annotations

import json
from typing import Any

from channels.request import HttpResponse


def json_object(response: HttpResponse | None) -> dict[str, Any] | None:
    """Read the answer's JSON object; None when it is something else."""
    try:
        parsed = json.loads(response.body) if response else None
    except ValueError:
        return None
    return parsed if isinstance(parsed, dict) else None


def objects(value: object) -> list[dict[str, Any]]:
    """Give the objects of a list; nothing for what is no list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
