"""Providers of mail and SMS are told our address by their API, and give what proves their calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from channels.accounts import callback_url
from channels.callback_doors import find
from channels.integrations import add_integration
from channels.models import Integration
from channels.registering import connect
from channels.secrets import decrypt
from tenants.scope import tenant_scope
from tests.channels.salons import new_salon
from tests.providers import keys
from tests.providers.rows import ROWS
from tests.providers.server import ProviderServer

#: What the account knows afterwards.
LEARNT = {
    "sendgrid": {"verification_key": keys.SENDGRID_PUBLIC},
    "mailgun": {"signing_key": keys.MAILGUN},
    "resend": {"signing_secret": keys.RESEND},
    "postmark": {},
    "brevo": {},
    "unisender_go": {},
    "smsru": {},
}
PASSWORDS = {"postmark", "brevo"}


@pytest.fixture(autouse=True)
def _callable(settings):
    settings.PUBLIC_URL = "https://kolokol.example"
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]


@pytest.fixture(scope="module")
def server() -> Iterator[ProviderServer]:
    one = ProviderServer({name: ROWS[name].fake() for name in LEARNT})
    yield one
    one.close()


@pytest.fixture(scope="module")
def salon(django_db_setup):
    return new_salon()


def added(salon, server, name):
    own = ROWS[name].credentials(server.base(name))
    return add_integration(salon.pk, name, own, identifier=name.replace("_", "-"))


def learnt(row):
    with tenant_scope(row.tenant_id):
        return decrypt(Integration.objects.get(pk=row.pk).credentials)


def urls(fake):
    """Name whom it calls back, wherever this provider writes it."""
    words = [*fake.hooks]
    for hook in fake.hooks.values():
        words += [hook.get("url"), hook.get("Url"), hook.get("endpoint"), *hook.get("urls", ())]
    return {word for word in words if str(word).startswith("https://")}


@pytest.mark.parametrize("name", LEARNT)
def test_an_address_is_ordered_once_and_what_proves_calls_is_kept(salon, server, name):
    row, fake = added(salon, server, name), server.fakes[name]

    first = connect(salon.pk, row.pk)
    ordered = len(fake.hooks)
    again = connect(salon.pk, row.pk)

    assert (first.state, again.state, fake.complaints) == ("connected", "connected", [])
    assert urls(fake) == {callback_url(row.pk, row.callback_token)}
    assert len(fake.hooks) == ordered
    known = learnt(row)
    assert known.items() >= LEARNT[name].items()
    assert (name in PASSWORDS) == bool(known.get("callback_password"))
    assert find(row.pk).adapter.credentials == known


def test_mailgun_keeps_the_addresses_of_others_and_has_ours_once(salon, server):
    server.fakes["mailgun"] = fake = ROWS["mailgun"].fake()
    fake.hooks["delivered"] = {"urls": ["https://crm.example/hook"]}
    own = ROWS["mailgun"].credentials(server.base("mailgun"))
    row = add_integration(salon.pk, "mailgun", own, identifier="mailgun-two")

    for _ in "12":
        connect(salon.pk, row.pk)

    ours = callback_url(row.pk, row.callback_token)
    assert fake.hooks["delivered"]["urls"] == ["https://crm.example/hook", ours]


def test_postmark_is_asked_for_each_stream_with_a_password(salon, server):
    server.fakes["postmark"] = fake = ROWS["postmark"].fake()
    own = ROWS["postmark"].credentials(server.base("postmark")) | {"broadcast_stream": "news"}
    row = add_integration(salon.pk, "postmark", own, identifier="postmark-two")

    connect(salon.pk, row.pk)

    assert {hook["MessageStream"] for hook in fake.hooks.values()} == {"outbound", "news"}
    passwords = {hook["HttpAuth"]["Password"] for hook in fake.hooks.values()}
    assert passwords == {learnt(row)["callback_password"]}


def test_a_key_that_may_not_order_changes_nothing(salon, server):
    own = ROWS["resend"].wrong(server.base("resend"))
    row = add_integration(salon.pk, "resend", own, identifier="resend-two")

    assert connect(salon.pk, row.pk).state == "refused"
    assert "signing_secret" not in learnt(row)
