"""The lines that README asks a newcomer to copy work as printed against a running Kolokol."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.browser.installation import eventually

pytestmark = pytest.mark.browser
README = (Path(__file__).resolve().parents[2] / "README.md").read_text()


def block(language: str, words: str) -> str:
    """Find a code block by words in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    return next(found for found in blocks if words in found)


def run(site, script: str) -> dict:
    """Run a block in a shell, with the port and the folder of this installation."""
    script = script.replace("http://127.0.0.1:8000", site.base)
    script = script.replace("var/data/up.json", f"{site.folder}/up.json")
    done = subprocess.run(["sh", "-ec", script], capture_output=True, timeout=30, check=True)
    return dict(json.loads(done.stdout))


def test_the_curl_of_the_readme_answers_what_the_readme_says_and_tells_its_story(site):
    trigger = block("sh", "/v1/events/trigger")
    answer = json.loads(block("json", "acknowledged"))
    assert run(site, trigger) == answer
    assert run(site, trigger) == answer, "the same transactionId gives the same answer"

    key = trigger.splitlines()[0]
    question = f"{key}\n{block('sh', '/v1/notifications?')}"
    told = eventually(
        lambda: run(site, question),
        lambda found: re.search(r"delivered to .*Phone", found["data"][0]["story"][-1]),
        timeout_s=15,
    )

    shown = json.loads(block("json", '"story"'))
    assert told.items() >= {name: shown[name] for name in ("page", "pageSize", "hasMore")}.items()
    for name in ("transactionId", "status"):
        assert told["data"][0][name] == shown["data"][0][name]
    assert [plain(line) for line in told["data"][0]["story"]] == [
        plain(line) for line in shown["data"][0]["story"]
    ]


def plain(line: str) -> str:
    """Take away the time, and which messenger was first."""
    return re.sub(r"^\S+ |Telegram|WhatsApp|MAX", "", line)
