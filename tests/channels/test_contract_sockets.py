"""The contract suite for e-mail over SMTP, which our own HTTP transport does not carry."""

from __future__ import annotations

import pytest
from django.conf import settings

from channels.adapters.smtp import SmtpAdapter
from tests.channels.mail_server import MailServer
from tests.providers.driving import account, collect, message, open_gateway, outcome, submit
from tests.providers.server import nobody
from tests.providers.table import AMBIGUOUS, AUTH, CONTENT, NOBODY, PAUSE, RETRY, RETRY_AFTER, SENT

#: The faults of mail_server, by mailbox; facts about providers, 1.2.
OUTCOMES = {
    "fine": SENT,
    "unknown": NOBODY,
    "policy": CONTENT,
    "relaying": PAUSE,
    "full": RETRY,
    "overfull": RETRY,
    "grey": RETRY,
    "shutdown": RETRY_AFTER,
    "login": AUTH,
    "hangup": RETRY,
    "spam": CONTENT,
    "busy": RETRY,
    "lost-answer": AMBIGUOUS,
    "closing": AMBIGUOUS,
    "refused": RETRY,
}
TAKEN = {"fine", "lost-answer", "closing"}


@pytest.fixture
def server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def gateway():
    gateway = open_gateway(settings.REDIS_URL)
    yield gateway
    gateway.close()


def test_every_fault_of_a_mail_server_means_what_the_table_says(server, gateway):
    faults = list(OUTCOMES)
    for number, fault in enumerate(faults):
        port = nobody().rpartition(":")[2] if fault == "refused" else server.port
        outbound = message(f"{fault}@mail.example", "email")
        submit(gateway, number, account(SmtpAdapter(credentials(port)), "email"), outbound)

    done = {faults[one.key]: outcome(one) for one in collect(gateway, len(faults))}

    assert done == OUTCOMES
    taken = sorted(recipient for _, to, _ in server.mails for recipient in to)
    assert taken == sorted(f"{fault}@mail.example" for fault in TAKEN)


def credentials(port) -> dict[str, str]:
    return {
        "host": "127.0.0.1",
        "port": str(port),
        "security": "none",
        "from_address": "salon@beauty.example",
    }
