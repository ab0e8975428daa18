"""Was anything lost, doubled or left unexplained? The verdict over a run's evidence.

What a 201 promised is compared with what reached the mock and with what the database says. `judge`
is pure: each of its checks is proved by a test that breaks what it guards.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.faults import INTERRUPTING, Fault
from tests.chaos.flight import Watch

FINAL = frozenset({"completed", "failed", "skipped", "merged", "canceled"})
#: final state of a notification -> a status one of its log lines must have
WORDS: Mapping[str, frozenset[str]] = {
    "completed": frozenset({"sent", "delivered", "read", "unknown"}),
    "failed": frozenset({"failed"}),
    "skipped": frozenset({"skipped"}),
    "merged": frozenset({"merged"}),
    "canceled": frozenset({"canceled"}),
}


@dataclass(frozen=True)
class Arrival:
    """One request at the mock. taken: "yes", "no" or "doubt" (see tests.chaos.mock)."""

    key: str
    id: str
    category: str
    taken: str


@dataclass(frozen=True)
class Told:
    """One notification as the database knows it. key: transaction and phone.

    lines: (status, reason, detail) of its log. messages: (id, step, channel, state).
    """

    key: str
    category: str
    state: str
    reason: str = ""
    lines: tuple[tuple[str, str, str], ...] = ()
    messages: tuple[tuple[str, int, str, str], ...] = ()

    def ids(self, *states: str) -> set[str]:
        return {key for key, _, _, state in self.messages if state in states}


@dataclass(frozen=True)
class Evidence:
    """Everything a verdict rests on. slots: requests a worker may have in flight."""

    promised: Mapping[str, str]
    arrivals: Sequence[Arrival]
    told: Sequence[Told]
    faults: Sequence[Fault]
    open_work: tuple[int, ...]
    slots: int
    refused: Sequence[str] = ()


@dataclass
class Verdict:
    """Counts for var/chaos.json, and sentences about what went wrong: empty means passed."""

    counts: dict[str, int] = field(default_factory=dict)
    reasons: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def must_be_none(self, what: str, found: Collection[str]) -> None:
        if found:
            shown = ", ".join(sorted(found)[:5])
            self.wrong.append(f"{len(found)} {what}: {shown}")


def judge(evidence: Evidence) -> Verdict:
    """Hold what happened against every guarantee."""
    verdict = Verdict(reasons=Counter(f"{n.state} {n.reason}".strip() for n in evidence.told))
    told = {n.key: n for n in evidence.told}
    interrupted = _in_flight(evidence.faults)
    _promises(evidence, told, verdict)
    _duplicates(evidence, interrupted, verdict)
    _unknown(evidence, interrupted, verdict)
    _stories(evidence, verdict)
    if any(evidence.open_work):
        verdict.wrong.append(
            f"open work is left (due, chunk, range, fanout, batch): {evidence.open_work}"
        )
    verdict.must_be_none("calls were refused", evidence.refused)
    verdict.counts["faults"] = len(evidence.faults)
    return verdict


def _in_flight(faults: Iterable[Fault]) -> set[str]:
    return {key for fault in faults if fault.kind in INTERRUPTING for key in fault.in_flight}


def _promises(evidence: Evidence, told: Mapping[str, Told], verdict: Verdict) -> None:
    reached = {a.key for a in evidence.arrivals if a.taken != "no"}
    lost = {key for key in evidence.promised if key not in reached and not _is_over(told.get(key))}
    verdict.counts |= {"messages": len(evidence.promised), "lost": len(lost)}
    verdict.must_be_none("promised messages are lost", lost)
    twice = [key for key, times in Counter(n.key for n in evidence.told).items() if times > 1]
    verdict.must_be_none("events were accepted twice", twice)


def _is_over(told: Told | None) -> bool:
    """Say whether what reached nobody is accounted for: final with a reason, or unknown."""
    if told is None:
        return False
    return bool(told.state in FINAL and told.reason) or bool(told.ids("unknown"))


def _duplicates(evidence: Evidence, interrupted: set[str], verdict: Verdict) -> None:
    taken: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in evidence.arrivals:
        if arrival.taken != "no":
            taken[arrival.key].append(arrival)
    doubled = {key: some for key, some in taken.items() if len(some) > 1}
    mk = {key for key, some in doubled.items() if some[0].category == "mk"}
    tx = {key: some for key, some in doubled.items() if key not in mk}
    sure = {key: some for key, some in tx.items() if sum(a.taken == "yes" for a in some) > 1}
    unexplained = {key for key, some in sure.items() if not {a.id for a in some} & interrupted}
    verdict.counts |= {
        "mk_duplicates": len(mk),
        "tx_duplicates": len(sure),
        "tx_duplicates_unanswered": len(tx) - len(sure),
        "tx_in_flight_at_kill": len(
            interrupted & {a.id for a in evidence.arrivals} & _tx_ids(evidence)
        ),
    }
    verdict.must_be_none("marketing messages were sent twice", mk)
    verdict.must_be_none("tx were sent twice though no fault met them in flight", unexplained)


def _tx_ids(evidence: Evidence) -> set[str]:
    return {arrival.id for arrival in evidence.arrivals if arrival.category == "tx"}


def _unknown(evidence: Evidence, interrupted: set[str], verdict: Verdict) -> None:
    unknown = {key for n in evidence.told for key in n.ids("unknown")}
    in_doubt = {a.id for a in evidence.arrivals if a.taken == "doubt"}
    bound = evidence.slots * len(evidence.faults)
    verdict.counts |= {"unknown": len(unknown), "unknown_bound": bound}
    if len(unknown) > bound:
        verdict.wrong.append(f"{len(unknown)} messages are unknown, {bound} may be")
    verdict.must_be_none("are unknown without a fault", unknown - interrupted - in_doubt)
    tx = {n.key for n in evidence.told if n.category == "tx" and n.ids("unknown")}
    verdict.must_be_none("tx were given up as unknown", tx)


def _stories(evidence: Evidence, verdict: Verdict) -> None:
    at_mock = {arrival.id for arrival in evidence.arrivals if arrival.taken != "no"}
    verdict.must_be_none(
        "notifications are not final", {n.key for n in evidence.told if n.state not in FINAL}
    )
    verdict.must_be_none(
        "broke the engine",
        {n.key for n in evidence.told if n.reason == "poisoned" and not _is_given_up(n)},
    )
    verdict.must_be_none(
        "ends are not explained by the log", {n.key for n in evidence.told if not _is_told(n)}
    )
    verdict.must_be_none(
        "are said to be sent but never arrived",
        {n.key for n in evidence.told if _sent_ids(n) - at_mock},
    )
    verdict.must_be_none(
        "have two messages of one step", {n.key for n in evidence.told if _has_twins(n)}
    )


def _is_given_up(one: Told) -> bool:
    """Say whether too many workers died over it, which is an end that the order allows."""
    return any(detail.startswith("claimed too often") for *_, detail in one.lines)


def _is_told(one: Told) -> bool:
    words = WORDS.get(one.state)
    if words is None:
        return one.state not in FINAL  # said by another check
    lines = [reason for status, reason, _ in one.lines if status in words]
    return bool(lines) and (one.state == "completed" or one.reason in lines)


def _sent_ids(one: Told) -> set[str]:
    return {
        key for key, _, channel, state in one.messages if state == "sent" and channel != "in_app"
    }


def _has_twins(one: Told) -> bool:
    return any(n > 1 for n in Counter(m[1] for m in one.messages if m[3] != "failed").values())


TOLD = """
select e.transaction_id || ' ' || a.value, v.document ->> 'category', n.state, n.reason,
  (select jsonb_agg(jsonb_build_array(l.status, l.reason, l.detail) order by l.id)
   from notifications_logentry l where l.notification_id = n.id),
  (select jsonb_agg(jsonb_build_array(m.id, m.step, m.channel, m.state) order by m.id)
   from notifications_message m where m.notification_id = n.id)
from notifications_notification n
join notifications_event e on e.id = n.event_id
join notifications_workflowversion v on v.id = e.version_id
join tenants_address a on a.subscriber_id = n.subscriber_id and a.kind = 'phone'
"""


def gather(
    folder: Path, watch: Watch, faults: Sequence[Fault], slots: int, refused: Sequence[str]
) -> Evidence:
    """Read the ledger, the mock's file and the database."""
    ledger = (json.loads(line) for line in (folder / "ledger.jsonl").open())
    arrivals = (json.loads(line) for line in (folder / "arrivals.jsonl").open())
    return Evidence(
        promised={line["key"]: line["category"] for line in ledger},
        arrivals=[Arrival(a["key"], a["id"], a["category"], a["taken"]) for a in arrivals],
        told=[_read(row) for row in watch.rows(TOLD)],
        faults=faults,
        open_work=watch.open_work(),
        slots=slots,
        refused=refused,
    )


def _read(row: tuple[object, ...]) -> Told:
    key, category, state, reason, lines, messages = row
    return Told(
        str(key),
        str(category),
        str(state),
        str(reason),
        tuple(map(tuple, lines or ())),  # type: ignore[call-overload]  # json of TOLD
        tuple(map(tuple, messages or ())),  # type: ignore[call-overload]  # as above
    )
