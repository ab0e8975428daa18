"""What a mail server says means what tests/payloads/smtp/send_responses.json expects.

Source: facts about providers, 1.2; the answers are played by a real server, step by step.
"""

from __future__ import annotations

import time

import pytest

from channels.contract import Content, Outbound, Receipt
from channels.errors import BadAddress, Permanent, ProviderPaused, Temporary
from channels.guard import AddressGuard
from channels.mime import Sender
from channels.smtp import SmtpSender
from channels.smtp_connection import SmtpAccount
from tests.channels.expected import allowed, captured
from tests.channels.mail_server import MailServer

ROWS = captured("smtp/send_responses.json")
STEPS = {
    "SMTPSenderRefused": "MAIL",
    "SMTPRecipientsRefused": "RCPT",
    "SMTPDataError": "DATA",
}
LOST = {"before DATA": "hangup", "after DATA": "lost-answer"}


class Scripted(MailServer):
    """Says one line at one step."""

    def __init__(self, step, line, **options) -> None:
        self._step, self._line = step, line
        super().__init__(**options)

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        said = await super().handle_MAIL(server, session, envelope, address, options)
        return self._line if self._step == "MAIL" else said

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        said = await super().handle_RCPT(server, session, envelope, address, options)
        return self._line if self._step == "RCPT" else said

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        said = await super().handle_DATA(server, session, envelope)
        return self._line if self._step == "DATA" else said


@pytest.fixture
def sender():
    sender = SmtpSender(AddressGuard(("127.0.0.1",)))
    yield sender
    sender.close()


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, about this test's server
@pytest.mark.parametrize(
    "row", ROWS, ids=lambda row: f"{row['exception']}-{row.get('code') or row.get('phase')}"
)
def test_an_answer_means_what_the_file_expects(sender, row):
    is_login = row["exception"] == "SMTPAuthenticationError"
    line = f"{row.get('code')} {row.get('text', '')}"
    login = {"login": ("salon", "right")} if is_login else {}
    server = Scripted(STEPS.get(row["exception"]), line, **login)
    account = SmtpAccount(
        "127.0.0.1",
        server.port,
        "none",
        Sender("salon@beauty.example"),
        username="salon" if is_login else "",
        password="wrong" if is_login else "",
    )
    to = LOST.get(row.get("phase", ""), "anna")
    letter = Outbound("1", "email", f"{to}@mail.example", Content("Анна", "Да"), "ru", "tx")

    sender.submit(1, account, letter, time.monotonic() + 60)
    result = sender.poll(15)[0][1]

    server.close()
    assert not isinstance(result, Receipt)
    assert result.outcome.value in allowed(row["expect"])


@pytest.mark.parametrize(
    ("line", "kind", "scope"),
    [
        ("550 5.1.1 no such user", BadAddress, "address"),
        ("550 no such user here", BadAddress, "address"),
        ("550 5.1.2 relay.example: host not found", BadAddress, "address"),
        ("550 5.7.1 unable to relay.", ProviderPaused, "integration"),
        ("552 mailbox is full", Temporary, "address"),
        ("554 blocked by our list of senders", Permanent, "integration"),
        ("554 5.1.1 this user has no account here", BadAddress, "address"),
        ("450 4.2.0 greylisted", Temporary, "address"),
        ("452 4.3.1 out of space", Temporary, "integration"),
    ],
)
def test_no_address_is_switched_off_and_no_account_stopped_for_others_faults(
    sender, line, kind, scope
):
    server = Scripted("RCPT", line)
    author = SmtpAccount("127.0.0.1", server.port, "none", Sender("salon@beauty.example"))
    letter = Outbound("1", "email", "anna@relay.example", Content("Анна", "Да"), "ru", "tx")

    sender.submit(1, author, letter, time.monotonic() + 60)
    result = sender.poll(15)[0][1]

    server.close()
    assert (type(result), result.scope) == (kind, scope)
