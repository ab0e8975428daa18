"""Stored credentials come under the newest key, however often one asks."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from channels.defaults import add_default, delete_default
from channels.integrations import add_integration
from channels.models import DefaultIntegration, Integration
from channels.secrets import decrypt, is_current, new_key
from tenants.scope import support_scope, tenant_scope
from tests.channels.salons import new_salon
from tests.factories import word

BOT = {"token": "1:secret", "webhook_secret": "hush"}


def stored(salon):
    with tenant_scope(salon.pk):
        return Integration.objects.get(tenant=salon).credentials


def rotate(*words):
    """Rotate all; other tests may have left an account in this database that no key opens."""
    out, is_refused = io.StringIO(), False
    try:
        call_command("rotate_encryption", "--json", *words, stdout=out)
    except CommandError:
        is_refused = True
    counts = json.loads(out.getvalue())
    assert is_refused == (counts["unreadable"] > 0)
    return counts


def test_what_an_old_key_wrote_is_read_by_the_new_one_alone(settings):
    old, new = settings.ENCRYPTION_KEYS, new_key()
    salons = [new_salon() for _ in range(3)]
    for salon in salons:
        add_integration(salon.pk, "telegram", BOT, identifier="bot")
    default = add_default("telegram", BOT, identifier=word("bot"))
    settings.ENCRYPTION_KEYS = [new, *old]

    first, again = rotate("--batch", "2"), rotate()

    # other tests' rows are in this database too
    assert first["rotated"] >= 4
    assert (again["rotated"], again["current"]) == (0, first["rotated"] + first["current"])
    settings.ENCRYPTION_KEYS = [new]
    with support_scope("a test"):
        assert decrypt(DefaultIntegration.objects.get(pk=default.pk).credentials) == BOT
    assert [decrypt(stored(salon)) for salon in salons] == [BOT] * 3
    settings.ENCRYPTION_KEYS = [*old, new]
    rotate()
    settings.ENCRYPTION_KEYS = old
    assert all(is_current(stored(salon)) for salon in salons)
    delete_default(default.pk)


def test_what_no_key_opens_is_counted_and_left(settings):
    salon, keys = new_salon(), settings.ENCRYPTION_KEYS
    settings.ENCRYPTION_KEYS = [new_key()]
    add_integration(salon.pk, "telegram", BOT, identifier="bot")
    before = stored(salon)
    settings.ENCRYPTION_KEYS = keys

    with pytest.raises(CommandError, match="No key opens some credentials"):
        call_command("rotate_encryption", stdout=io.StringIO())

    assert stored(salon) == before
    with tenant_scope(salon.pk):
        Integration.objects.filter(tenant=salon).delete()
