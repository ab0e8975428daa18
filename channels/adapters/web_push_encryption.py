"""How is a push encrypted so that only the browser reads it: aes128gcm.

RFC 8291 (keys) on RFC 8188 (one record). The push service in between sees length and time only.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD_BYTES = 4096
MOST_PLAIN_BYTES = 3993  # 4096 less header (86), padding mark (1) and tag (16)
LAST_RECORD = b"\x02"

Curve = ec.SECP256R1()


def encrypt(
    plain: bytes,
    *,
    public: bytes,
    auth: bytes,
    private_key: ec.EllipticCurvePrivateKey,
    salt: bytes,
) -> bytes:
    """Write the body of a push. Raises ValueError for keys that are none.

    public, auth: the browser's p256dh (65 bytes) and secret (16 bytes). private_key, salt (16
    bytes): new for every push.
    """
    ours = public_bytes(private_key)
    browser = ec.EllipticCurvePublicKey.from_encoded_point(Curve, public)
    shared = private_key.exchange(ec.ECDH(), browser)
    material = _derive(shared, auth, b"WebPush: info\x00" + public + ours, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\x00", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, plain + LAST_RECORD, None)


def public_bytes(private_key: ec.EllipticCurvePrivateKey) -> bytes:
    """Write the public half as a point, uncompressed."""
    return private_key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def read_private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a key as tools for VAPID write it: 32 bytes in base64url. Raises ValueError."""
    raw = unpadded(text)
    if len(raw) != 32:
        raise ValueError("a private key has 32 bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), Curve)


def unpadded(text: str) -> bytes:
    """Read base64url with or without its padding. Raises ValueError."""
    return urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(secret)
