"""Did the sender sign this call as https://www.standardwebhooks.com says (specification 1.0.0)?

Svix signs in the same way, its headers begin with another word. Keys: whsec_... (HMAC-SHA256,
signatures v1) and whpk_... (the public half of ed25519, signatures v1a). A header may hold several
signatures, because keys are changed while calls are under way.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from channels.adapters.callback_reading import is_recent, prove, same
from channels.told import Callback

TOLERANCE_S = 300.0  # every attempt is signed anew


def verify(callback: Callback, key: str, prefix: str = "webhook") -> str:
    """Give the id of the call, the same in all its attempts; raises BadSignature."""
    call, moment, signatures = (
        callback.headers.get(f"{prefix}-{name}", "") for name in ("id", "timestamp", "signature")
    )
    prove(bool(call) and is_recent(moment, callback.at, TOLERANCE_S))
    signed = f"{call}.{moment}.".encode("utf-8", "replace") + callback.body
    offered = [one.partition(",") for one in signatures.split(" ")]
    if key.startswith("whpk_"):
        prove(any(v == "v1a" and _is_signed(key, one, signed) for v, _, one in offered))
    else:
        expected = _signature(key, signed)
        prove(any(version == "v1" and same(one, expected) for version, _, one in offered))
    return call


def _signature(key: str, signed: bytes) -> str:
    secret = _decoded(key.removeprefix("whsec_"))
    prove(bool(secret))
    return b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def _is_signed(key: str, signature: str, signed: bytes) -> bool:
    try:
        public = Ed25519PublicKey.from_public_bytes(_decoded(key.removeprefix("whpk_")))
        public.verify(_decoded(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _decoded(text: str) -> bytes:
    """Read base64; nothing when it is none."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
