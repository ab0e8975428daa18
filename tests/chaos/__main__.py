"""Break everything while salons send, then count what became of every promise (`make chaos`).

1. A real installation (`manage.py up`) starts in a data folder of its own, with salons and a mock.
2. The generator posts events; the injector does its seeded faults.
3. Quiet: the faults are over, everything that is due goes out.
4. The audit compares ledger, mock and database, prints, writes var/chaos.json, sets the exit code.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

import environ

from config import embedded
from tests.chaos.audit import Verdict, gather, judge
from tests.chaos.faults import DECK, SHORT, Fault, Injector, deal
from tests.chaos.flight import Watch
from tests.chaos.generator import Generator, make_calls
from tests.chaos.installation import ROOT, Installation
from tests.chaos.salons import make_salons

SLOTS = 100
QUIET_S = 900.0  # retries wait up to five minutes, a breaker too


@dataclass(frozen=True)
class Plan:
    """What a run is asked for. gap_s: mean seconds between two faults."""

    messages: int
    seed: int
    seconds: float
    gap_s: float
    lease_s: int
    workers: int
    is_short: bool
    folder: Path
    report: Path


def main() -> int:
    """Run and tell; 0 when every guarantee held."""
    plan = _read_arguments()
    print(f"seed {plan.seed}: {plan.messages} messages, {plan.seconds:.0f} s of faults", flush=True)
    if plan.folder.exists():
        embedded.discard(plan.folder)
    plan.folder.mkdir(parents=True)
    mock, port = _start_mock(plan)
    installation = Installation(plan.folder, _environment(plan), workers=plan.workers)
    try:
        installation.start()
        verdict, faults = _run(plan, installation, port)
    finally:
        installation.stop()
        mock.kill()
        mock.wait()
        embedded.stop(plan.folder)
    _tell(plan, verdict, faults)
    return 1 if verdict.wrong else 0


def _run(plan: Plan, installation: Installation, port: int) -> tuple[Verdict, list[Fault]]:
    luck = random.Random(plan.seed)
    urls = _enter(plan.folder)
    salons = make_salons(2 if plan.is_short else 4, f"http://127.0.0.1:{port}", "chaos")
    calls = make_calls(salons, plan.messages, luck)
    generator = Generator(installation.port, calls, plan.seconds, plan.folder / "ledger.jsonl")
    watch = Watch(urls["DATABASE_OWNER_URL"])
    injector = Injector(
        installation, watch, urls["REDIS_URL"], port, plan.lease_s, random.Random(plan.seed + 1)
    )
    generator.start()
    deck = SHORT if plan.is_short else DECK
    injector.run(deal(deck, plan.seconds, plan.gap_s, random.Random(plan.seed + 2)))
    generator.join()
    _wait_until_quiet(watch)
    _write_down(plan.folder / "faults.jsonl", injector.done)
    evidence = gather(plan.folder, watch, injector.done, SLOTS, generator.refused)
    watch.close()
    verdict = judge(evidence)
    verdict.counts["repeated_calls"] = generator.repeated
    return verdict, injector.done


def _write_down(path: Path, faults: list[Fault]) -> None:
    with path.open("w") as file:
        for fault in faults:
            line = {**asdict(fault), "in_flight": sorted(fault.in_flight)}
            file.write(json.dumps(line) + "\n")


def _start_mock(plan: Plan) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.chaos.mock", str(plan.folder), str(plan.lease_s + 2)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def _environment(plan: Plan) -> dict[str, str]:
    return {
        "LEASE_S": str(plan.lease_s),
        "SENDING_SLOTS": str(SLOTS),
        "ALLOWED_PRIVATE_TARGETS": "127.0.0.1",
        "CALL_LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "default",
    }


def _enter(folder: Path) -> dict[str, str]:
    """Set Django up in this process, for the database that `up` has made."""
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    environ.Env.read_env(str(folder / "environment"), overwrite=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()
    return {name: os.environ[name] for name in ("DATABASE_OWNER_URL", "REDIS_URL")}


def _wait_until_quiet(watch: Watch) -> None:
    deadline = time.monotonic() + QUIET_S
    while any(watch.open_work()) and time.monotonic() < deadline:
        time.sleep(0.5)


def _tell(plan: Plan, verdict: Verdict, faults: list[Fault]) -> None:
    for kind, times in sorted(Counter(fault.kind for fault in faults).items()):
        print(f"  {kind:<28}{times:>6}")
    for name, count in verdict.counts.items():
        print(f"  {name:<28}{count:>6}")
    for reason, count in verdict.reasons.most_common():
        print(f"  {reason:<28}{count:>6}")
    for sentence in verdict.wrong:
        print(f"  WRONG: {sentence}")
    print("failed" if verdict.wrong else "passed")
    plan.report.write_text(json.dumps({**verdict.counts, "seed": plan.seed}, indent=2) + "\n")


def _read_arguments() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--messages", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--seconds", type=float, default=240.0, help="how long faults are done")
    parser.add_argument("--gap", type=float, default=1.5, help="mean seconds between two faults")
    parser.add_argument("--lease", type=int, default=10, help="LEASE_S of the installation")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="only faults that are quickly over")
    parser.add_argument("--data", type=Path, default=ROOT / "var" / "chaos")
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "chaos.json")
    given = parser.parse_args()
    return Plan(
        messages=given.messages,
        seed=given.seed,
        seconds=given.seconds,
        gap_s=given.gap,
        lease_s=given.lease,
        workers=given.workers,
        is_short=given.short,
        folder=given.data.resolve(),
        report=given.report.resolve(),
    )


if __name__ == "__main__":
    sys.exit(main())
