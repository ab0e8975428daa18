"""What are providers and their accounts' fields called for a person, and where are they found?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from channels.registry import ADAPTERS

#: What providers are called where their own word is not enough.
NAMES: Mapping[str, Any] = {
    "whatsapp_cloud": "WhatsApp",
    "vk": "VK",
    "max": "MAX",
    "smtp": _("Own mail server (SMTP)"),
    "sendgrid": "SendGrid",
    "unisender_go": "Unisender Go",
    "ses": "Amazon SES",
    "smsc": "SMSC",
    "smsaero": "SMS Aero",
    "smsru": "SMS.ru",
    "sns": "Amazon SNS",
    "fcm": "Firebase (FCM)",
    "apns": "Apple (APNs)",
    "web_push": _("Browsers (Web Push)"),
    "teams": "Microsoft Teams",
    "generic_http": _("Any HTTP API"),
    "webhook": _("Webhook"),
    "novu": "Novu",
    "sandbox": _("The Phone"),
}
#: What the fields of adapters are called for a person; others are shown by their own name.
LABELS: Mapping[str, Any] = {
    "token": _("Token"),
    "webhook_secret": _("Webhook secret"),
    "critical_workflows": _("Critical workflows"),
    "unsigned": _("Calls without a signature"),
    "mirror": _("Mirror messages"),
    "webhook_url": _("Address of the webhook"),
    "callback_secret": _("Secret of callbacks"),
    "app_secret": _("App secret"),
    "verify_token": _("Verify token"),
    "group_id": _("Community's number"),
    "confirmation": _("Confirmation string"),
    "instagram_id": _("Instagram account's number"),
    "api_base": _("Address of the API"),
    "api_key": _("API key"),
    "api_id": "api_id",
    "url": _("Address"),
    "secret": _("Secret"),
    "host": _("Server"),
    "port": _("Port"),
    "username": _("Login"),
    "login": _("Login"),
    "email": _("E-mail of the account"),
    "password": _("Password"),
    "security": _("Encryption"),
    "from_address": _("Sender's e-mail"),
    "from_name": _("Sender's name"),
    "reply_to": _("Replies go to"),
    "dkim_selector": _("Name of the DKIM key (selector)"),
    "bounce_address": _("Returned letters go to"),
    "imap_host": _("Mailbox of returned letters: server (IMAP)"),
    "imap_port": _("Mailbox of returned letters: port"),
    "imap_security": _("Mailbox of returned letters: encryption"),
    "imap_user": _("Mailbox of returned letters: login"),
    "imap_password": _("Mailbox of returned letters: password"),
    "sender": _("Sender's name"),
    "price_per_segment": _("Price of one SMS part"),
    "domain": _("Domain"),
    "server_token": _("Server's token"),
    "message_stream": _("Stream of service messages"),
    "broadcast_stream": _("Stream of marketing"),
    "skip_unsubscribe": _("Letters without the provider's own unsubscribe link"),
    "access_key_id": _("Access key's id"),
    "secret_access_key": _("Secret access key"),
    "region": _("Region"),
    "configuration_set": _("Configuration set"),
    "account_sid": "Account SID",
    "login_sid": "API Key SID",
    "auth_token": "Auth Token",
    "messaging_service_sid": "Messaging Service SID",
    "phone_number_id": _("Id of the phone number"),
    "business_account_id": _("Id of the business account"),
    "account_id": _("Account number"),
    "inbox_id": _("Inbox number"),
    "mirror_inbox_id": _("Number of the inbox for mirrored messages"),
    "service_account": _("Service account's key file"),
    "private_key": _("Private key file"),
    "key_id": _("Key's id"),
    "team_id": _("Team's id"),
    "bundle_id": _("App's id"),
    "environment": _("Environment"),
    "vapid_private_key": _("VAPID private key"),
    "vapid_public_key": _("VAPID public key"),
    "subject": _("Contact for push services"),
    "target": _("Apprise address"),
    "method": _("Method"),
    "headers": _("Headers"),
    "body": _("Body"),
    "success_status": _("Statuses of success"),
    "success_path": _("Path to the sign of success"),
    "success_value": _("Value of success"),
    "id_path": _("Path to the message's id"),
    "error_path": _("Path to the error's word"),
    "status_map": _("Meaning of words and statuses"),
    "verification_key": _("Verification key of the reports"),
    "signing_key": _("Signing key of the reports"),
    "signing_secret": _("Signing secret of the webhook"),
    "signing_token": _("Auth Token that signs the reports"),
    "topic_arn": _("SNS topic of the reports"),
    "callback_password": _("Password of the reports"),
    "callback_word": _("Secret word of the reports"),
    "callback_key": _("Key that signs the reports"),
    "callback_id_path": _("Path to the message's id in a report"),
    "callback_state_path": _("Path to the word of a report"),
    "callback_states": _("Meaning of the words of reports"),
    "proxy": _("Proxy"),
    "rate": _("Own limit"),
    "callback_networks": _("Who may call back"),
    "public_name": _("Name in the link to the chat"),
}


def name_of(provider: str) -> str:
    """Name a provider for a person."""
    return str(NAMES.get(provider, provider.replace("_", " ").capitalize()))


def hint(provider: str, name: str, language: str) -> str:
    """Say where a salon finds this value at the provider; "" when nobody has written it."""
    pair = ADAPTERS[provider].hints.get(name)
    return pair[0 if language.startswith("ru") else 1] if pair else ""
