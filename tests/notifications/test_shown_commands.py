"""What the pages show can be copied: their commands run, their options and routes exist."""

from __future__ import annotations

import re
from argparse import ArgumentParser, _SubParsersAction

import pytest
from django.core.management import get_commands, load_command_class
from django.test import Client
from django.urls import resolve

from notifications.management.commands.send_test import Command as SendTest
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.api_client import Api
from tests.commands import ROOT
from tests.factories import ApiKeyFactory, SubscriberFactory, word
from tests.for_each import for_each
from tests.notifications.conftest import Reminders, look
from tests.shown import MANAGE, Reader, commands, pages

HOWTO = ROOT / "docs" / "howto"
#: First word of what no test can copy as it stands -> where it is proved.
ELSEWHERE = {
    "make": "test_readme: the targets exist; the suite itself, test_short_chaos, tests/browser",
    "key=$(sed": "tests/browser/test_readme",
    ".venv/bin/python -m pytest": "test_add_a_provider",
    "export": "the servers of an operator: test_embedded",
    "cp": "test_compose",
    "docker": "test_compose",
}
RUN_BY_OTHERS = {"send-from-your-product.md": "test_send_from_your_product"}
SHOWN = [(page, words) for page in pages() for words in commands(page)]
SPANS = [span for page in pages() for span in re.findall(r"`([^`\n]+)`", page.read_text())]


@pytest.fixture
def reader(seeded, tmp_path):
    """Somebody at the first demo salon, with a key of hers."""
    for key in ("anna", "emma"):
        SubscriberFactory.create(tenant=seeded.salon, subscriber_id=key)
    return reader_of(seeded.salon, tmp_path)


def reader_of(salon, folder, name="beauty-lab") -> Reader:
    return Reader(Api(ApiKeyFactory.create(tenant=salon).text), folder, {name: salon.slug})


def copied(reader: Reader, page) -> list:
    """Run what a page shows, one after the other."""
    return [reader.run(words) for words in commands(page) if _elsewhere(words) is None]


def _elsewhere(words) -> str | None:
    return next((why for start, why in ELSEWHERE.items() if _begins(words, start)), None)


def _begins(words, start) -> bool:
    wanted = start.split()
    return words[0].startswith(start) or words[: len(wanted)] == wanted


def test_every_command_of_every_page_is_run_or_proved_elsewhere():
    unknown = [
        (page.name, words[:3])
        for page, words in SHOWN
        if words[0] != "curl" and words[:2] != MANAGE and _elsewhere(words) is None
    ]

    assert len(SHOWN) > 25
    assert unknown == []


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_the_first_evenings_calls_answer(reader, worker, page):
    told = copied(reader, ROOT / page)

    assert told[0]["data"]["status"] == "processed"
    assert told[-1]["data"][0]["transactionId"] == told[0]["data"]["transactionId"]


def test_workflows_are_tried_exported_and_compared_as_shown(reader):
    tried, exported, compared, imported = copied(reader, HOWTO / "change-workflows-safely.md")

    assert "Анна" in tried
    assert exported.startswith("version: 1")
    assert (compared, imported) == ("", "Nothing differs.\n")


def test_a_salon_is_made_and_a_client_found_in_telegram_as_shown(
    salon, provider, tmp_path, worker, monkeypatch
):
    monkeypatch.setattr(SendTest, "look", staticmethod(worker.drain_dry))
    made, *rest = [w for w in commands(HOWTO / "connect-telegram.md") if _elsewhere(w) is None]
    slug = word("salon")
    printed = reader_of(salon, tmp_path).run([slug if one == "my-salon" else one for one in made])
    assert slug in printed
    ((key,),) = look("select id from tenants_tenant where slug = %s", [slug])
    with tenant_scope(key):
        made_salon = Tenant.objects.get(pk=key)
    with_account = Reminders(made_salon, provider)
    SubscriberFactory.create(tenant=with_account.salon, subscriber_id="client-17")

    reader = reader_of(with_account.salon, tmp_path, "my-salon")
    links, known, told = (reader.run(words) for words in rest)

    assert links["data"].keys() == {"links", "missing"}
    assert known["data"]["subscriberId"] == "client-17"
    assert "sent to Telegram" in told


def test_a_webhook_is_made_as_shown(reader):
    (made,) = copied(reader, HOWTO / "receive-webhooks.md")

    assert made["data"]["secret"].startswith("whsec_")


def test_a_new_provider_is_tried_as_shown(seeded, tmp_path, worker, monkeypatch):
    monkeypatch.setattr(SendTest, "look", staticmethod(worker.drain_dry))

    (told,) = copied(reader_of(seeded.salon, tmp_path, "my-salon"), HOWTO / "add-a-provider.md")

    assert "sent by SMS" in told


def test_every_page_with_commands_of_ours_is_copied():
    with_ours = {page.name for page, words in SHOWN if words[0] == "curl" or words[:2] == MANAGE}

    assert with_ours - RUN_BY_OTHERS.keys() == {
        *("README.md", "quickstart.md", "change-workflows-safely.md", "connect-telegram.md"),
        *("receive-webhooks.md", "add-a-provider.md"),
    }


def options_of(parser: ArgumentParser) -> set[str]:
    """Name the options and verbs of a command, of its verbs too."""
    found = {option for action in parser._actions for option in action.option_strings}
    for action in parser._actions:
        if isinstance(action, _SubParsersAction):
            for name, verb in action.choices.items():
                found |= {name} | options_of(verb)
        elif action.choices:
            found |= set(map(str, action.choices))
    return found


SPOKEN = sorted({span for span in SPANS if "manage.py " in span and "<command>" not in span})


@for_each("span", SPOKEN)
def test_a_command_named_in_passing_exists_with_its_options(span):
    name, *rest = span.partition("manage.py ")[2].split()
    if name == "makemigrations":
        return  # Django's own

    parser = load_command_class(str(get_commands()[name]), name).create_parser("manage.py", name)
    known = options_of(parser)

    assert {one for one in rest if one.startswith("--")} <= known
    assert not any("|" in one for one in rest) or set(rest[0].split("|")) <= known


CALL = re.compile(r"((?:[A-Z]+, )*(?:GET|POST|PUT|PATCH|DELETE)) (/[^?]+)(?:\?.*)?")
CALLS = {
    (method, re.sub(r"<[^>]+>", "0190aaaa-0000-7000-8000-000000000000", call[2]))
    for span in SPANS
    if (call := CALL.fullmatch(span))
    for method in call[1].split(", ")
}


def test_every_route_named_in_passing_exists_and_takes_the_method():
    stranger, refused = Client(), []
    for method, path in sorted(CALLS):
        resolve(path)  # raises Resolver404, which names it
        if stranger.generic(method, path).status_code == 405:
            refused.append((method, path))

    assert len(CALLS) > 20
    assert refused == []
