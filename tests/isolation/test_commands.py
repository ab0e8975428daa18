"""A command that is told --tenant shows and touches nothing of any other salon."""

from __future__ import annotations

import io
import json

import pytest
from django.apps import apps
from django.core.management import call_command, find_commands, load_command_class
from django.core.management.base import CommandError

from notifications.models import DeadLetter
from tenants.scope import tenant_scope
from tests.isolation.access import Names
from tests.isolation.planting import OUR_APPS, forget_open_work, plant, snapshot

#: Command -> what Charlie's staff may ask of it with Alice's names, in braces; {mine}: his salon.
#: Empty: the command is the operator's own and takes no --tenant; the reason stands beside.
COMMANDS: dict[str, tuple[list[str], ...]] = {
    "compile_texts": (),  # translations
    "consent": (
        ["consent", "list", "--tenant", "{mine}", "--subscriber", "{client}", "--json"],
        [
            *("consent", "record", "--tenant", "{mine}", "--subscriber", "{client}"),
            *("--purpose", "advertising", "--withdrawn"),
        ],
    ),
    "create_tenant": (),  # makes a salon
    "deadletter": (
        ["deadletter", "list", "--tenant", "{mine}"],
        ["deadletter", "list", "--tenant", "{mine}", "--all", "--json"],
        ["deadletter", "list", "--tenant", "{mine}", "--id", "{letter_pk}"],
        ["deadletter", "replay", "--tenant", "{mine}"],
        ["deadletter", "replay", "--tenant", "{mine}", "--id", "{letter_pk}"],
    ),
    "dispatch": (),  # a worker of all salons
    "doctor": (),  # the installation
    "migrate": (),
    "pack": (
        ["pack", "list", "--tenant", "{mine}", "--json"],
        ["pack", "add", "business-events", "--tenant", "{mine}"],
        ["pack", "diff", "--tenant", "{mine}"],
        ["pack", "update", "--tenant", "{mine}", "--json"],
    ),
    "purge": (),  # partitions of all salons
    "rotate_encryption": (),  # credentials of all salons; it prints numbers
    "rotate_key": (
        ["rotate_key", "--tenant", "{mine}", "--due", "--json"],
        ["rotate_key", "--tenant", "{mine}", "--prefix", "{prefix}", "--json"],
        ["rotate_key", "--tenant", "{mine}", "--id", "{key_pk}", "--json"],
    ),
    "schedule": (),  # the clock
    "send_test": (
        ["send_test", "{template}", "--tenant", "{mine}", "--to", "{client}", "--timeout", "0"],
    ),
    "suppression": (["suppression", "export", "--tenant", "{mine}", "--json"],),
    "switch": (
        ["switch", "list", "--tenant", "{mine}", "--json"],
        ["switch", "stop", "--tenant", "{mine}", "--channel", "sms"],
        ["switch", "start", "--tenant", "{mine}", "--id", "{stop_pk}"],
    ),
    "take_bounce": (),  # the mail server's; it names one integration and prints nothing of it
    "template": (
        ["template", "lint", "--tenant", "{mine}", "{template}"],
        ["template", "export", "--tenant", "{mine}", "--json"],
        ["template", "export", "--tenant", "{mine}", "--draft", "{template}"],
    ),
    "trigger": (
        ["trigger", "{workflow}", "--tenant", "{mine}", "--to", "{client}"],
        ["trigger", "{workflow}", "--tenant", "{mine}", "--to", "{client}", "--json"],
    ),
    "up": (),  # the installation
    "workflow": (
        ["workflow", "export", "--tenant", "{mine}", "--json"],
        ["workflow", "export", "--tenant", "{mine}", "--draft", "{workflow}"],
        ["workflow", "dry-run", "{workflow}", "--tenant", "{mine}", "--to", "{client}"],
    ),
    "whatsapp_template": (
        ["whatsapp_template", "list", "--tenant", "{mine}", "--json"],
        ["whatsapp_template", "submit", "--tenant", "{mine}", "--name", "{canary}"],
        ["whatsapp_template", "sync", "--tenant", "{mine}"],
    ),
}
ASKED = [words for asked in COMMANDS.values() for words in asked]


@pytest.fixture
def alice():
    """The salon that is looked for."""
    yield plant()
    forget_open_work()


def test_every_command_stands_on_the_list():
    found = {name for app in OUR_APPS for name in commands_of(app)}

    assert found == COMMANDS.keys()


def test_every_command_that_takes_a_tenant_is_asked():
    for name in COMMANDS:
        app = next(app for app in OUR_APPS if name in commands_of(app))
        parser = load_command_class(app, name).create_parser("manage.py", name)
        takes = any("--tenant" in action.option_strings for action in parser._actions)
        assert takes == bool(COMMANDS[name]), name


@pytest.mark.parametrize("words", ASKED, ids=" ".join)
def test_asked_for_one_salon_it_shows_and_touches_nothing_of_another(alice, words):
    charlie = plant()
    names = Names(alice)
    names.known |= {
        "mine": charlie.tenant.slug,
        "letter_pk": str(alice.of("notifications.DeadLetter").pk),
        "key_pk": str(alice.of("tenants.ApiKey").pk),
        "prefix": alice.of("tenants.ApiKey").prefix,
        "template": alice.word("text"),
        "canary": alice.canary,
    }
    before = snapshot(alice.tenant)

    said = names.strip(run(names.fill(words)))

    assert [mark for mark in alice.marks if mark in said] == []
    assert snapshot(alice.tenant) == before


def test_the_list_of_dead_letters_does_show_the_own(alice):
    said = run(["deadletter", "list", "--tenant", alice.tenant.slug, "--json"])

    (letter,) = json.loads(said)
    with tenant_scope(alice.tenant.pk):
        assert letter["id"] == str(DeadLetter.objects.get().pk)


def commands_of(app):
    return find_commands(f"{apps.get_app_config(app).path}/management")


def run(words):
    """Run in this process; a refusal is what it says."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err)
    except CommandError as refused:
        return f"{out.getvalue()}{err.getvalue()}{refused}"
    return out.getvalue() + err.getvalue()
