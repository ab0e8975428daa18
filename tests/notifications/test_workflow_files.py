"""Workflows and texts travel as files, and nothing is lost or doubled on the way."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.manifest import from_yaml, read_manifest, to_yaml
from notifications.models import DraftState, MessageTemplate, Step, Workflow, WorkflowVersion
from notifications.seeding import seed
from tenants.models import Tenant
from tenants.scope import tenant_scope
from tests.commands import ROOT, said
from tests.factories import TenantFactory

ORDER = """
version: 1
templates:
- key: order-text
  name: Order
  en: {body: "{{ orderId }} is ready"}
workflows:
- identifier: order-ready
  name: {en: Order ready}
  payload_schema: {required: [orderId]}
  steps:
  - {key: message, kind: sms, channels: [sms], template: order-text}
"""


@pytest.fixture
def salon():
    return TenantFactory()


@pytest.fixture
def shop(salon, tmp_path):
    return Shop(salon, tmp_path)


class Shop:
    """A salon at a terminal."""

    def __init__(self, salon, folder):
        self.salon, self.folder = salon, folder

    def say(self, *words, command="workflow"):
        return said(command, *words, "--tenant", self.salon.slug)

    def file(self, text, name="workflows.yaml"):
        path = self.folder / name
        path.write_text(text)
        return str(path)


def test_what_is_exported_and_imported_elsewhere_does_not_differ(shop):
    with tenant_scope(shop.salon.pk):
        seed(shop.salon.pk)
    other = Shop(TenantFactory(), shop.folder)
    exported = shop.say("export")
    file = shop.file(exported.stdout)

    imported = other.say("import", file)

    assert (imported.returncode, imported.stderr) == (0, "")
    assert "new workflow appointment-cancelled" in imported.stdout
    for salon in (shop, other):
        compared = salon.say("diff", file)
        assert (compared.returncode, compared.stdout, compared.stderr) == (0, "", "")
    assert other.say("export").stdout == exported.stdout
    again = other.say("import", file)
    assert (again.returncode, again.stdout) == (0, "Nothing differs.\n")
    with tenant_scope(other.salon.pk):
        assert set(WorkflowVersion.objects.values_list("number", flat=True)) == {1}


def test_a_difference_is_told_in_lines_and_by_the_exit_code(shop):
    shop.say("import", shop.file(ORDER))
    changed = shop.file(ORDER.replace("is ready", "waits"))

    compared = shop.say("diff", changed)
    listed = json.loads(shop.say("diff", changed, "--json").stdout)

    assert compared.returncode == 1
    assert "changed template order-text" in compared.stdout
    assert "+  body: '{{ orderId }} waits'" in compared.stdout
    assert [(one["kind"], one["name"], one["change"]) for one in listed] == [
        ("template", "order-text", "changed")
    ]


def test_a_rehearsed_import_says_what_it_would_do_and_does_nothing(shop):
    rehearsed = shop.say("import", shop.file(ORDER), "--dry-run")

    assert "new workflow order-ready" in rehearsed.stdout
    with tenant_scope(shop.salon.pk):
        assert not Workflow.objects.exists()
        assert not MessageTemplate.objects.exists()


def test_drafts_are_imported_without_publishing(shop):
    shop.say("import", shop.file(ORDER), "--draft")

    with tenant_scope(shop.salon.pk):
        workflow = Workflow.objects.get()
        assert (workflow.published_id, workflow.state) == (None, DraftState.DRAFT)
    assert shop.say("diff", shop.file(ORDER), "--draft").returncode == 0
    assert shop.say("diff", shop.file(ORDER)).returncode == 1


def test_where_four_eyes_look_an_import_waits_for_them(shop):
    with tenant_scope(shop.salon.pk):
        Tenant.objects.filter(pk=shop.salon.pk).update(four_eyes=True)

    assert shop.say("import", shop.file(ORDER)).returncode == 0

    with tenant_scope(shop.salon.pk):
        drafts = [*Workflow.objects.all(), *MessageTemplate.objects.all()]
        assert [draft.state for draft in drafts] == [DraftState.REVIEW] * 2


def test_texts_of_a_splits_variants_travel_along(shop):
    split = """
  - key: split
    kind: ab_split
    settings: {variants: [{key: a, weight: 1}, {key: b, weight: 1, template: other-text}]}
  - {key: message,"""
    more = ORDER.replace("\n  - {key: message,", split).replace(
        "templates:\n", "templates:\n- {key: other-text, name: Other, en: {body: b}}\n"
    )
    assert shop.say("import", shop.file(more)).returncode == 0
    other = Shop(TenantFactory(), shop.folder)

    file = shop.file(shop.say("export").stdout)

    assert other.say("import", file).returncode == 0
    assert other.say("diff", file).returncode == 0


def test_a_text_and_its_workflow_change_together_in_either_direction(shop):
    shop.say("import", shop.file(ORDER))
    renamed = ORDER.replace("{{ orderId }}", "{{ place }}").replace(
        "[orderId]", "[orderId], properties: {place: {default: A}}"
    )

    for text in (renamed, ORDER):
        assert shop.say("import", shop.file(text)).returncode == 0
        assert shop.say("diff", shop.file(text)).returncode == 0


def test_the_same_is_always_written_in_the_same_order():
    other = ORDER.replace("{required: [orderId]}", "{type: object, required: [orderId]}")
    turned = ORDER.replace("{required: [orderId]}", "{required: [orderId], type: object}")

    assert to_yaml(from_yaml(other)) == to_yaml(from_yaml(turned))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 1\nworkflows: [{identifier: a b, name: {en: x}, steps: []}]", "identifier"),
        ("version: 2", "version"),
        ("- 1", "document"),
        ("a: [", "not YAML"),
        (ORDER + "- {identifier: order-ready, name: {en: x}, steps: []}", "stands twice"),
        (ORDER.replace("kind: sms", "kind: sms, colour: red"), "workflows.0.steps.0"),
        (ORDER.replace("template: order-text", "template: nowhere"), "no template 'nowhere'"),
    ],
)
def test_a_bad_file_is_refused_and_the_place_is_named(shop, text, words):
    refused = shop.say("import", shop.file(text))

    assert refused.returncode == 2
    assert words in refused.stderr
    with tenant_scope(shop.salon.pk):
        assert not MessageTemplate.objects.exists()


def test_what_must_not_be_published_is_refused_whole(shop):
    refused = shop.say("import", shop.file(ORDER.replace("[orderId]", "[other]")))

    assert refused.returncode == 1
    assert "'orderId'" in refused.stderr
    with tenant_scope(shop.salon.pk):
        assert not MessageTemplate.objects.exists()


@pytest.mark.parametrize(
    "words", [["import"], ["import", "/no/where"], ["export", "nothing-like-it"], ["sync"]]
)
def test_arguments_that_lead_nowhere_end_with_two(shop, words):
    assert shop.say(*words).returncode == 2


def test_a_salon_without_workflows_exports_an_empty_file(shop):
    shown = shop.say("export")

    assert yaml.safe_load(shown.stdout) == {"version": 1, "templates": [], "workflows": []}


def test_faults_of_texts_are_found_before_anybody_publishes(shop):
    shop.say("import", shop.file(ORDER))
    clean = shop.say("lint", command="template")
    with tenant_scope(shop.salon.pk):
        MessageTemplate.objects.update(body_en="{{ orderId }} {{ whoever }}")

    faulty = shop.say("lint", "order-text", "--json", command="template")

    assert (clean.returncode, clean.stdout) == (0, "1 templates, no fault.\n")
    assert faulty.returncode == 1
    (fault,) = json.loads(faulty.stdout)
    assert (fault["template"], fault["code"], fault["language"]) == (
        "order-text",
        "unknown_variable",
        "en",
    )


def test_texts_travel_without_their_workflows(shop):
    shop.say("import", shop.file(ORDER))
    file = shop.file(shop.say("export", command="template").stdout, "texts.yaml")
    other = Shop(TenantFactory(), shop.folder)

    assert "new template order-text" in other.say("import", file, command="template").stdout
    assert other.say("import", file, command="template").stdout == "Nothing differs.\n"


def test_a_python_module_syncs_twice_without_change(shop, settings):
    settings.WORKFLOW_MODULES = ["tests.notifications.shop_workflows"]

    first, second = shop.say("sync"), shop.say("sync")

    assert first.returncode == 0, first.stderr
    assert "new workflow order-shipped" in first.stdout
    assert (second.returncode, second.stdout) == (0, "Nothing differs.\n")
    with tenant_scope(shop.salon.pk):
        workflow = Workflow.objects.get(identifier="order-shipped")
        steps = Step.objects.filter(workflow=workflow)
        assert [(step.key, step.kind, step.settings) for step in steps] == [
            ("message", "chat", {}),
            ("wait", "delay", {"seconds": 3600}),
            ("again", "sms", {}),
        ]
        assert workflow.published.number == 1
        assert WorkflowVersion.objects.count() == 2


def test_the_documented_module_syncs(shop, settings, monkeypatch):
    page = (ROOT / "docs/howto/change-workflows-safely.md").read_text()
    code = page.partition("```python\n")[2].partition("```")[0]
    shop.file(code, "documented_workflows.py")
    monkeypatch.syspath_prepend(shop.folder)
    settings.WORKFLOW_MODULES = ["documented_workflows"]

    assert "new workflow order-picked" in shop.say("sync").stdout


@pytest.mark.parametrize("module", ["no.where", "tests.factories"])
def test_a_module_that_defines_nothing_is_named(shop, settings, module):
    settings.WORKFLOW_MODULES = [module]

    refused = shop.say("sync")

    assert refused.returncode == 2
    assert module in refused.stderr


TEXT = st.text(max_size=40)


@settings(max_examples=40, deadline=None)
@given(TEXT, st.dictionaries(TEXT, st.one_of(TEXT, st.integers(), st.booleans(), st.none())))
def test_whatever_is_written_is_read_again(body, example):
    document = read_manifest(
        {
            "version": 1,
            "templates": [{"key": "a", "name": "a", "ru": {"body": body}}],
            "workflows": [
                {
                    "identifier": "a",
                    "name": {"en": "2026-11-21"},
                    "payload_schema": {"examples": [example]},
                    "steps": [],
                }
            ],
        }
    )

    assert from_yaml(to_yaml(document)) == document
