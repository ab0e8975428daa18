"""What does each gate do with a message, by category and importance, and who is told?

One table, read by the engine (`is_told`), shown in docs/reference/gates.md and walked by a test.
A cell is one of: pass; wait: later it is looked at again, and whoever reads the story sees until
when; skip: the step is over, with this reason in the log. A message that waits past its expiry is
skipped as `expired`. "staff": a critical message that ends so becomes a case for the salon's
people; "nobody": somebody has decided it, and the log says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PASS, WAIT, SKIP = "pass", "wait", "skip"
STAFF, NOBODY = "staff", "nobody"


@dataclass(frozen=True, slots=True)
class Gate:
    """One gate: what it does with tx, critical tx and mk; until when it lets wait; who is told."""

    tx: str
    critical: str
    mk: str
    told: str
    until: str = ""


#: Reason in the log -> its gate, in the order in which they are asked.
GATES: Mapping[str, Gate] = {
    "expired": Gate(SKIP, SKIP, SKIP, STAFF),
    "stopped": Gate(WAIT, WAIT, WAIT, NOBODY, "somebody ends the stop"),
    "staff_get_no_marketing": Gate(PASS, PASS, SKIP, NOBODY),
    "no_consent": Gate(PASS, PASS, SKIP, NOBODY),
    "consent_withdrawn": Gate(PASS, PASS, SKIP, NOBODY),
    "quiet_hours": Gate(PASS, PASS, WAIT, NOBODY, "the client's morning"),
    "no_address": Gate(SKIP, SKIP, SKIP, STAFF),
    "suppressed": Gate(SKIP, SKIP, SKIP, STAFF),
    "preference": Gate(SKIP, PASS, SKIP, NOBODY),
    "all_channels_off": Gate(SKIP, PASS, SKIP, NOBODY),
    "no_integration": Gate(SKIP, SKIP, SKIP, STAFF),
    "policy_forbids": Gate(SKIP, SKIP, SKIP, STAFF),
    "provider_failing": Gate(WAIT, WAIT, WAIT, NOBODY, "the provider recovers"),
    "integration_paused": Gate(WAIT, WAIT, WAIT, NOBODY, "the account is switched on"),
    "integration_rests": Gate(WAIT, WAIT, WAIT, NOBODY, "the provider's own time"),
    "duplicate": Gate(SKIP, SKIP, SKIP, NOBODY),
    "frequency_cap": Gate(PASS, PASS, SKIP, NOBODY),
    "hourly_cap": Gate(WAIT, WAIT, PASS, NOBODY, "the hour is over"),
    "daily_tx_limit": Gate(WAIT, WAIT, PASS, NOBODY, "the salon's next day"),
    "daily_mk_limit": Gate(PASS, PASS, WAIT, NOBODY, "the salon's next day"),
    "provider_limit": Gate(WAIT, WAIT, WAIT, NOBODY, "the provider's own time"),
}


def is_told(reason: str) -> bool:
    """Say whether staff hear of a critical message that ends for this reason."""
    gate = GATES.get(reason)
    return gate is None or gate.told == STAFF
