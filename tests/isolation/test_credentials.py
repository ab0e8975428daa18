"""A credential goes in and is found nowhere: no dump, no page, no answer, no log, not in Redis.

Every provider's account is added with its secrets, checked against its fake, and looked at.
"""

# ruff: noqa: S608  (names of tables come from the database itself)
from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field

import pytest
from django.conf import settings
from django.urls import reverse

from channels.credentials import fields_of
from channels.defaults import add_default, delete_default
from channels.errors import DeliveryError
from channels.integrations import add_integration, check_integration
from channels.models import Integration
from channels.registry import ADAPTERS
from notifications.dispatch import server
from tenants.scope import tenant_scope
from tests.admin.people import browser, make_salon, make_staff
from tests.api_client import Api
from tests.factories import ApiKeyFactory, word
from tests.isolation.planting import superuser
from tests.isolation.test_canaries import dumped, everything_logged
from tests.providers.rows import ROWS
from tests.providers.world import World

NAMES = [name for name, row in ROWS.items() if not row.provider and name != "sandbox"]
PROXY = "http://me:kanarek-of-the-proxy@127.0.0.1:9"
PIECE = re.compile(r"[\w.=+/-]{10,}")
KEYWORD = re.compile(r"[a-z_]+|Authorization")  # of a JSON key file, or of headers


@dataclass
class Told:
    """Everything that was told of the accounts. secrets: what none of it may hold."""

    secrets: set[str] = field(default_factory=set)
    salon: str = ""
    pages: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    logs: str = ""
    redis: str = ""

    def found_in(self, text: str) -> set[str]:
        return {secret for secret in self.secrets if secret in text}


@pytest.fixture(scope="module")
def told(django_db_setup, django_db_blocker):
    """Add, check and show the account of every provider, and one that the platform lends."""
    with django_db_blocker.unblock(), permitted("127.0.0.1"):
        one, world = Told(), World()
        with everything_logged() as logs:
            go(one, world)
        one.logs, one.redis = logs.getvalue(), dumped()
        world.close()
        yield one


@contextlib.contextmanager
def permitted(host):
    before, settings.ALLOWED_PRIVATE_TARGETS = settings.ALLOWED_PRIVATE_TARGETS, [host]
    yield
    settings.ALLOWED_PRIVATE_TARGETS = before


def go(one, world):
    server().flushdb()
    salon = make_salon()
    one.salon = str(salon.tenant.pk)
    owner = browser(salon.people["owner"])
    for name in NAMES:
        keep(one, name, add(salon, name, world, is_wrong=True))
        if ADAPTERS[name].has_steps:  # which makes tokens of the secrets
            keep(one, name, add(salon, name, world, is_wrong=False))
    default = add_default("webhook", ROWS["webhook"].credentials("https://a.example"),
                          identifier=word("lent"), kind="sms")  # fmt: skip
    dana = browser(make_staff(), salon=salon.tenant.slug)
    try:
        for page in ("changelist", "change"):
            args = [default.pk] if page == "change" else []
            url = reverse(f"admin:channels_defaultintegration_{page}", args=args)
            one.pages[url] = dana.get(url).content.decode()
    finally:
        delete_default(default.pk)
    look(one, salon, owner)


def add(salon, name, world, *, is_wrong):
    row = ROWS[name]
    world.fakes[name] = row.fake()
    credentials = (row.wrong if is_wrong else row.credentials)(world.base(name))
    kind = row.kind if len(ADAPTERS[name].kinds) > 1 else ""
    made = add_integration(
        salon.tenant.pk, name, credentials, identifier=f"{name}-{is_wrong}".lower(), kind=kind
    )
    with contextlib.suppress(DeliveryError):
        check_integration(salon.tenant.pk, made.pk)
    return credentials


def keep(one, name, credentials):
    secret = fields_of(ADAPTERS[name])
    one.secrets |= {
        piece
        for field_name, value in credentials.items()
        if secret[field_name]
        for piece in PIECE.findall(value)
        if "127.0.0.1" not in piece and not KEYWORD.fullmatch(piece)
    }


def look(one, salon, owner):
    with tenant_scope(salon.tenant.pk):
        keys = list(Integration.objects.values_list("pk", flat=True))
    urls = [reverse("admin:channels_integration_changelist")]
    urls += [reverse("admin:channels_integration_change", args=[key]) for key in keys]
    one.pages |= {url: owner.get(url).content.decode() for url in urls}
    api = Api(ApiKeyFactory.create(tenant=salon.tenant).text)
    one.answers["list"] = api.get("/v1/integrations").content.decode()
    one.answers["change"] = api.put(
        f"/v1/integrations/{keys[0]}", {"credentials": {"proxy": PROXY}}
    ).content.decode()
    one.secrets.add("kanarek-of-the-proxy")


def test_every_provider_with_a_secret_was_looked_at(told):
    assert len(told.secrets) >= len(NAMES)
    assert len(told.pages) > len(NAMES)
    assert told.logs.count("channels.calls") > len(NAMES)


def test_no_page_shows_a_secret(told):
    shown = {url: told.found_in(page) for url, page in told.pages.items()}

    assert {url: secrets for url, secrets in shown.items() if secrets} == {}


def test_no_answer_of_the_api_holds_a_secret(told):
    assert told.answers.keys() == {"list", "change"}
    for answer in told.answers.values():
        assert '"providerId"' in answer
        assert told.found_in(answer) == set()


def test_logs_hold_no_secret(told):
    assert told.found_in(told.logs) == set()


def test_redis_holds_no_secret(told):
    assert told.found_in(told.redis) == set()


def test_a_dump_of_the_database_holds_no_secret(told):
    with superuser() as one:
        tables = [
            name
            for (name,) in one.execute(
                "select relname from pg_class where relnamespace = 'public'::regnamespace"
                " and relkind in ('r', 'p') and not relispartition"
            ).fetchall()
        ]
        found = {
            table: one.execute(
                # other tests' salons may use the same words in the open
                f'select count(*) from "{table}" t where t::text like any(%s)'
                " and coalesce(to_jsonb(t) ->> 'tenant_id', %s) = %s".encode(),
                [[f"%{secret}%" for secret in told.secrets], told.salon, told.salon],
            ).fetchall()[0][0]
            for table in tables
        }

    assert "channels_integration" in found
    assert {table: rows for table, rows in found.items() if rows} == {}
