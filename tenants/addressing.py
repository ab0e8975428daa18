"""What is a good address of each kind, and which kind does a caller's word mean?

The words are those of the wire contract (`channels` as a list of providers with credentials, or
as a map of ours). A refusal is a Refused with a sentence; the caller knows the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

REGION = "RU"  # of numbers written without a country code
MAX_LENGTH = 512

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
    "fcm": "push",
    "apns": "push",
    "expo": "push",
    "one-signal": "push",
    "pushpad": "push",
    "push-webhook": "push",
    "pusher-beams": "push",
    "webpush": "push",
}

#: The answer's word for a kind: Novu's list of providers is closed and knows neither VK nor MAX.
PROVIDER_OF_KIND = {
    "telegram": "telegram",
    "whatsapp": "whatsapp-business",
    "vk": "chat-webhook",
    "max": "chat-webhook",
    "instagram": "chat-webhook",
    "push": "fcm",
}

# Where the value stands in `credentials`, by descending precision.
_CREDENTIALS = ("chatId", "phoneNumber", "userId", "email", "webhookUrl", "channel", "externalUrl")
_SPACE = re.compile(r"\s")


class Refused(ValueError):
    """The value cannot be an address of this kind; the text is the rule it breaks."""


def normalise(kind: str, value: object, region: str = REGION) -> str:
    """Write an address in its one form: E.164, lower case, stripped. Raises Refused."""
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
    return text


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
    if provider == "chat-webhook":
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
    if kind == "push":
        return {"deviceTokens": values}
    name = "phoneNumber" if kind == "whatsapp" else "chatId"
    return {name: values[0]}


def _phone(text: str, region: str) -> str:
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
