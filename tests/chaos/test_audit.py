"""Each check of the chaos audit fails when what it guards is broken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.audit import Arrival, Evidence, Told, judge
from tests.chaos.faults import Fault
from tests.for_each import for_each

KILL = Fault("worker kill -9", 0.0, "1", frozenset({"m-in-flight"}))


def sent(key, category="tx", *, taken="yes", message="m", state="sent"):
    """One message that went through: how it looks at the mock and in the database."""
    arrival = Arrival(key, f"{message}-{key}", category, taken)
    told = Told(
        key,
        category,
        "completed",
        "",
        ((state, "", ""),),
        ((f"{message}-{key}", 0, "phone", state),),
    )
    return arrival, told


def evidence(**changes):
    """Two messages, one of each category, that went as they should while a worker was killed."""
    (tx, tx_told), (mk, mk_told) = sent("t1"), sent("t2", "mk")
    whole = Evidence(
        {"t1": "tx", "t2": "mk"}, [tx, mk], [tx_told, mk_told], [KILL], (0, 0, 0, 0), 10
    )
    return replace(whole, **changes)


def wrongs(**changes):
    return "; ".join(judge(evidence(**changes)).wrong)


def test_a_run_without_loss_passes():
    verdict = judge(evidence())

    assert verdict.wrong == []
    assert verdict.counts["messages"] == 2
    assert verdict.counts["faults"] == 1


def test_a_promise_that_nobody_knows_of_is_lost():
    promised = {"t1": "tx", "t2": "mk", "t3": "tx"}

    assert "1 promised messages are lost: t3" in wrongs(promised=promised)


def test_an_end_without_a_reason_does_not_excuse_a_missing_arrival():
    _, told = sent("t3")
    silent = replace(told, state="skipped", lines=(("skipped", "", ""),), messages=())

    found = wrongs(promised={"t3": "tx"}, told=[silent])

    assert "lost: t3" in found


def test_a_refusal_of_the_provider_is_no_arrival():
    arrival, told = sent("t3", taken="no")
    open_one = replace(told, state="running", messages=())

    assert "lost: t3" in wrongs(promised={"t3": "tx"}, arrivals=[arrival], told=[open_one])


def test_marketing_that_was_sent_twice_is_wrong_even_if_the_first_got_no_answer():
    first, told = sent("t2", "mk", taken="doubt")
    second, _ = sent("t2", "mk")

    assert "marketing messages were sent twice: t2" in wrongs(arrivals=[first, second], told=[told])


def test_marketing_may_be_offered_again_after_a_refusal():
    first, told = sent("t2", "mk", taken="no")
    second, _ = sent("t2", "mk")

    assert wrongs(promised={"t2": "mk"}, arrivals=[first, second], told=[told]) == ""


def test_tx_that_was_sent_twice_needs_a_fault_that_met_it_in_flight():
    arrival, told = sent("t1")

    found = wrongs(promised={"t1": "tx"}, arrivals=[arrival, arrival], told=[told])

    assert "tx were sent twice though no fault met them in flight: t1" in found


@pytest.mark.parametrize(
    ("kind", "is_excused"),
    [("worker kill -9", True), ("postgres immediate stop", True), ("worker SIGTERM", False)],
)
def test_only_interrupting_faults_excuse_a_second_tx(kind, is_excused):
    arrival, told = sent("t1")
    fault = Fault(kind, 0.0, "1", frozenset({arrival.id}))

    found = wrongs(promised={"t1": "tx"}, arrivals=[arrival, arrival], told=[told], faults=[fault])

    assert (found == "") is is_excused


def test_tx_may_be_sent_again_when_the_provider_never_answered():
    first, told = sent("t1", taken="doubt")
    second, _ = sent("t1")

    assert wrongs(promised={"t1": "tx"}, arrivals=[first, second], told=[told]) == ""


def test_unknown_needs_a_fault_or_a_silent_provider():
    arrival, told = sent("t2", "mk", state="unknown")

    found = wrongs(promised={"t2": "mk"}, arrivals=[arrival], told=[told])

    assert "are unknown without a fault: m-t2" in found


def test_unknown_is_bounded_by_slots_and_faults():
    some = [sent(f"t{n}", "mk", taken="doubt", state="unknown") for n in range(3)]

    found = wrongs(
        promised={told.key: "mk" for _, told in some},
        arrivals=[arrival for arrival, _ in some],
        told=[told for _, told in some],
        slots=2,
    )

    assert "3 messages are unknown, 2 may be" in found


def test_tx_is_never_given_up_as_unknown():
    arrival, told = sent("t1", taken="doubt", state="unknown")

    assert "tx were given up as unknown: t1" in wrongs(arrivals=[arrival], told=[told])


def test_every_notification_must_be_final():
    arrival, told = sent("t1")

    found = wrongs(promised={"t1": "tx"}, arrivals=[arrival], told=[replace(told, state="delayed")])

    assert "notifications are not final: t1" in found


@pytest.mark.parametrize("lines", [(), (("waiting", "busy", ""),)])
def test_an_end_must_stand_in_the_log(lines):
    arrival, told = sent("t1")

    found = wrongs(promised={"t1": "tx"}, arrivals=[arrival], told=[replace(told, lines=lines)])

    assert "ends are not explained by the log: t1" in found


def test_a_failure_must_stand_in_the_log_with_its_reason():
    _, told = sent("t1")
    failed = replace(
        told, state="failed", reason="expired", lines=(("failed", "refused", ""),), messages=()
    )

    assert "not explained by the log: t1" in wrongs(told=[failed])


def test_what_is_said_to_be_sent_must_have_arrived():
    arrival, told = sent("t1")
    other = replace(arrival, id="another")

    found = wrongs(promised={"t1": "tx"}, arrivals=[other], told=[told])

    assert "are said to be sent but never arrived: t1" in found


def test_a_step_has_one_message():
    arrival, told = sent("t1")
    twins = replace(told, messages=(*told.messages, ("other", 0, "in_app", "delivered")))

    assert "have two messages of one step: t1" in wrongs(
        promised={"t1": "tx"}, arrivals=[arrival], told=[twins]
    )


def test_one_transaction_is_one_event():
    arrival, told = sent("t1")

    found = wrongs(promised={"t1": "tx"}, arrivals=[arrival], told=[told, told])

    assert "events were accepted twice: t1" in found


@pytest.mark.parametrize(
    ("detail", "is_excused"), [("KeyError", False), ("claimed too often without a result", True)]
)
def test_a_poisoned_row_is_a_fault_of_ours_unless_workers_died_over_it(detail, is_excused):
    arrival, told = sent("t1")
    lines = (("failed", "poisoned", detail),)
    failed = replace(told, state="failed", reason="poisoned", lines=lines)

    found = wrongs(promised={"t1": "tx"}, arrivals=[arrival], told=[failed])

    assert ("broke the engine: t1" not in found) is is_excused


@for_each("place", range(4))
def test_no_open_work_may_be_left(place):
    left = tuple(int(n == place) for n in range(4))

    assert "open work is left" in wrongs(open_work=left)


def test_a_refused_call_is_no_promise_but_a_mistake():
    assert "calls were refused: 422" in wrongs(refused=["422"])
