"""The keys that fake providers sign their calls with; made once per process."""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SENDGRID = ec.generate_private_key(ec.SECP256R1())
SENDGRID_PUBLIC = b64encode(
    SENDGRID.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
).decode()
MAILGUN = "MAILGUN-SIGNING"
RESEND = "whsec_UkVTRU5ELVNJR05JTkctU0VDUkVU"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-fake.pem"


@cache
def amazon() -> tuple[rsa.RSAPrivateKey, bytes]:
    """Make Amazon's key and its certificate in PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=3650))
        .sign(key, SHA256())
    )
    return key, made.public_bytes(Encoding.PEM)
