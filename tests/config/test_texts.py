"""The Russian texts are complete, compiled, and say what the sources say."""

from __future__ import annotations

import ast
import gettext
import re
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import translation

from config.texts import BadPo, compile_file, read_po, write_mo

ROOT = Path(__file__).resolve().parents[2]
PO = ROOT / "config/locale/ru/LC_MESSAGES/django.po"
SOURCES = [
    *ROOT.glob("*/models.py"),
    *ROOT.glob("*/models/*.py"),
    *ROOT.glob("*/apps.py"),
    *ROOT.glob("tenants/admin*.py"),
    *ROOT.glob("channels/admin*.py"),
    ROOT / "channels/advice.py",
    ROOT / "channels/field_words.py",
    ROOT / "channels/policy.py",
    *ROOT.glob("notifications/admin/*.py"),
    ROOT / "config/menu.py",
]
PAGES = [*ROOT.glob("templates/notifications/admin/*"), *ROOT.glob("templates/channels/admin/*")]
PAGES += [
    ROOT / "templates/admin/index.html",
    ROOT / "templates/admin/submit_line.html",
    ROOT / "templates/unfold/helpers/pagination_default.html",
    ROOT / "templates/unfold/helpers/empty_results.html",
]
_CALLS = {"_", "gettext", "gettext_lazy"}
_TAG = re.compile(r'{% translate "([^"]+)"')
_BLOCK = re.compile(r"{% blocktranslate[^%]*%}(.*?){% endblocktranslate %}", re.S)


def words_of(path: Path) -> set[str]:
    """Collect what a module passes to gettext, whole or as the first argument."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in _CALLS:
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                found.add(str(argument.value))
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "pgettext_lazy":
            found.add("\4".join(ast.literal_eval(argument) for argument in node.args))
    return found


def words_of_page(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    blocks = {re.sub(r"{{ (\w+) }}", r"%(\1)s", block) for block in _BLOCK.findall(text)}
    return set(_TAG.findall(text)) | blocks


def test_the_compiled_texts_are_up_to_date():
    assert PO.with_suffix(".mo").read_bytes() == compile_file(PO)


def test_every_word_of_the_admin_has_a_russian_text():
    words = set().union(*map(words_of, SOURCES), *map(words_of_page, PAGES))

    assert len(words) > 250
    assert sorted(words - read_po(PO.read_text(encoding="utf-8")).keys()) == []


def test_a_translation_keeps_the_placeholders_of_its_source():
    placeholder = re.compile(r"%\(\w+\)s|%s|{\w*}(?!})")

    for source, text in read_po(PO.read_text(encoding="utf-8")).items():
        if source:
            wanted = set(placeholder.findall(source))
            assert set(placeholder.findall(text)) == wanted, source


def test_django_speaks_our_russian_and_plain_english():
    with translation.override("ru"):
        assert translation.gettext("Save and publish") == "Сохранить и опубликовать"
        assert translation.gettext("Welcome back to") == "Добро пожаловать в"
        assert translation.gettext("Save") == "Сохранить"  # Django's own stays
    with translation.override("en"):
        assert translation.gettext("Save and publish") == "Save and publish"


def test_a_compiled_file_is_read_by_gettext_itself():
    po = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n' + (
        'msgctxt "verb"\nmsgid "open"\nmsgstr "открыть"\n\n'
        'msgid "a "\n"b"\nmsgstr "а\\n"\n"б"\n\n'
        'msgid "%d day"\nmsgid_plural "%d days"\nmsgstr[0] "день"\nmsgstr[1] "дня"\n'
    )

    catalog = gettext.GNUTranslations(BytesIO(write_mo(read_po(po))))

    assert catalog.gettext("a b") == "а\nб"
    assert catalog.pgettext("verb", "open") == "открыть"
    assert catalog.ngettext("%d day", "%d days", 2) == "дня"


@pytest.mark.parametrize("text", ['msgid "a"\nmsgid "a\n', '"alone"', "msgid a"])
def test_a_broken_file_is_refused_by_line(text):
    with pytest.raises(BadPo, match="line"):
        read_po(text)


def test_the_command_tells_stale_texts_and_compiles_them(settings, tmp_path):
    settings.LOCALE_PATHS = [tmp_path]
    po = tmp_path / "ru" / "LC_MESSAGES" / "django.po"
    po.parent.mkdir(parents=True)
    po.write_text('msgid "a"\nmsgstr "б"\n', encoding="utf-8")

    with pytest.raises(CommandError, match="compile_texts"):
        call_command("compile_texts", "--check", stdout=StringIO())
    call_command("compile_texts", stdout=StringIO())
    call_command("compile_texts", "--check", stdout=StringIO())

    assert po.with_suffix(".mo").read_bytes() == compile_file(po)
