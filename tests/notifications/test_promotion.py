"""All that a salon has travels into an installation that has nothing, and does not differ there."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifications import packs
from notifications.models import StepKind, Workflow
from notifications.packs import load_pack
from notifications.seeding import seed
from tenants.scope import tenant_scope
from tests.commands import said
from tests.factories import TenantFactory
from tests.installations import empty_installation
from tests.notifications.flows import chat, publish_flow, sms, text

PACKS = sorted(path.stem for path in Path(packs.__file__).parent.glob("*.yaml"))
SPLIT = {
    "variants": [
        {"key": "a", "weight": 45},
        {"key": "b", "weight": 45.5, "template": "bold"},
        {"key": "none", "weight": 9.5, "goto": "stop"},
    ]
}
EVERYTHING = [
    ("few", "throttle", {"limit": 3, "window_s": 86400, "key": "visit.id"}),
    ("big", "condition", {"if": "total > 1 and subscriber.language != 'de'", "else": "evening"}),
    ("evening", "digest", {"until": ["10:00", "18:30"], "key": "payload.visit.id"}),
    ("pause", "delay", {"until": "appointmentTime", "offset_s": -86400.5, "late": "now"}),
    ("ab", "ab_split", SPLIT),
    chat("Придёте, {{ clientName }}?", "ask"),
    (
        "wait",
        "wait_for_reply",
        {"timeout_s": 3600, "actions": ["confirm", "later"], "on_reply": "thanks"},
    ),
    (
        "again",
        "fallback",
        {"of": "ask", "when": "not_read", "after_s": 60, "on_failure": "continue"},
        {"channels": ["sms", "email"], "body": "Ещё раз: {{ digest.count }}"},
    ),
    ("staff", "escalate", {"deadline_s": 600, "text": "Позвоните: да, сейчас"}),
    sms("Спасибо", "thanks", on_failure="continue"),
    ("letter", "email", {}, {"channels": ["email"], "body": "Письмо\n\n- «кавычки»: да\n  и нет"}),
    ("inbox", "in_app", {}, {"body": "В кабинет"}),
    ("push", "push", {}, {"channels": ["push"], "body": "Пуш"}),
    ("server", "webhook", {}, {"channels": ["webhook"], "body": "{}"}),
]


@pytest.fixture
def everything(salon):
    """A salon with every pack, and a workflow of every kind of step."""
    with tenant_scope(salon.pk):
        for pack in PACKS:
            seed(salon.pk, pack)
        text(salon, "bold", "Смело?")
    publish_flow(salon, "everything", *EVERYTHING, priority="high", is_critical=True)
    return salon


def test_every_pack_and_every_kind_of_step_travels_whole(everything, tmp_path, settings):
    settings.WORKFLOW_MODULES = ["tests.notifications.shop_workflows"]
    assert {step[1] for step in EVERYTHING} == set(StepKind.values)
    file = tmp_path / "workflows.yaml"
    file.write_text(said("workflow", "export", "--tenant", everything.slug).stdout)

    with empty_installation():
        slug = TenantFactory.create().slug
        imported = said("workflow", "import", str(file), "--tenant", slug)
        compared = said("workflow", "diff", str(file), "--tenant", slug)
        exported = said("workflow", "export", "--tenant", slug).stdout
        shop = TenantFactory.create().slug
        synced = [said("workflow", "sync", "--tenant", shop) for _ in range(2)]

    assert (imported.returncode, imported.stderr) == (0, "")
    assert (compared.returncode, compared.stdout, compared.stderr) == (0, "", "")
    assert exported == file.read_text()
    assert [(one.returncode, one.stderr) for one in synced] == [(0, "")] * 2
    assert synced[1].stdout == "Nothing differs.\n"
    with tenant_scope(everything.pk):
        known = set(Workflow.objects.values_list("identifier", flat=True))
    wanted = {one.identifier for pack in PACKS for one in load_pack(pack).workflows}
    assert wanted < known
    assert all(f"identifier: {name}\n" in exported for name in known)
