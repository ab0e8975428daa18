"""Did Amazon SNS send this, about a topic that we expect? Gives what was published.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html, read 2026-11: RSA
(PKCS 1 v1.5) over some of the fields; SHA-1 in version 1, SHA-256 in version 2. The address of the
certificate is not signed, hence only Amazon's own hosts are asked for one.

1. The certificate is asked for (`Needs`), unless it is among the callback's answers.
2. A confirmation of the subscription is confirmed by a call, once it is proven.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256

from channels.adapters.callback_reading import object_of, prove, text
from channels.request import HttpRequest
from channels.told import BadSignature, Callback, Needs

NOTIFICATION, CONFIRMATION = "Notification", "SubscriptionConfirmation"
OF_SUBSCRIPTION = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
#: Fields that are signed, in this order; Subject only where there is one.
SIGNED: Mapping[str, tuple[str, ...]] = {
    NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    CONFIRMATION: OF_SUBSCRIPTION,
    "UnsubscribeConfirmation": OF_SUBSCRIPTION,
}
# The time of publishing, not of this attempt: SNS gives up after an hour.
TOLERANCE_S = 3600.0 + 600
TIMEOUT_S = 5.0  # SNS itself waits for 15 s
_HOST = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


def published(callback: Callback, topic_arn: str, region: str) -> Mapping[str, Any]:
    """Give a proven notification, or nothing for what only concerns the subscription.

    topic_arn: the one that is expected; "" for any of the region. Raises BadSignature and Needs.
    """
    envelope = object_of(callback.body)
    prove(_is_expected(text(envelope.get("TopicArn")), topic_arn, region))
    prove(_is_recent(text(envelope.get("Timestamp")), callback.at))
    _verify(envelope, _certificate(callback, text(envelope.get("SigningCertURL"))))
    if envelope["Type"] == CONFIRMATION:
        _answer(callback, text(envelope.get("SubscribeURL")))
    return envelope if envelope["Type"] == NOTIFICATION else {}


def _is_expected(told: str, topic_arn: str, region: str) -> bool:
    if topic_arn:
        return told == topic_arn
    return told.startswith("arn:aws") and told.split(":")[2:4] == ["sns", region]


def _is_recent(moment: str, now: float) -> bool:
    try:
        told = datetime.fromisoformat(moment)
        return told.tzinfo is not None and abs(now - told.timestamp()) <= TOLERANCE_S
    except (ValueError, OverflowError):
        return False


def _certificate(callback: Callback, url: str) -> bytes:
    prove(_is_amazons(url) and urlsplit(url).path.endswith(".pem"))
    return _answer(callback, url, is_lasting=True)


def _answer(callback: Callback, url: str, *, is_lasting: bool = False) -> bytes:
    prove(_is_amazons(url))
    if url not in callback.answers:
        raise Needs(HttpRequest("GET", url, {}, timeout_s=TIMEOUT_S), is_lasting=is_lasting)
    return callback.answers[url]


def _is_amazons(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    # the whole authority: neither a login nor a port stands in Amazon's addresses
    return parts.scheme == "https" and bool(_HOST.fullmatch(parts.netloc))


def _verify(envelope: Mapping[str, Any], certificate: bytes) -> None:
    names = SIGNED.get(text(envelope.get("Type")), ())
    prove(bool(names))
    told = ((name, envelope.get(name)) for name in names)
    signed = "".join(f"{name}\n{text(value)}\n" for name, value in told if value is not None)
    algorithm = SHA256() if envelope.get("SignatureVersion") == "2" else SHA1()  # noqa: S303 (theirs)
    try:
        key = x509.load_pem_x509_certificate(certificate).public_key()
        if not isinstance(key, RSAPublicKey):
            raise ValueError("not an RSA key")
        signature = b64decode(text(envelope.get("Signature")), validate=True)
        key.verify(signature, signed.encode("utf-8", "replace"), PKCS1v15(), algorithm)
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        raise BadSignature("the signature is missing or wrong") from None
