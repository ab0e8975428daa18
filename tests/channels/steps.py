"""Walk through an adapter's exchange by hand, as the gateway would."""

from __future__ import annotations

from typing import Any

from channels.contract import Receipt


def walk(adapter, outbound, *answers) -> tuple[Receipt, list[Any]]:
    """Give the answers in turn; a text answers a TokenCall. Gives the receipt and all steps."""
    exchange = adapter.exchange(outbound)
    steps, answer = [], None
    for given in (*answers, None):
        try:
            steps.append(exchange.send(answer))
        except StopIteration as end:
            return end.value, steps
        answer = given
    raise AssertionError(f"more steps than answers: {steps[-1]}")
