"""The short form of `make chaos`: a whole installation of its own, broken for some seconds."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.chaos.installation import ROOT

MESSAGES, SECONDS = 600, 8


def test_nothing_is_lost_or_doubled_while_everything_is_killed(tmp_path):
    report = tmp_path / "chaos.json"
    data = ROOT / "var" / f"chaos-{tmp_path.parent.name}-{tmp_path.name}"[:60]

    run = subprocess.run(
        [
            *(sys.executable, "-m", "tests.chaos", "--messages", str(MESSAGES)),
            *("--seconds", str(SECONDS), "--gap", "0.9", "--lease", "8", "--seed", "1", "--short"),
            *("--data", str(data), "--report", str(report)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )

    assert run.returncode == 0, run.stdout + run.stderr
    counts = json.loads(report.read_text())
    assert counts["messages"] >= MESSAGES
    assert counts["faults"] >= 5
    assert (counts["lost"], counts["mk_duplicates"]) == (0, 0)
