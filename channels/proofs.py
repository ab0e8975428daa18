"""Was this callback really sent by the provider? Compared in constant time, on the raw bytes."""

from __future__ import annotations

import hashlib
import hmac

from channels.told import BadSignature


def prove_secret(given: str, secret: str) -> None:
    """Compare a secret that the provider sends back; raises BadSignature, also without a secret."""
    if not secret or not hmac.compare_digest(_bytes(given), _bytes(secret)):
        raise BadSignature("the secret is missing or wrong")


def prove_signature(given: str, secret: str, signed: bytes, *, prefix: str = "") -> None:
    """Compare an HMAC-SHA256 over these bytes, in hexadecimal; raises BadSignature."""
    if not has_signature(given, secret, signed, prefix=prefix):
        raise BadSignature("the signature is missing or wrong")


def has_signature(given: str, secret: str, signed: bytes, *, prefix: str = "") -> bool:
    """Ask whether this is the hexadecimal HMAC-SHA256 over these bytes; no, without a secret."""
    own = prefix + hmac.new(_bytes(secret), signed, hashlib.sha256).hexdigest()
    return bool(secret) and hmac.compare_digest(_bytes(given), _bytes(own))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # JSON may hold halves of surrogate pairs
