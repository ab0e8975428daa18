"""The platform's own accounts: every salon uses them unless it has one of that kind itself."""

from __future__ import annotations

import contextlib

import pytest

from channels.defaults import (
    add_default,
    check_default,
    delete_default,
    set_default_disabled,
    shown_default,
    update_default,
)
from channels.integrations import accounts, add_integration, set_disabled
from channels.secrets import decrypt
from tenants.errors import Conflict, InvalidFields, NotFound
from tenants.ids import uuid7
from tenants.scope import batch_scope
from tests.channels.salons import new_salon, version_of
from tests.channels.say_server import SayServer
from tests.factories import word

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = {"url": "https://sms.example/hook", "secret": SECRET}


@pytest.fixture
def default():
    """Lend an SMS account to all salons for the length of a test."""
    row = add_default("webhook", HOOK, identifier=word("sms"), kind="sms")
    yield row
    with contextlib.suppress(NotFound):
        delete_default(row.pk)


def accounts_of(*salons):
    versions = {salon.pk: version_of(salon) for salon in salons}
    with batch_scope(versions):
        return [accounts(versions)[salon.pk] for salon in salons]


def test_a_salon_without_an_account_of_the_kind_uses_the_platforms(default):
    own, none = new_salon(), new_salon()
    mine = add_integration(own.pk, "webhook", HOOK, identifier="mine", kind="sms")
    other = add_integration(none.pk, "telegram", {"token": "1:a"}, identifier="bot")

    first, second = accounts_of(own, none)

    assert [(one.id, one.is_default) for one in first] == [(mine.pk, False)]
    assert [(one.id, one.is_default) for one in second] == [(other.pk, False), (default.pk, True)]
    assert second[1].adapter.credentials["secret"] == SECRET


def test_a_salons_own_account_counts_even_when_it_is_off(default):
    salon = new_salon()
    mine = add_integration(salon.pk, "webhook", HOOK, identifier="mine", kind="sms")
    set_disabled(salon.pk, mine.pk, True)

    (found,) = accounts_of(salon)

    assert [one.id for one in found] == [mine.pk]


def test_a_change_is_used_by_salons_whose_own_configuration_is_the_same(default):
    salon = new_salon()
    accounts_of(salon)

    update_default(default.pk, {"url": "https://new.example/"}, position=3)
    ((changed,),) = accounts_of(salon)
    set_default_disabled(default.pk, True)
    ((off,),) = accounts_of(salon)
    delete_default(default.pk)

    assert changed.adapter.credentials["url"] == "https://new.example/"
    assert changed.adapter.credentials["secret"] == SECRET
    assert (changed.position, off.state) == (3, "disabled")
    assert accounts_of(salon) == [()]


def test_its_secrets_are_encrypted_and_never_shown(default):
    assert SECRET not in default.credentials
    assert decrypt(default.credentials) == HOOK
    assert shown_default(default.pk)["secret"] == "••••"


def test_what_is_wrong_with_it_is_named(default):
    with pytest.raises(InvalidFields) as caught:
        add_default("webhook", {**HOOK, "url": "http://sms.example"}, identifier="x", kind="sms")
    with pytest.raises(Conflict):
        add_default("webhook", HOOK, identifier=default.identifier, kind="sms")
    with pytest.raises(NotFound):
        update_default(uuid7(), {})

    assert set(caught.value.errors) == {"credentials.url"}


def test_a_check_pauses_it_when_the_provider_refuses(default, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    server = SayServer()
    server.say(401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')
    bot = add_default(
        "telegram", {"token": "1:a", "api_base": server.url("")}, identifier=word("bot")
    )
    try:
        checked = check_default(bot.pk)
    finally:
        delete_default(bot.pk)
        server.close()

    assert (checked.state, checked.state_reason) == ("paused", "Unauthorized")
