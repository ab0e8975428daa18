"""docs/howto/add-a-provider.md works: its files are taken from the page, run, and sent through."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.core.management import call_command
from django.utils import translation

from channels.admin_fields import form_for
from channels.integrations import add_integration, check_integration
from channels.models import Integration
from channels.registry import ADAPTERS, GROUPS
from tests.channels import test_contract_suite as suite
from tests.channels.salons import new_salon
from tests.providers.playing import play
from tests.providers.rows import ROWS
from tests.providers.world import World

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/howto/add-a-provider.md"
BLOCK = re.compile(r"^`([\w./]+)`:\n\n```(\w+)\n(.*?)^```$", re.M | re.S)
ADAPTER, FAKE = "channels/adapters/smsbird.py", "tests/providers/smsbird.py"
TESTS, ANSWERS = "tests/channels/test_smsbird.py", "tests/payloads/smsbird/answers.json"
#: The order of imports is told by files that are there; these are not.
VERBS = [["check", "--ignore", "I001"], ["format", "--check"]]


@pytest.fixture
def files(tmp_path) -> dict[str, Path]:
    """The files of the page, in a folder of their own."""
    found = {name: text for name, _, text in BLOCK.findall(PAGE.read_text())}
    assert found.keys() == {ADAPTER, FAKE, TESTS, ANSWERS}
    for name, text in found.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return {name: tmp_path / name for name in found}


@pytest.fixture
def smsbird(files, monkeypatch):
    """The page's adapter, as if its line stood in the registry."""
    module = loaded("channels.adapters.smsbird", files[ADAPTER], monkeypatch)
    monkeypatch.setitem(ADAPTERS, "smsbird", module.SmsBirdAdapter)
    return module.SmsBirdAdapter


@pytest.fixture
def world():
    world = World()
    yield world
    world.close()


@pytest.mark.parametrize("name", [ADAPTER, FAKE, TESTS])
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_the_files_of_the_page_obey_the_house_style(files, name, verb):
    told = subprocess.run(
        [sys.executable, "-m", "ruff", *verb, "--stdin-filename", name, "-"],
        input=files[name].read_text(),
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )

    assert told.returncode == 0, told.stdout


def test_the_pages_own_tests_pass(files, smsbird, monkeypatch):
    tests = loaded("test_smsbird_of_the_page", files[TESTS], monkeypatch)

    assert len(tests.ANSWERS) == len(json.loads(files[ANSWERS].read_text())) > 5
    for row in tests.ANSWERS:
        tests.test_each_captured_answer_means_what_its_row_says(row)
    tests.test_the_call_is_the_documented_one()


def test_the_adapter_passes_the_contract_with_the_pages_fake(files, smsbird, world, monkeypatch):
    fake = loaded("tests.providers.smsbird", files[FAKE], monkeypatch)
    monkeypatch.setitem(ROWS, "smsbird", fake.ROW)

    played = play(["smsbird"], world, settings.REDIS_URL)["smsbird"]

    suite.test_every_fault_means_what_the_table_says(played)
    suite.test_the_provider_took_what_it_answered_for_and_what_was_lost_once_each(played)
    suite.test_no_secret_and_no_address_is_told_of_any_fault(played)


def test_an_account_is_added_and_checked(files, smsbird, world, monkeypatch, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    fake = loaded("tests.providers.smsbird", files[FAKE], monkeypatch)
    world.fakes["smsbird"] = fake.SmsBird()
    salon, given = new_salon(), fake.credentials(world.base("smsbird"))
    row = add_integration(salon.pk, "smsbird", given, identifier="bird")
    wrong = add_integration(salon.pk, "smsbird", given | {"token": "no"}, identifier="wrong")

    assert (row.kind, check_integration(salon.pk, row.pk).state) == ("sms", "active")
    assert check_integration(salon.pk, wrong.pk).state == "paused"


def test_the_screen_asks_for_its_fields_and_no_migration_is_needed(smsbird):
    admin.autodiscover()
    screen = admin.site.get_model_admin(Integration)

    with translation.override("en"):
        form = form_for(screen.account_form, "smsbird")()

    assert "Settings → Access" in form.fields["credential_token"].help_text
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_the_line_of_the_registry_goes_where_the_page_says():
    group, *_, line = re.findall(r'^ +"(\w+)": \(|^\+ +(\w+),', PAGE.read_text(), re.M)

    assert group[0] in GROUPS
    assert line[1] == "SmsBirdAdapter"


def loaded(name, path, monkeypatch):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    return module
