"""Which providers are there?"""

from __future__ import annotations

from django.conf import settings

from channels.adapters.apns import ApnsAdapter
from channels.adapters.apprise import AppriseAdapter
from channels.adapters.brevo import BrevoAdapter
from channels.adapters.chatwoot import ChatwootAdapter
from channels.adapters.discord import DiscordAdapter
from channels.adapters.fcm import FcmAdapter
from channels.adapters.generic_http import GenericHttpAdapter
from channels.adapters.instagram import InstagramAdapter
from channels.adapters.mailgun import MailgunAdapter
from channels.adapters.mattermost import MattermostAdapter
from channels.adapters.max import MaxAdapter
from channels.adapters.novu import NovuAdapter
from channels.adapters.ntfy import NtfyAdapter
from channels.adapters.postmark import PostmarkAdapter
from channels.adapters.resend import ResendAdapter
from channels.adapters.sandbox import SandboxAdapter
from channels.adapters.sendgrid import SendgridAdapter
from channels.adapters.ses import SesAdapter
from channels.adapters.slack import SlackAdapter
from channels.adapters.smsaero import SmsAeroAdapter
from channels.adapters.smsc import SmscAdapter
from channels.adapters.smsru import SmsRuAdapter
from channels.adapters.smtp import SmtpAdapter
from channels.adapters.sns import SnsAdapter
from channels.adapters.teams import TeamsAdapter
from channels.adapters.telegram import TelegramAdapter
from channels.adapters.twilio import TwilioAdapter
from channels.adapters.unisender_go import UnisenderGoAdapter
from channels.adapters.vk import VkAdapter
from channels.adapters.web_push import WebPushAdapter
from channels.adapters.webhook import WebhookAdapter
from channels.adapters.whatsapp_cloud import WhatsAppCloudAdapter
from channels.contract import Adapter

#: One line per provider, in the group where a person looks for it and in the order of the admin.
GROUPS: dict[str, tuple[type[Adapter], ...]] = {
    "chat": (
        TelegramAdapter,
        WhatsAppCloudAdapter,
        VkAdapter,
        MaxAdapter,
        InstagramAdapter,
        ChatwootAdapter,
    ),
    "email": (
        SmtpAdapter,
        SendgridAdapter,
        MailgunAdapter,
        PostmarkAdapter,
        BrevoAdapter,
        ResendAdapter,
        UnisenderGoAdapter,
        SesAdapter,
    ),
    "sms": (
        SmscAdapter,
        SmsAeroAdapter,
        SmsRuAdapter,
        TwilioAdapter,
        SnsAdapter,
    ),
    "push": (
        FcmAdapter,
        ApnsAdapter,
        WebPushAdapter,
    ),
    "staff": (
        SlackAdapter,
        DiscordAdapter,
        TeamsAdapter,
        MattermostAdapter,
        NtfyAdapter,
        AppriseAdapter,
    ),
    "any": (
        GenericHttpAdapter,
        WebhookAdapter,
        NovuAdapter,
        SandboxAdapter,
    ),
}
ADAPTERS: dict[str, type[Adapter]] = {
    adapter.provider: adapter for group in GROUPS.values() for adapter in group
}

MaxAdapter.ca_file = settings.MAX_CA_BUNDLE  # adapters know no settings
