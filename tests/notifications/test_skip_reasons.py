"""Every reason for which a message is not sent, as the client's story tells it."""

from __future__ import annotations

import pytest

from tests.notifications.conftest import Reminders

ANNA = {"subscriberId": "anna", "phone": "+79161234567"}


class Cautious(Reminders):
    """A salon whose clients have said nothing about advertising."""

    is_agreed = False


@pytest.mark.parametrize("to", [ANNA, [ANNA | {"channels": {"telegram": "42"}}]])
def test_who_never_agreed_gets_no_marketing(salon, provider, worker, to):
    cautious = Cautious(salon, provider)
    cautious.promo("promo", "sms", "chat")
    cautious.trigger("promo", to)

    worker.drain_dry()

    assert cautious.states == [("skipped", "no_consent")]
    assert (cautious.messages, provider.bodies) == ([], [])
    assert ("skipped", "no_consent") in cautious.log
