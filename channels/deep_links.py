"""By which address does a client open the salon's chat so that it knows who she is?

Telegram: https://core.telegram.org/bots/features#deep-linking; VK: vk.me links with ref; MAX:
https://dev.max.ru/docs (start payload); WhatsApp: click to chat, the text stands ready to be sent;
Instagram: ig.me links with ref. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

#: Provider -> its link. name: of the bot, the community, the profile, or the number in WhatsApp.
FORMS: Final[Mapping[str, str]] = {
    "telegram": "https://t.me/{name}?start={token}",
    "vk": "https://vk.me/{name}?ref={token}",
    "max": "https://max.ru/{name}?start={token}",
    "whatsapp_cloud": "https://wa.me/{name}?text={token}",
    "instagram": "https://ig.me/m/{name}?ref={token}",
}
#: The field of an account that holds the name; the provider's own key does not tell it.
NAME: Final = "public_name"


def deep_link(provider: str, credentials: Mapping[str, str], token: str) -> str:
    """Write the link of an account; "" when it has no name or the provider no links."""
    name = credentials.get(NAME, "").removeprefix("@").removeprefix("+")
    if provider not in FORMS or not name:
        return ""
    return FORMS[provider].format(name=quote(name, safe=""), token=token)
