"""docs/reference/steps.md: its examples publish, and it names every setting."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from notifications.models import StepKind
from notifications.step_rules import settings_of
from tests.for_each import for_each
from tests.notifications.flows import publish_flow

PAGE = (Path(__file__).parents[2] / "docs/reference/steps.md").read_text(encoding="utf-8")
EXAMPLES = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
(SCHEMA,) = map(json.loads, re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL))


@pytest.mark.parametrize("steps", EXAMPLES, ids=lambda steps: steps[-1]["key"])
def test_an_example_publishes_as_it_stands(salon, steps):
    publish_flow(salon, "gift", ("gift", "sms", {}, {"body": "Подарок"}), schema=SCHEMA)
    given = [
        (
            step["key"],
            step["kind"],
            _with_own_texts(step.get("settings", {})),
            {"channels": step.get("channels", []), "body": step.get("template", "")},
        )
        for step in steps
    ]

    workflow = publish_flow(salon, "example", *given, schema=SCHEMA)

    assert workflow.published.document["steps"][0]["key"] == steps[0]["key"]


def _with_own_texts(settings):
    """Name the text that exists here: publish_flow names texts by workflow and step."""
    return json.loads(json.dumps(settings).replace('"template": "gift"', '"template": "gift-gift"'))


@for_each("kind", StepKind.values)
def test_every_setting_of_every_kind_is_named(kind):
    sections = [part.partition("\n") for part in PAGE.split("\n## ")[1:]]
    (text,) = [text for head, _, text in sections if kind in head.split(", ")]

    assert [name for name in settings_of(kind) if f"`{name}`" not in text] == []
