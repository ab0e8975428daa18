"""A salon's accounts: what may be stored, who sees them, what a check decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from channels import accounts as reading
from channels import default_accounts
from channels.accounts import _Kept
from channels.adapters.sandbox import SandboxAdapter
from channels.contract import Rate
from channels.errors import Temporary
from channels.integrations import (
    accounts,
    add_integration,
    check_integration,
    delete_integration,
    ensure_phone,
    freeze,
    integrations_of,
    pause,
    set_disabled,
    set_primary,
    shown_credentials,
    update_credentials,
)
from channels.models import Integration, SenderName, WhatsAppTemplate
from channels.secrets import decrypt
from tenants.errors import Conflict, InvalidFields, NotFound
from tenants.scope import batch_scope, tenant_scope
from tests.channels.mail_server import MailServer
from tests.channels.salons import new_salon, version_of
from tests.channels.say_server import SayServer

HOOK = {"url": "https://crm.example/hook", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
MAIL = {"host": "mail.example", "port": "smtp", "from_address": "salon@mail.example"}


@pytest.fixture
def salon():
    return new_salon()


@pytest.fixture
def server():
    server = SayServer()
    yield server
    server.close()


def add_hook(salon, identifier="crm", **values):
    return add_integration(salon.pk, "webhook", HOOK, identifier=identifier, kind="sms", **values)


def accounts_now(salon):
    version = version_of(salon)
    with batch_scope([salon.pk]):
        return integrations_of(salon.pk, version)


def test_credentials_are_stored_encrypted_and_shown_without_secrets(salon):
    row = add_hook(salon)

    assert HOOK["secret"] not in row.credentials
    assert decrypt(row.credentials) == HOOK
    empty = dict.fromkeys(("callback_key", "proxy", "rate", "callback_networks"), "")
    assert shown_credentials(row) == {"url": HOOK["url"], "secret": "••••", **empty}
    assert len(row.callback_token) == 43


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"provider": "pigeon"}, "provider"),
        ({"provider": "sandbox"}, "provider"),
        ({"credentials": {"url": "https://a.example"}}, "credentials.secret"),
        ({"credentials": {**HOOK, "sekret": "x"}}, "credentials.sekret"),
        ({"credentials": {**HOOK, "secret": "x\x00"}}, "credentials.secret"),
        ({"credentials": {**HOOK, "secret": 7}}, "credentials.secret"),
        ({"credentials": {**HOOK, "url": "http://crm.example"}}, "credentials.url"),
        ({"credentials": {**HOOK, "proxy": "proxy.example"}}, "credentials.proxy"),
        ({"credentials": {**HOOK, "rate": "fast"}}, "credentials.rate"),
        ({"provider": "smtp", "kind": "email", "credentials": MAIL}, "credentials.port"),
        ({"kind": "smoke"}, "kind"),
        ({"kind": ""}, "kind"),
        ({"identifier": "Not a slug"}, "identifier"),
        ({"identifier": ""}, "identifier"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_stored(salon, changes, field):
    given = {
        "provider": "webhook",
        "credentials": HOOK,
        "identifier": "crm",
        "kind": "sms",
    } | changes
    provider, credentials = given.pop("provider"), given.pop("credentials")

    with pytest.raises(InvalidFields) as caught:
        add_integration(salon.pk, provider, credentials, **given)

    assert set(caught.value.errors) == {field}
    assert accounts_now(salon) == ()


def test_the_only_kind_of_a_provider_and_its_callback_secret_need_no_naming(salon):
    row = add_integration(salon.pk, "telegram", {"token": "1:a"}, identifier="bot")

    assert row.kind == "chat"
    assert len(decrypt(row.credentials)["webhook_secret"]) == 40


def test_an_identifier_is_taken_once(salon):
    add_hook(salon)

    with pytest.raises(Conflict, match="crm"):
        add_hook(salon)
    add_hook(new_salon())  # another salon's is its own


def test_an_update_keeps_the_fields_it_does_not_name(salon):
    row = add_hook(salon)

    update_credentials(salon.pk, row.pk, {"url": "https://new.example/"})

    (account,) = accounts_now(salon)
    assert account.adapter.credentials == {**HOOK, "url": "https://new.example/"}


KINDS = {"telegram": "chat", "smtp": "email", "generic_http": "sms"}
ELSEWHERE = "https://thief.example"
MAIL = {"host": "mail.example", "port": "25", "from_address": "a@b.example", "password": "p"}


@pytest.mark.parametrize(
    ("provider", "credentials", "move", "secret"),
    [
        ("telegram", {"token": "1:a"}, {"api_base": ELSEWHERE}, "token"),
        ("smtp", MAIL, {"host": "thief.example"}, "password"),
        (
            "generic_http",
            {"url": "https://sms.example/", "method": "GET", "secret": "s"},
            {"url": ELSEWHERE},
            "secret",
        ),
    ],
)
def test_a_secret_goes_to_another_address_only_by_who_knows_it(
    salon, provider, credentials, move, secret
):
    row = add_integration(salon.pk, provider, credentials, identifier="a", kind=KINDS[provider])

    with pytest.raises(InvalidFields) as refused:
        update_credentials(salon.pk, row.pk, move)
    update_credentials(salon.pk, row.pk, move | {secret: "known"})

    assert list(refused.value.errors) == [f"credentials.{secret}"]
    (account,) = accounts_now(salon)
    assert account.adapter.credentials[secret] == "known"


def test_the_phones_url_is_not_a_tenants_to_choose(salon):
    phone = ensure_phone(salon.pk)

    with pytest.raises(InvalidFields):
        update_credentials(salon.pk, phone.pk, {"url": "http://169.254.169.254/"})


def test_a_salon_cannot_touch_anothers_account(salon):
    row = add_hook(salon)
    other = new_salon()

    with pytest.raises(NotFound):
        check_integration(other.pk, row.pk)
    with pytest.raises(NotFound):
        update_credentials(other.pk, row.pk, HOOK)


def test_the_phone_is_made_once_and_follows_the_setting(salon, settings):
    settings.PHONE_URL = "http://127.0.0.1:8123"

    first, second = ensure_phone(salon.pk), ensure_phone(salon.pk)

    assert first.pk == second.pk
    (account,) = accounts_now(salon)
    assert isinstance(account.adapter, SandboxAdapter)
    assert account.adapter.credentials["url"] == f"http://127.0.0.1:8123/phone/receive/{first.pk}"
    assert all(account.carries(kind) for kind in SandboxAdapter.kinds)


def test_accounts_that_are_known_cost_no_query(monkeypatch):
    monkeypatch.setattr(default_accounts, "KEPT_S", 600.0)
    default_accounts.forget()
    salons = [new_salon() for _ in range(3)]
    rows = {salon.pk: add_hook(salon) for salon in salons}
    versions = {salon.pk: version_of(salon) for salon in salons}

    with batch_scope(versions):
        first = accounts(versions)
        with CaptureQueriesContext(connection) as queries:
            again = accounts(versions)

    assert {tenant: [a.id for a in found] for tenant, found in first.items()} == {
        tenant: [row.pk] for tenant, row in rows.items()
    }
    assert again == first
    assert all(again[tenant][0] is first[tenant][0] for tenant in versions)
    assert not queries.captured_queries


def test_a_batch_sees_no_accounts_of_a_tenant_outside_it(salon):
    other = new_salon()
    add_hook(other)

    with batch_scope([salon.pk]):
        found = accounts({salon.pk: -1, other.pk: -1})

    assert found == {salon.pk: (), other.pk: ()}


def test_accounts_stand_in_the_salons_order_and_a_change_is_seen(salon):
    add_hook(salon, "second", position=2)
    add_hook(salon, "first", position=1)
    assert [account.identifier for account in accounts_now(salon)] == ["first", "second"]

    row = add_hook(salon, "zeroth", position=0)
    assert accounts_now(salon)[0].id == row.pk


def test_the_cache_forgets_the_tenant_that_was_asked_for_longest_ago():
    kept, a, b, c = _Kept(2), uuid4(), uuid4(), uuid4()
    kept.put(a, 1, ())
    kept.put(b, 1, ())
    kept.get(a, 1)

    kept.put(c, 1, ())

    assert [kept.get(key, 1) for key in (a, b, c)] == [(), None, ()]
    assert kept.get(a, 2) is None
    assert reading.TENANTS_KEPT == 10_000


def test_an_account_prints_no_credentials(salon):
    add_hook(salon)

    assert HOOK["secret"] not in repr(accounts_now(salon))


def test_a_rest_is_never_shortened(salon):
    row, now = add_hook(salon), datetime.now(UTC)

    with tenant_scope(salon.pk):
        assert freeze(salon.pk, row.pk, now + timedelta(minutes=5))
        assert not freeze(salon.pk, row.pk, now + timedelta(minutes=1))

    (account,) = accounts_now(salon)
    assert not account.may_send(now + timedelta(minutes=4))
    assert account.may_send(now + timedelta(minutes=6))


def test_a_worker_pauses_an_account_once(salon):
    row = add_hook(salon)

    with batch_scope([salon.pk]):
        first = pause(salon.pk, row.pk, "401 Unauthorized")
        second = pause(salon.pk, row.pk, "401 Unauthorized")

    assert (first, second) == (True, False)
    assert accounts_now(salon)[0].state == "paused"


def test_an_account_may_have_a_proxy_and_a_rate_of_its_own(salon):
    more = {"proxy": "http://me:hush@proxy.example:3128", "rate": "20/60"}
    row = add_integration(salon.pk, "webhook", HOOK | more, identifier="crm", kind="sms")

    (account,) = accounts_now(salon)

    assert (account.proxy, account.rates) == (more["proxy"], (Rate("account", 20, 60.0),))
    assert shown_credentials(row)["proxy"] == "••••"


def test_an_emptied_optional_field_is_forgotten(salon):
    row = add_integration(salon.pk, "webhook", {**HOOK, "rate": "5"}, identifier="crm", kind="sms")

    update_credentials(salon.pk, row.pk, {"rate": " "})

    assert accounts_now(salon)[0].adapter.credentials == HOOK


def test_the_primary_of_a_kind_is_tried_first(salon):
    first, second = add_hook(salon, "first"), add_hook(salon, "second", position=1)

    set_primary(salon.pk, second.pk)

    assert [account.id for account in accounts_now(salon)] == [second.pk, first.pk]


def test_a_deleted_account_takes_what_belongs_to_it(salon):
    row, other = add_hook(salon, "first"), add_hook(salon, "second")
    with tenant_scope(salon.pk):
        for one in (row, other):
            SenderName.objects.create(tenant=salon, integration=one, sender="ROSA")
            WhatsAppTemplate.objects.create(tenant=salon, integration=one, name="visit", body="x")

    delete_integration(salon.pk, row.pk)

    with tenant_scope(salon.pk):
        assert [x.integration_id for x in SenderName.objects.all()] == [other.pk]
        assert [x.integration_id for x in WhatsAppTemplate.objects.all()] == [other.pk]


def mail_account(salon, server, **changed):
    fields = {
        "host": "127.0.0.1",
        "port": str(server.port),
        "security": "none",
        "from_address": "salon@mail.example",
        "username": "anna",
        "password": "right",
    }
    return add_integration(salon.pk, "smtp", fields | changed, identifier="mail")


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, about this test's server
@pytest.mark.parametrize(
    ("password", "state", "reason"), [("right", "active", ""), ("wrong", "paused", "login 535")]
)
def test_a_check_of_a_mail_server_logs_in(salon, settings, password, state, reason):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    server = MailServer(login=("anna", "right"))
    try:
        checked = check_integration(salon.pk, mail_account(salon, server, password=password).pk)
    finally:
        server.close()

    assert checked.state == state
    assert checked.state_reason.startswith(reason)
    assert server.mails == []


def telegram(salon, server, path):
    credentials = {"token": "1:a", "api_base": server.url(path)}
    return add_integration(salon.pk, "telegram", credentials, identifier="bot")


def test_a_check_resumes_a_paused_account(salon, server, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    row = telegram(salon, server, "")
    with tenant_scope(salon.pk):
        pause(salon.pk, row.pk, "401")
    server.say(200, b'{"ok":true,"result":{"id":1}}')

    checked = check_integration(salon.pk, row.pk)

    assert (checked.state, checked.state_reason) == ("active", "")


def test_a_check_pauses_an_account_whose_key_is_refused(salon, server, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    row = telegram(salon, server, "")
    server.say(401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')

    checked = check_integration(salon.pk, row.pk)

    assert checked.state == "paused"
    assert "Unauthorized" in checked.state_reason


def test_a_provider_that_cannot_be_reached_changes_nothing(salon, server, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    row = telegram(salon, server, "")
    server.say(502, b"")

    with pytest.raises(Temporary):
        check_integration(salon.pk, row.pk)

    assert accounts_now(salon)[0].state == "active"


def test_a_check_does_not_reach_private_addresses(salon, server):
    row = telegram(salon, server, "")

    with pytest.raises(Exception, match="target address is not allowed"):
        check_integration(salon.pk, row.pk)

    assert server.arrivals == []


def test_a_check_leaves_a_disabled_account_off(salon):
    row = add_hook(salon)
    set_disabled(salon.pk, row.pk, True)

    assert check_integration(salon.pk, row.pk).state == Integration.State.DISABLED
    set_disabled(salon.pk, row.pk, False)
    assert accounts_now(salon)[0].state == "active"
