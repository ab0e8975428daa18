"""What README promises is so: its table of settings, its commands, its files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.for_each import for_each

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
READERS = ("config/settings.py", "config/launch.py", "config/servers.py")
NAME = re.compile(r"[A-Z]+(_[A-Z]+)+")
#: Set by Kolokol itself, or not a setting: a word of Django's, of a header, of the account.
NOT_OURS = {"DJANGO_SETTINGS_MODULE"}


def calls(path: str) -> Iterator[tuple[str, object]]:
    """Find each variable that a module reads, with the default written beside it, or None."""
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.args[0], "value", None)
            if isinstance(name, str) and NAME.fullmatch(name):
                yield name, _default(node)


def _default(call: ast.Call) -> object:
    given = [*call.args[1:2], *(word.value for word in call.keywords if word.arg == "default")]
    values = [getattr(node, "value", None) for node in given]
    is_why = isinstance(call.func, ast.Name) and call.func.id in ("required", "setdefault")
    return None if is_why or not values else values[-1]


def table() -> dict[str, str]:
    """Read the table of settings: name -> default."""
    section = README.partition("## Settings")[2].partition("\n## ")[0]
    return dict(re.findall(r"^\| `(\w+)` \| (.+?) \| .{10,} \|$", section, re.MULTILINE))


def test_the_table_of_settings_is_what_the_settings_read():
    read = {name for path in READERS for name, _ in calls(path)} - NOT_OURS

    assert set(table()) == read


def test_the_defaults_in_the_table_are_those_of_the_settings():
    shown = table()
    for name, default in calls("config/settings.py"):
        if isinstance(default, str | int) and default != "":
            assert shown[name].strip("`") == str(default), name


def test_the_commands_in_the_table_exist():
    section = README.partition("## Commands")[2].partition("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)

    assert len(named) > 5
    assert set(named) <= set(get_commands())


def test_the_targets_of_make_exist():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([\w-]+)", README))

    assert {"up", "lint", "test-browser"} <= named <= targets


@for_each("page", PAGES)
def test_links_and_pictures_lead_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("picture", ["phone.png", "admin.png"])
def test_a_picture_is_small_enough_to_look_at(picture):
    size = (ROOT / "docs" / "images" / picture).stat().st_size

    assert 20_000 < size < 250_000
