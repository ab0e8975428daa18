"""Is this call Meta's, and what stands in it? The same for WhatsApp and Instagram.

https://developers.facebook.com/docs/graph-api/webhooks/getting-started, read 2026-11.
Meta calls again for about 7 days, in batches and in any order, and writes letters that are not
ASCII as \\uXXXX: the signature is over exactly these bytes.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Any, Final

from channels.bodies import parsed, parts, word
from channels.errors import BadCredentials
from channels.proofs import prove_signature
from channels.told import Callback, Reply

PLAIN = "text/plain"
OF_APP: Final[Mapping[str, tuple[str, str]]] = {
    "app_secret": (
        "Meta for Developers → приложение → Настройки → Основное: секрет приложения; без него "
        "ответы клиентов не принимаются",
        "Meta for Developers → the app → Settings → Basic: App secret; without it nothing that "
        "clients answer is taken",
    ),
    "verify_token": (
        "Придумывается нами: впишите его у Meta рядом с адресом обратного вызова",
        "Made up by us: goes to Meta beside the callback address",
    ),
}


def challenged(callback: Callback, verify_token: str) -> Reply | None:
    """Answer the handshake: the challenge as it came, or 403 when the token is another one."""
    query = callback.query
    if callback.method != "GET" or query.get("hub.mode") != "subscribe":
        return None
    given = query.get("hub.verify_token", "").encode()
    if not verify_token or not hmac.compare_digest(given, verify_token.encode()):
        return Reply(b"the verify token is another one", PLAIN, 403)
    return Reply(query.get("hub.challenge", "").encode(), PLAIN)


def entries(callback: Callback, app_secret: str, product: str) -> list[dict[str, Any]]:
    """Verify a call and give its entries; raises BadSignature. Nothing of another product."""
    given = callback.headers.get("x-hub-signature-256", "")
    prove_signature(given, app_secret, callback.body, prefix="sha256=")
    body = parsed(callback.body)
    return parts(body, "entry") if word(body, "object") == product else []


def changes(callback: Callback, app_secret: str, product: str) -> list[dict[str, Any]]:
    """Verify a call and give the changes of its entries, each with the entry's id and time."""
    return [
        {**change, "entry": word(entry, "id"), "time": word(entry, "time")}
        for entry in entries(callback, app_secret, product)
        for change in parts(entry, "changes")
    ]


def must_verify(credentials: Mapping[str, str]) -> None:
    """Refuse to be called by somebody whom we could not verify."""
    if not credentials.get("app_secret"):
        raise BadCredentials("app_secret is empty, so that no call of Meta could be verified")
