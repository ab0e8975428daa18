"""How do providers' credentials rest in the database: encrypted, under keys that can be changed.

The first of ENCRYPTION_KEYS encrypts, all of them decrypt. To change a key: put the new one first,
restart, run `manage.py rotate_encryption`, then take the old one away.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


def encrypt(values: Mapping[str, str]) -> str:
    """Encrypt credentials for the database; raises ImproperlyConfigured for a malformed key."""
    text = json.dumps(dict(values), ensure_ascii=False, separators=(",", ":"))
    return _fernet().encrypt(text.encode()).decode()


def decrypt(token: str) -> dict[str, str]:
    """Read what `encrypt` wrote; nothing stored reads as no credentials.

    Raises ImproperlyConfigured when none of the keys fits.
    """
    if not token:
        return {}
    try:
        values: dict[str, str] = json.loads(_fernet().decrypt(token.encode()))
    except InvalidToken as error:
        raise _no_key_fits() from error
    return values


def rotate(token: str) -> str:
    """Encrypt again under the first key, without showing the text to anyone."""
    if not token:
        return token
    try:
        return _fernet().rotate(token.encode()).decode()
    except InvalidToken as error:
        raise _no_key_fits() from error


def is_current(token: str) -> bool:
    """Tell whether the first key wrote this; nothing stored needs no key."""
    if not token:
        return True
    try:
        _fernet_of(tuple(settings.ENCRYPTION_KEYS)[:1]).decrypt(token.encode())
    except InvalidToken:
        return False
    return True


def new_key() -> str:
    """Make a key for ENCRYPTION_KEYS."""
    return Fernet.generate_key().decode()


def check_keys() -> None:
    """Raise ImproperlyConfigured when a key is malformed: doctor asks before anything is stored."""
    _fernet()


def _fernet() -> MultiFernet:
    return _fernet_of(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def _fernet_of(keys: tuple[str, ...]) -> MultiFernet:
    try:
        return MultiFernet([Fernet(key) for key in keys])
    except ValueError as error:
        raise ImproperlyConfigured(
            "ENCRYPTION_KEYS must hold keys of 32 bytes in URL-safe base64:"
            " make one with 'manage.py doctor --new-key'."
        ) from error


def _no_key_fits() -> ImproperlyConfigured:
    return ImproperlyConfigured(
        "None of ENCRYPTION_KEYS opens the stored credentials:"
        " add the key they were written with behind the first one."
    )
