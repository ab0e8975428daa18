"""What DNS says of the sender's domain, against a real DNS server, by the API and in the admin."""

from __future__ import annotations

import pytest
from django.urls import reverse

from channels.dns_texts import Lookup, is_public
from channels.domain_words import SENTENCES, sentence
from channels.integrations import add_integration
from channels.sending_domain import Finding, Sender, examine
from tests.admin.people import browser, make_salon
from tests.channels.dns_server import DnsServer
from tests.channels.mail_server import MailServer
from tests.for_each import for_each

DOMAIN = "roza.example"
GOOD = {
    DOMAIN: ["some-site-verification=1", "v=spf1 mx include:_spf.host.example ~all"],
    "_spf.host.example": ["v=spf1 ip4:192.0.2.0/24 ~all"],
    f"mail._domainkey.{DOMAIN}": ["v=DKIM1; k=rsa; p=" + "MIIB" * 100],
    f"_dmarc.{DOMAIN}": ["v=DMARC1; p=quarantine; rua=mailto:x@roza.example"],
}


@pytest.fixture(scope="module")
def server():
    one = DnsServer()
    yield one
    one.close()


@pytest.fixture
def dns(server):
    """A domain where everything is right, until a test changes it."""
    server.records, server.aliases, server.broken = dict(GOOD), {}, set()
    server.asked.clear()
    return server


def found(dns, provider="smtp", domain=DOMAIN, **more):
    sender = Sender(domain, provider, server="mail.roza.example", **more)
    return {one.name: one for one in examine(sender, Lookup([dns.address]).texts)}


def states(dns, *args, **more):
    return {name: (one.state, one.code) for name, one in found(dns, *args, **more).items()}


def test_a_domain_that_vouches_for_its_letters_is_well(dns):
    assert states(dns) == {
        "spf": ("ok", "spf_ok"),
        "dkim": ("ok", "dkim_ok"),
        "dmarc": ("ok", "dmarc_ok"),
    }
    assert found(dns)["dkim"].detail == "mail"
    assert found(dns)["dmarc"].detail == "quarantine"


def test_a_bare_domain_is_told_which_records_to_add(dns):
    dns.records = {}

    told = found(dns)

    assert {name: one.state for name, one in told.items()} == {
        "spf": "missing",
        "dkim": "unknown",
        "dmarc": "missing",
    }
    assert told["spf"].record.value == "v=spf1 mx a:mail.roza.example ~all"
    assert told["dmarc"].record.name == "_dmarc.roza.example"
    assert "v=DMARC1; p=none" in sentence(told["dmarc"], "ru")


@pytest.mark.parametrize(
    ("records", "code", "fixed"),
    [
        (["v=spf1 mx ~all", "v=spf1 a ~all"], "spf_twice", None),
        (["v=spf1 mx +all"], "spf_open", "v=spf1 mx ~all"),
        (["v=spf1 mx all"], "spf_open", "v=spf1 mx ~all"),
        (["V=SPF1 mx -all"], "spf_ok", None),
        (["v=spf10 mx -all"], "spf_missing", "v=spf1 mx a:mail.roza.example ~all"),
        (["v=spf1 " + "mx " * 11 + "~all"], "spf_too_long", None),
        (["v=spf1 include:loop.example ~all"], "spf_too_long", None),
    ],
)
def test_spf_is_judged_by_its_terms(dns, records, code, fixed):
    dns.records = GOOD | {DOMAIN: records, "loop.example": ["v=spf1 include:loop.example ~all"]}

    spf = found(dns)["spf"]

    assert spf.code == code
    assert (spf.record.value if spf.record else None) == fixed
    assert len(dns.asked) < 50


def test_a_provider_that_sends_in_the_domains_name_stands_in_its_spf(dns):
    spf = found(dns, "mailgun")["spf"]

    assert spf.code == "spf_without_provider"
    assert spf.record.value == "v=spf1 include:mailgun.org mx include:_spf.host.example ~all"


def test_a_provider_with_a_return_address_of_its_own_needs_no_spf(dns):
    dns.records = {}

    assert states(dns, "sendgrid")["spf"] == ("ok", "spf_not_needed")
    assert states(dns, "postmark")["dkim"] == ("unknown", "dkim_at_provider")


def test_a_key_is_found_behind_an_alias_and_by_its_own_name(dns):
    dns.aliases = {f"s1._domainkey.{DOMAIN}": "s1.domainkey.u1.sendgrid.example"}
    dns.records = GOOD | {"s1.domainkey.u1.sendgrid.example": ["k=rsa; p=MIIB"]}
    dns.records[f"own._domainkey.{DOMAIN}"] = ["v=DKIM1; p="]

    assert states(dns, "sendgrid")["dkim"] == ("ok", "dkim_ok")
    assert states(dns, selector="own")["dkim"] == ("wrong", "dkim_revoked")
    assert states(dns, selector="other")["dkim"] == ("missing", "dkim_missing")


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ({"_dmarc.roza.example": ["v=DMARC1; p=none"]}, ("ok", "dmarc_ok")),
        ({"_dmarc.mail.roza.example": ["v=DMARC1; p=reject"]}, ("ok", "dmarc_ok")),
        ({"_dmarc.example": ["v=DMARC1; p=reject"]}, ("missing", "dmarc_missing")),
        ({"_dmarc.roza.example": ["v=DMARC1; rua=x"]}, ("wrong", "dmarc_without_policy")),
        ({"_dmarc.roza.example": ["v=DMARC1; p=none"] * 2}, ("ok", "dmarc_ok")),
        (
            {"_dmarc.roza.example": ["v=DMARC1; p=none", "v=DMARC1; p=reject"]},
            ("wrong", "dmarc_twice"),
        ),
    ],
)
def test_dmarc_may_stand_at_a_parent_domain(dns, records, expected):
    dns.records = records

    assert states(dns, domain="mail.roza.example")["dmarc"] == expected


def test_a_server_that_fails_is_not_taken_for_a_missing_record(dns):
    dns.broken = {DOMAIN, f"_dmarc.{DOMAIN}"}

    assert states(dns)["spf"] == ("unknown", "no_answer")
    assert states(dns)["dmarc"] == ("unknown", "no_answer")


@pytest.mark.parametrize(
    ("domain", "is_ours"),
    [
        ("roza.example", True),
        ("_dmarc.roza.example", True),
        ("xn--80ak6aa92e.com", True),
        ("localhost", False),
        ("db.internal", False),
        ("printer.local", False),
        ("10.0.0.1", False),
        ("a..b", False),
        ("", False),
        ("x" * 64 + ".com", False),
    ],
)
def test_only_public_names_are_asked_for(dns, domain, is_ours):
    assert is_public(domain) == is_ours
    if not is_ours:
        assert Lookup([dns.address]).texts(domain) == []
        assert dns.asked == []


@for_each("code", SENTENCES)
def test_every_finding_is_told_in_both_languages(code):
    finding = Finding("spf", "wrong", code, detail="x")

    assert sentence(finding, "ru") != sentence(finding, "en")


@pytest.fixture
def account(settings, dns):
    settings.DNS_SERVERS = [dns.address]
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    mails = MailServer()
    yield {
        "host": "127.0.0.1",
        "port": str(mails.port),
        "security": "none",
        "from_address": "salon@roza.example",
    }
    mails.close()


def test_the_api_tells_findings_and_records(api, salon, account, dns):
    del dns.records[f"_dmarc.{DOMAIN}"]
    add_integration(salon.pk, "smtp", account, identifier="mail")
    add_integration(salon.pk, "telegram", {"token": "1:A"}, identifier="bot")

    told = api.get("/v1/integrations/mail/domain")

    assert told.status_code == 200
    checks = {one["name"]: one for one in told.json()["data"]["checks"]}
    assert told.json()["data"]["domain"] == DOMAIN
    assert (checks["spf"]["state"], checks["dmarc"]["state"]) == ("ok", "missing")
    assert checks["dmarc"]["record"]["name"] == f"_dmarc.{DOMAIN}"
    assert checks["dmarc"]["message"]["ru"].startswith("Нет записи DMARC")
    assert checks["spf"]["record"] is None
    assert api.get("/v1/integrations/bot/domain").status_code == 422


def test_the_check_tries_the_mailbox_and_names_an_odd_domain(api, salon, account):
    account |= {"from_address": "salon@localhost", "imap_host": "127.0.0.1", "imap_port": "1"}
    account["imap_security"] = "none"
    add_integration(salon.pk, "smtp", account, identifier="mail")

    told = api.get("/v1/integrations/mail/domain").json()["data"]["checks"]

    assert [(one["name"], one["state"]) for one in told] == [
        ("domain", "wrong"),
        ("mailbox", "wrong"),
    ]


def test_the_admins_check_says_which_record_to_add(account, dns):
    del dns.records[f"_dmarc.{DOMAIN}"]
    salon = make_salon()
    row = add_integration(salon.tenant.pk, "smtp", account, identifier="mail")
    client = browser(salon.people["developer"])

    page = reverse("admin:channels_integration_changelist")
    form = {"action": "check_connection", "_selected_action": [str(row.pk)]}
    shown = client.post(page, form, follow=True).content.decode()

    assert "SPF is set up" in shown
    assert "_dmarc.roza.example TXT" in shown
