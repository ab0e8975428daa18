"""What does a push show, and where does a tap on it lead: the same for every push service.

What the engine may put into Outbound.extra: "badge" (the number on the app's icon), "data" (what
the app reads), "collapse_key" (a newer push takes the place of an older one of the same key).
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass

from channels.contract import Button, Outbound
from channels.formatting import fit

LONGEST_TTL_S = 28 * 24 * 3600  # what the services keep a push at most; theirs when nothing is said


@dataclass(frozen=True, slots=True)
class Push:
    """One push. click_url: of the first button with a link. data: texts only.

    collapse_key: as given, or our message's id, so that a push that had to be repeated shows once.
    is_grouped: the key was given, hence is shared with other messages.
    """

    title: str
    text: str
    image_url: str
    click_url: str
    buttons: tuple[Button, ...]
    badge: int | None
    data: Mapping[str, str]
    collapse_key: str
    is_grouped: bool
    ttl_s: int


def push_of(outbound: Outbound) -> Push:
    """Read a push out of a message."""
    fitted = fit(outbound.content, "push")
    click_url = next((button.url for button in outbound.content.buttons if button.url), "")
    key = str(outbound.extra.get("collapse_key") or "")
    ttl_s = LONGEST_TTL_S if outbound.ttl_s is None else outbound.ttl_s
    return Push(
        title=fitted.title,
        text=fitted.text,
        image_url=fitted.image_url,
        click_url=click_url,
        buttons=fitted.buttons,
        badge=_badge(outbound.extra.get("badge")),
        data=_data(outbound, click_url),
        collapse_key=key or outbound.message_id,
        is_grouped=bool(key),
        ttl_s=max(0, min(ttl_s, LONGEST_TTL_S)),
    )


def short_key(key: str, limit: int) -> str:
    """Give a key of at most `limit` letters of base64url; short plain ones stay as they are."""
    if len(key) <= limit and key.isascii() and key.replace("-", "").replace("_", "").isalnum():
        return key
    return urlsafe_b64encode(hashlib.sha256(key.encode()).digest()).decode()[: min(limit, 43)]


def _badge(given: object) -> int | None:
    is_number = isinstance(given, int) and not isinstance(given, bool) and given >= 0
    return given if is_number else None  # type: ignore[return-value]  # told by is_number


def _data(outbound: Outbound, click_url: str) -> dict[str, str]:
    """Write what the app reads: services take texts only."""
    given = outbound.extra.get("data")
    data = dict(given) if isinstance(given, Mapping) else {}
    own = {"message_id": outbound.message_id, **({"url": click_url} if click_url else {})}
    texts = {str(name): _text(value) for name, value in data.items()}
    return texts | own


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
