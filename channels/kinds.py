"""Which channel does each kind of address belong to?"""

from __future__ import annotations

from channels.contract import ChannelKind

CHANNEL_OF_ADDRESS: dict[str, ChannelKind] = {
    "telegram": ChannelKind.CHAT,
    "whatsapp": ChannelKind.CHAT,
    "vk": ChannelKind.CHAT,
    "max": ChannelKind.CHAT,
    "instagram": ChannelKind.CHAT,
    "slack": ChannelKind.CHAT,
    "discord": ChannelKind.CHAT,
    "teams": ChannelKind.CHAT,
    "mattermost": ChannelKind.CHAT,
    "ntfy": ChannelKind.CHAT,
    "phone": ChannelKind.SMS,
    "email": ChannelKind.EMAIL,
    "fcm": ChannelKind.PUSH,
    "apns": ChannelKind.PUSH,
    "web_push": ChannelKind.PUSH,
    "push": ChannelKind.PUSH,
    "url": ChannelKind.WEBHOOK,
}
