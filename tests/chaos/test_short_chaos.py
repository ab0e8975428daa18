"""The short form of `make chaos`: a whole installation of its own, broken for some seconds."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

from config import embedded
from tests.chaos.installation import ROOT
from tests.factories import word

MESSAGES, SECONDS = 600, 6
SEED = 34  # it deals every fault of the short form, the longest first: its worker's stop


def test_nothing_is_lost_or_doubled_while_everything_is_killed(tmp_path):
    report = tmp_path / "chaos.json"
    data = ROOT / "var" / f"chaos-{word('short')}"

    run = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.chaos", "--messages", str(MESSAGES)),
            *(
                "--seconds",
                str(SECONDS),
                "--gap",
                "0.7",
                "--lease",
                "8",
                "--seed",
                str(SEED),
                "--short",
            ),
            *("--data", str(data), "--report", str(report)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    told = output_of(run)
    embedded.discard(data)

    assert run.returncode == 0, told
    counts = json.loads(report.read_text())
    assert counts["messages"] >= MESSAGES
    assert counts["faults"] >= 8
    assert (counts["lost"], counts["mk_duplicates"]) == (0, 0)


def output_of(run: subprocess.Popen[str]) -> str:
    """Wait for its end; one that takes too long is asked to stop what it has started."""
    try:
        return run.communicate(timeout=300)[0]
    except subprocess.TimeoutExpired:
        run.send_signal(signal.SIGINT)
        return run.communicate(timeout=90)[0]
