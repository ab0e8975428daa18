"""What is a good address of each kind, and which kind does a caller's word mean?

The words are those of the wire contract (`channels` as a list of providers with credentials, or
as a map of ours). A refusal is a Refused with a sentence; the caller knows the field's name.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

REGION = "RU"  # of numbers written without a country code
MAX_LENGTH = 512
SUBSCRIPTION_LENGTH = 1024  # Windows gives endpoints of 500 characters and more

#: Hosts of the browsers' push services; nobody else may be named by a subscription.
#: The same list as in channels.adapters.web_push, which asks again before it sends.
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "web.push.apple.com",
    ".notify.windows.com",
)

#: Words of the map form -> kind of address.
KIND_OF_WORD = {
    "telegram": "telegram",
    "telegram_id": "telegram",
    "whatsapp": "whatsapp",
    "vk": "vk",
    "vk_id": "vk",
    "max": "max",
    "max_id": "max",
    "instagram": "instagram",
    "instagram_id": "instagram",
    "phone": "phone",
    "sms": "phone",
    "email": "email",
    "push": "push",
    "fcm": "fcm",
    "apns": "apns",
    "web_push": "web_push",
    "slack": "slack",
    "discord": "discord",
    "teams": "teams",
    "mattermost": "mattermost",
    "ntfy": "ntfy",
}

#: Words of the list form, `providerId` -> kind of address.
KIND_OF_PROVIDER = {
    **KIND_OF_WORD,
    "whatsapp-business": "whatsapp",
    "twilio-whatsapp": "whatsapp",
    "wazzup": "whatsapp",
    "generic-sms": "phone",
    "twilio": "phone",
    "smsc": "phone",
    "expo": "push",
    "one-signal": "push",
    "pushpad": "push",
    "push-webhook": "push",
    "pusher-beams": "push",
    "webpush": "web_push",
    "msteams": "teams",
}

#: The answer's word for a kind: Novu's list of providers is closed and knows neither VK nor MAX,
#: and of push services that of browsers neither.
PROVIDER_OF_KIND = {
    "telegram": "telegram",
    "whatsapp": "whatsapp-business",
    "vk": "chat-webhook",
    "max": "chat-webhook",
    "instagram": "chat-webhook",
    "push": "push-webhook",
    "fcm": "fcm",
    "apns": "apns",
    "web_push": "push-webhook",
    "slack": "slack",
    "discord": "discord",
    "teams": "msteams",
    "mattermost": "mattermost",
    "ntfy": "chat-webhook",
}
DEVICES = frozenset({"push", "fcm", "apns", "web_push"})
STAFF = frozenset({"slack", "discord", "teams", "mattermost", "ntfy"})

# Where the value stands in `credentials`, by descending precision.
_CREDENTIALS = ("chatId", "phoneNumber", "userId", "email", "webhookUrl", "channel", "externalUrl")
_SPACE = re.compile(r"\s")
# What the library would say of it, in a hundredth of its time: ten digits are always possible.
_RUSSIAN = re.compile(r"\+7[0-9]{10}")
_APNS = re.compile(r"(?:[0-9a-f]{2}){32,100}")  # 32 bytes today; Apple does not promise it
_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")


class Refused(ValueError):
    """The value cannot be an address of this kind; the text is the rule it breaks."""


def normalise(kind: str, value: object, region: str = REGION) -> str:
    """Write an address in its one form: E.164, lower case, stripped. Raises Refused."""
    if kind == "web_push":
        return _subscription(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Refused("must be text")
    text = str(value).strip()
    if not text or len(text) > MAX_LENGTH:
        raise Refused(f"must be 1 to {MAX_LENGTH} characters")
    if kind in ("phone", "whatsapp"):
        return _phone(text, region)
    if kind == "email":
        return _email(text)
    if _SPACE.search(text):
        raise Refused("must not contain spaces")
    return _FORMS[kind](text) if kind in _FORMS else text


def kind_of_provider(provider: object, integration: object = None) -> str:
    """Find the kind of address that a provider writes to. Raises Refused.

    chat-webhook carries VK, MAX and Instagram; there the integration's identifier begins with
    the kind's word.
    """
    word = str(provider)
    if word == "chat-webhook":
        word = re.split(r"[-_.]", str(integration or ""))[0].lower()
    if word not in KIND_OF_PROVIDER:
        raise Refused("is not a provider that reaches a subscriber here")
    return KIND_OF_PROVIDER[word]


def kinds_of_provider(provider: str) -> tuple[str, ...]:
    """List the kinds that a provider's name alone may mean. Raises Refused."""
    if provider in ("chat-webhook", "push-webhook"):
        return tuple(kind for kind, name in PROVIDER_OF_KIND.items() if name == provider)
    return (kind_of_provider(provider),)


def values_of(credentials: object) -> list[object]:
    """Read the values out of `credentials`; an empty list of tokens means none. Raises Refused."""
    if not isinstance(credentials, Mapping):
        raise Refused("must be an object")
    tokens = credentials.get("deviceTokens")
    if tokens is not None:
        if not isinstance(tokens, list) or len(tokens) > 100:
            raise Refused("deviceTokens must be a list of at most 100")
        return tokens
    found = next((credentials[name] for name in _CREDENTIALS if credentials.get(name)), None)
    if found is None:
        raise Refused(f"must hold one of deviceTokens, {', '.join(_CREDENTIALS)}")
    return [found]


def credentials_of(kind: str, values: list[str]) -> dict[str, Any]:
    """Write the values of one kind as a subscriber's credentials in an answer."""
    if kind in DEVICES:
        return {"deviceTokens": values}
    if kind in STAFF:
        return {"webhookUrl" if "://" in values[0] else "channel": values[0]}
    name = "phoneNumber" if kind == "whatsapp" else "chatId"
    return {name: values[0]}


def _phone(text: str, region: str) -> str:
    if _RUSSIAN.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        raise Refused("must be a phone number such as +79161234567") from None
    # Possible, not valid: numbering plans change faster than the metadata of a pinned library.
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise Refused("must be a phone number such as +79161234567")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _email(text: str) -> str:
    address = text.lower()
    try:
        validate_email(address)
    except ValidationError:
        raise Refused("must be an e-mail address such as name@example.com") from None
    return address


def _apns(text: str) -> str:
    token = text.lower()
    if not _APNS.fullmatch(token):
        raise Refused("must be a device token in hexadecimal, 64 digits or more")
    return token


def _channel(text: str) -> str:
    """Take a channel's name or id, or the address of a webhook of its own."""
    if "://" in text and _host(text) is None:
        raise Refused("must be the name of a channel, or an address that begins with https://")
    return text


def _topic(text: str) -> str:
    if not _TOPIC.fullmatch(text):
        raise Refused("must be a topic: up to 64 letters, digits, - and _")
    return text


def _subscription(value: object) -> str:
    """Write a browser's subscription with what sending needs, and nothing else."""
    try:
        given: Any = json.loads(value) if isinstance(value, str) else value
        endpoint, keys = given["endpoint"], given["keys"]
        public, auth = keys["p256dh"].rstrip("="), keys["auth"].rstrip("=")
        is_whole = (len(_bytes(public)), len(_bytes(auth))) == (65, 16)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise Refused("must be a browser's push subscription: endpoint and keys p256dh and auth")
    if not isinstance(endpoint, str) or not _is_push_service(endpoint):
        raise Refused("must have an https endpoint of a browser's push service")
    kept = {"endpoint": endpoint, "keys": {"p256dh": public, "auth": auth}}
    text = json.dumps(kept, separators=(",", ":"))
    if len(text) > SUBSCRIPTION_LENGTH:
        raise Refused(f"must be at most {SUBSCRIPTION_LENGTH} characters")
    return text


def _is_push_service(endpoint: str) -> bool:
    host = _host(endpoint)
    return host is not None and any(
        host == known or (known[0] == "." and host.endswith(known)) for known in PUSH_HOSTS
    )


def _host(url: str) -> str | None:
    """Read the host of a plain https address; None for any other."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme == "https" and parts.port in (None, 443) and not parts.username
    except ValueError:
        return None
    return parts.hostname if is_plain and not _SPACE.search(url) else None


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


_FORMS: dict[str, Callable[[str], str]] = {
    "apns": _apns,
    "slack": _channel,
    "discord": _channel,
    "teams": _channel,
    "mattermost": _channel,
    "ntfy": _topic,
}
