"""How does each provider prove its calls? Written from the facts, never from our adapters."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Mapping

from channels.told import Callback
from tests.providers import calling

APP_SECRET, VERIFY_TOKEN = "meta_app_secret_1", "wa_verify_1"
META = {"token": "TOKEN", "app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN}
_CREDENTIALS: Mapping[str, Mapping[str, str]] = {
    "telegram": {"token": "42:TOKEN", "webhook_secret": "tg_hook_secret_1"},
    "whatsapp_cloud": META
    | {"phone_number_id": "106540352242922", "business_account_id": "102290129340398"},
    "instagram": META | {"instagram_id": "17841405822304914"},
    "vk": {"token": "TOKEN", "callback_secret": "vk_hook_secret_1", "group_id": "212345678"},
    "max": {"token": "f9LHodD0cOI_sample_bot_token", "webhook_secret": "max_hook_secret_1"},
}


PROVEN = frozenset({*_CREDENTIALS, *calling.KNOWN, *calling.SIGNERS})


def credentials(provider: str) -> dict[str, str]:
    """Give the credentials of an account whose calls `called` proves."""
    return dict(_CREDENTIALS.get(provider) or calling.KNOWN.get(provider, {}))


def of_meta(body: bytes) -> Callback:
    """Sign a body as Meta does."""
    digest = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Callback(body, {"x-hub-signature-256": f"sha256={digest}"})


def called(provider: str, body: bytes) -> Callback:
    """Prove a body as the provider does; VK's secret stands in the body itself."""
    if provider in calling.WRITERS:
        return calling.proven(provider, body.decode("utf-8", "replace"), int(time.time()))
    if provider in ("whatsapp_cloud", "instagram"):
        return of_meta(body)
    headers = {
        "telegram": {"x-telegram-bot-api-secret-token": "tg_hook_secret_1"},
        "max": {"x-max-bot-api-secret": "max_hook_secret_1"},
    }
    return Callback(body, headers.get(provider, {}))
