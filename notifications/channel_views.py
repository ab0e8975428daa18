"""Where does a client read something else than what was written? What each channel leaves of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels.contract import Content
from channels.errors import Permanent, Unsupported
from channels.formatting import Fitted, seen
from channels.formatting_rules import RULES

#: Channels as a person calls them; a step's word "chat" means all messengers of clients.
NAMES: Mapping[str, Any] = {
    "telegram": "Telegram",
    "whatsapp": "WhatsApp",
    "vk": _("VK"),
    "max": "MAX",
    "instagram": "Instagram",
    "sms": "SMS",
    "push": _("Push"),
    "slack": "Slack",
    "discord": "Discord",
    "mattermost": "Mattermost",
    "teams": "Teams",
    "ntfy": "ntfy",
}
MESSENGERS = ("telegram", "whatsapp", "vk", "max", "instagram")


@dataclass(frozen=True, slots=True)
class ChannelView:
    """What is read on channels that show the same; fitted: None when the text cannot go there."""

    channels: tuple[str, ...]
    fitted: Fitted | None

    @property
    def names(self) -> str:
        """Name the channels for a person."""
        return ", ".join(str(NAMES[channel]) for channel in self.channels)


def channel_views(content: Content, words: Iterable[str]) -> tuple[ChannelView, ...]:
    """Show a content on the channels of steps, where it is not what was written.

    words: as in Step.channels, best first.
    """
    grouped: dict[Fitted | None, list[str]] = {}
    for channel in _channels(words):
        fitted = _seen(content, channel)
        is_told = channel == "sms" and fitted is None  # beside its parts and price
        if not is_told and (fitted is None or not _is_whole(content, fitted)):
            grouped.setdefault(fitted, []).append(channel)
    return tuple(ChannelView(tuple(channels), fitted) for fitted, channels in grouped.items())


def _channels(words: Iterable[str]) -> list[str]:
    meant = [name for word in words for name in (MESSENGERS if word == "chat" else (word,))]
    return [name for name in dict.fromkeys(meant) if name in NAMES and name in RULES]


def _seen(content: Content, channel: str) -> Fitted | None:
    try:
        return seen(content, channel)
    except (Permanent, Unsupported):
        return None


def _is_whole(content: Content, fitted: Fitted) -> bool:
    words = {content.body, f"{content.title}\n{content.body}"}
    is_same = fitted.buttons == content.buttons and fitted.image_url == content.image_url
    return is_same and fitted.text in words and len(fitted.parts) == 1
