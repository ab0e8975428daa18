"""How are the figures told? A table for people, var/bench.json and a history for machines."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

import psutil  # type: ignore[import-untyped]  # its stubs are not among our packages

from tests.bench.bench import Figure
from tests.bench.cpu import GROUPS
from tests.bench.servers import ROOT, VAR


@dataclass(frozen=True)
class Line:
    """One figure over its runs. cpu_us: median microseconds per unit of work, by group."""

    name: str
    unit: str
    values: tuple[float, ...]
    cpu_us: Mapping[str, float] | None

    @property
    def median(self) -> float:
        return float(median(self.values))


def lines(figures: Iterable[Figure]) -> list[Line]:
    """Join the runs of each figure, in the order of their first appearance."""
    runs: dict[str, list[Figure]] = defaultdict(list)
    for figure in figures:
        runs[figure.name].append(figure)
    return [_line(name, of) for name, of in runs.items()]


def _line(name: str, runs: list[Figure]) -> Line:
    costs = [
        {group: getattr(run.usage, group) / run.count * 1e6 for group in GROUPS}
        for run in runs
        if run.usage is not None and run.count
    ]
    cpu_us = {group: median(cost[group] for cost in costs) for group in GROUPS} if costs else None
    return Line(name, runs[0].unit, tuple(run.value for run in runs), cpu_us)


def table(found: Iterable[Line]) -> str:
    """Write the table; CPU in microseconds per unit (message, event or row)."""
    head = f"{'figure':34}{'median':>12}{'min':>12}{'max':>12}  {'unit':<11}"
    out = [head + "".join(f"{group + ' us':>12}" for group in GROUPS)]
    for line in found:
        numbers = "".join(f"{_number(v):>12}" for v in (line.median, *_ends(line)))
        costs = "".join(f"{_number(us):>12}" for us in (line.cpu_us or {}).values())
        out.append(f"{line.name:34}{numbers}  {line.unit:<11}{costs}".rstrip())
    return "\n".join(out)


def _ends(line: Line) -> tuple[float, float]:
    return min(line.values), max(line.values)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def write(results: Mapping[str, Any], settings: Mapping[str, str], mode: str) -> None:
    """Write var/bench.json and add a line to the history."""
    record = {
        "machine": machine(),
        "commit": commit(),
        "moment": datetime.now(UTC).isoformat(timespec="seconds"),
        "mode": mode,
        "settings": dict(settings),
        "results": dict(results),
    }
    (VAR / "bench.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    with (VAR / "bench-history.jsonl").open("a") as history:
        history.write(json.dumps(record, ensure_ascii=False) + "\n")


def machine() -> dict[str, Any]:
    """Describe what was measured on; load: how busy it was with other work."""
    return {
        "cpu": _cpu_name(),
        "cores": psutil.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": [round(part, 2) for part in os.getloadavg()],
    }


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.split(":", 1)[1].strip() for line in file if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor()


def commit() -> str:
    """Name the commit, with a mark when the tree differs from it."""
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
