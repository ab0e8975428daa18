"""The short form of `make chaos`: a whole installation of its own, broken for some seconds."""

from __future__ import annotations

import json
import subprocess
import sys

from config import embedded
from tests.chaos.installation import ROOT
from tests.factories import word

MESSAGES, SECONDS = 600, 6


def test_nothing_is_lost_or_doubled_while_everything_is_killed(tmp_path):
    report = tmp_path / "chaos.json"
    data = ROOT / "var" / f"chaos-{word('short')}"

    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.chaos", "--messages", str(MESSAGES)),
            *("--seconds", str(SECONDS), "--gap", "0.7", "--lease", "8", "--seed", "1", "--short"),
            *("--data", str(data), "--report", str(report)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    embedded.discard(data)

    assert run.returncode == 0, run.stdout + run.stderr
    counts = json.loads(report.read_text())
    assert counts["messages"] >= MESSAGES
    assert counts["faults"] >= 5
    assert (counts["lost"], counts["mk_duplicates"]) == (0, 0)
