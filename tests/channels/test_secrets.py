"""Credentials at rest: unreadable without a key, readable with any of them."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from channels.secrets import check_keys, decrypt, encrypt, new_key, rotate

TOKEN = {"token": "123:котик", "webhook_secret": "s"}


def test_what_is_encrypted_reads_back_and_shows_nothing():
    stored = encrypt(TOKEN)

    assert decrypt(stored) == TOKEN
    assert "123" not in stored


def test_nothing_stored_is_no_credentials():
    assert decrypt("") == {}
    assert rotate("") == ""


def test_the_first_key_encrypts_and_every_key_decrypts(settings):
    old, new = new_key(), new_key()
    settings.ENCRYPTION_KEYS = [old]
    written_long_ago = encrypt(TOKEN)
    settings.ENCRYPTION_KEYS = [new, old]

    assert decrypt(written_long_ago) == TOKEN
    moved = rotate(written_long_ago)

    settings.ENCRYPTION_KEYS = [new]
    assert decrypt(moved) == TOKEN


def test_a_foreign_key_stops_with_a_sentence_that_names_the_setting(settings):
    stored = encrypt(TOKEN)
    settings.ENCRYPTION_KEYS = [new_key()]

    for read in (decrypt, rotate):
        with pytest.raises(ImproperlyConfigured, match="None of ENCRYPTION_KEYS opens"):
            read(stored)


def test_a_damaged_token_is_never_read(settings):
    stored = encrypt(TOKEN)

    with pytest.raises(ImproperlyConfigured):
        decrypt(stored[:-4] + "AAAA")


def test_a_malformed_key_is_named_before_anything_is_stored(settings):
    settings.ENCRYPTION_KEYS = ["short"]

    with pytest.raises(ImproperlyConfigured, match="doctor --new-key"):
        check_keys()
