"""E-mail through a salon's own server: real aiosmtpd, real sockets, every fault."""

from __future__ import annotations

import dataclasses
import logging
import socket
import threading
import time

import pytest

from channels import smtp
from channels.adapters.smtp import SmtpAdapter
from channels.contract import Button, Content, Outbound, Receipt
from channels.errors import (
    Ambiguous,
    BadAddress,
    BadCredentials,
    NotStarted,
    Permanent,
    ProviderPaused,
    RateLimited,
    Temporary,
    Unsupported,
)
from channels.guard import AddressGuard
from channels.mime import Sender
from channels.request import HttpResponse
from channels.smtp import SmtpSender
from channels.smtp_connection import SmtpAccount
from tests.channels.fault_server import self_signed
from tests.channels.mail_server import DyingServer, MailServer

LOCAL = AddressGuard(("127.0.0.1", "localhost"))
ID = "0199a3f2-6d10-7c1e-9b3a-5f6c2a1d8e44"
RUSSIAN = Content(
    title="Анна, ждём вас завтра в 14:30 в салоне «Beauty Lab» на Большой Никитской улице",
    body="Здравствуйте, Анна!\n.строка с точкой\nПодтвердите визит.",
    html="<p>Здравствуйте, <b>Анна</b>!</p>",
)
ENGLISH = Content(title="See you tomorrow", body="Hello Anna", html="<p>Hello</p>")


@pytest.fixture
def server():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def sender():
    sender = SmtpSender(LOCAL)
    yield sender
    sender.close()


def account(port, security="none", host="127.0.0.1", **more):
    author = Sender("salon@beauty.example", "Салон «Красота», Москва", "help@beauty.example")
    return SmtpAccount(host, port, security, more.pop("sender", author), **more)


def mail(to="anna@mail.example", content=RUSSIAN, language="ru", **extra):
    return Outbound(ID, "email", to, content, language, "tx", extra=extra)


def send(sender, where, outbound, lease_s=60.0):
    sender.submit(1, where, outbound, time.monotonic() + lease_s)
    return collect(sender, 1)[1]


def text_of(part):
    return part.get_content().replace("\r\n", "\n").rstrip("\n")


def collect(sender, count):
    results: dict[int, object] = {}
    deadline = time.monotonic() + 15
    while len(results) < count and time.monotonic() < deadline:
        results.update(sender.poll(1.0))
    return results


@pytest.mark.parametrize(("content", "language"), [(RUSSIAN, "ru"), (ENGLISH, "en")])
def test_both_parts_and_all_headers_arrive(sender, server, content, language):
    url = "https://bell.example/u/token"

    receipt = send(sender, account(server.port), mail("anna@mail.example", content, language))
    send(sender, account(server.port), mail(content=content, unsubscribe_url=url))

    author, recipients, message = server.mails[0]
    assert (author, recipients) == ("salon@beauty.example", ["anna@mail.example"])
    assert message["Subject"] == content.title
    assert str(message["From"].addresses[0].display_name) == "Салон «Красота», Москва"
    assert message["Reply-To"] == "help@beauty.example"
    assert message["Content-Language"] == language
    assert message["Message-ID"] == f"<{ID}@beauty.example>" == receipt.provider_id
    assert message["Date"].datetime.tzinfo
    assert message["List-Unsubscribe"] is None
    assert message.get_content_type() == "multipart/alternative"
    plain, html = message.iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text_of(plain) == content.body
    assert text_of(html) == content.html
    assert server.mails[1][2]["List-Unsubscribe"] == f"<{url}>"
    assert server.mails[1][2]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_each_letter_comes_back_to_a_name_of_its_own(sender, server):
    where = account(server.port, bounce_address="bounce@beauty.example")
    assert isinstance(send(sender, where, mail()), Receipt)

    ((envelope, _, letter),) = server.mails
    assert envelope == "bounce+0199a3f26d107c1e9b3a5f6c2a1d8e44@beauty.example"
    assert letter["From"].addresses[0].addr_spec == "salon@beauty.example"


def test_a_plain_text_is_one_part(sender, server):
    assert isinstance(send(sender, account(server.port), mail(content=Content(".a"))), Receipt)

    message = server.mails[0][2]
    assert message.get_content_type() == "text/plain"
    assert text_of(message) == ".a"


def test_picture_and_buttons_reach_both_parts_of_a_letter(sender, server):
    buttons = (Button("Подтвердить", "https://salon.example/c/5fK2"),)
    content = Content("Анна", "Завтра", image_url="https://salon.example/p.png", buttons=buttons)

    send(sender, account(server.port), mail(content=content))

    plain, html = server.mails[0][2].iter_parts()
    assert text_of(plain) == "Анна\n\nПодтвердить: https://salon.example/c/5fK2"
    assert '<img src="https://salon.example/p.png"' in text_of(html)
    assert '<a href="https://salon.example/c/5fK2">Подтвердить</a>' in text_of(html)


def test_the_receipt_holds_no_address(sender, server):
    receipt = send(sender, account(server.port), mail())

    assert receipt.state == "sent"
    assert "queued as 4F7" in receipt.raw
    assert "anna" not in receipt.raw


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, about this test's server
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_login_over_tls_works(sender, tmp_path, security):
    certificate = self_signed(tmp_path)
    server = MailServer(certificate, mode=security, login=("salon", "pass"))
    where = account(
        server.port,
        security,
        "localhost",
        username="salon",
        password="pass",
        ca_file=str(certificate),
    )

    results = [send(sender, where, mail()) for _ in range(3)]

    server.close()
    assert [type(result) for result in results] == [Receipt] * 3
    assert server.connections == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_self_signed_certificate_is_temporary(sender, tmp_path, security):
    server = MailServer(self_signed(tmp_path), mode=security)

    result = send(sender, account(server.port, security, "localhost"), mail())

    server.close()
    assert type(result) is Temporary
    assert server.mails == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH")  # the server's, about this test's server
@pytest.mark.parametrize("password", ["wrong", "пароль"])
def test_a_refused_login_is_about_the_credentials(sender, password):
    server = MailServer(login=("salon", "pass"))

    result = send(sender, account(server.port, username="salon", password=password), mail())

    server.close()
    assert type(result) is BadCredentials


@pytest.mark.parametrize("more", [{"security": "starttls"}, {"username": "u", "password": "p"}])
def test_a_server_that_does_not_offer_what_is_set_pauses_the_account(sender, server, more):
    assert type(send(sender, account(server.port, **more), mail())) is BadCredentials
    assert server.mails == []


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("unknown", BadAddress),
        ("policy", Permanent),
        ("relaying", ProviderPaused),
        ("full", Temporary),
        ("overfull", Temporary),
        ("grey", Temporary),
        ("shutdown", RateLimited),
        ("login", BadCredentials),
        ("hangup", Temporary),
        ("spam", Permanent),
        ("busy", Temporary),
        ("lost-answer", Ambiguous),
        ("closing", Ambiguous),
    ],
)
def test_a_fault_has_a_meaning_and_the_next_mail_goes_through(sender, server, fault, error):
    result = send(sender, account(server.port), mail(f"{fault}@mail.example"))

    assert type(result) is error
    assert "mail.example" not in result.detail
    assert isinstance(send(sender, account(server.port), mail()), Receipt)
    assert len(server.mails) == (2 if error is Ambiguous else 1)


def test_a_refused_sender_is_permanent(sender, server):
    where = account(server.port, sender=Sender("refused-sender@beauty.example"))

    assert type(send(sender, where, mail())) is ProviderPaused


def test_a_connection_lost_before_the_final_dot_is_temporary(sender):
    server = DyingServer()
    big = Content("x", title="big", html="x" * 8_000_000)

    result = send(sender, account(server.port), mail(content=big))

    server.close()
    assert type(result) is Temporary


@pytest.mark.parametrize(
    ("greeting", "error"),
    [(b"554 no service\r\n", ProviderPaused), (b"421 busy\r\n", Temporary), (b"", Temporary)],
)
def test_a_server_that_does_not_greet(sender, greeting, error):
    server = DyingServer(greeting)

    result = send(sender, account(server.port), mail())

    server.close()
    assert type(result) is error


def test_a_refused_connection_is_temporary(sender):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    assert type(send(sender, account(port), mail())) is Temporary


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_guard_refuses_this_machine(server, host):
    sender = SmtpSender(AddressGuard())

    result = send(sender, account(server.port, host=host), mail())

    sender.close()
    assert type(result) is Permanent
    assert server.connections == 0


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"content": Content("b", title="a\r\nBcc: all@x.example")}, Permanent),
        ({"content": Content("b", title="a\nX: y")}, Permanent),
        ({"to": "anna@mail.example\r\nRCPT TO:<x@x.example>"}, BadAddress),
        ({"to": "a@x.example, b@x.example"}, BadAddress),
        ({"to": "anna"}, BadAddress),
        ({"to": "анна@mail.example"}, BadAddress),
        ({"unsubscribe_url": "https://x\r\nX: y"}, Permanent),
    ],
)
def test_a_line_break_in_a_header_is_refused(sender, server, change, error):
    assert type(send(sender, account(server.port), mail(**change))) is error
    assert server.mails == []


@pytest.mark.parametrize(
    "author", [Sender("a@b.example", "A\r\nBcc: x@x.example"), Sender("a@b.example\nX: y")]
)
def test_a_line_break_in_the_senders_name_is_refused(sender, server, author):
    assert type(send(sender, account(server.port, sender=author), mail())) is Permanent


def test_an_international_domain_is_written_in_ascii(sender, server):
    assert isinstance(send(sender, account(server.port), mail("anna@салон.рф")), Receipt)
    assert server.mails[0][1] == ["anna@xn--80awgdm.xn--p1ai"]


def test_one_connection_carries_many_mails(sender, server):
    for _ in range(10):
        assert isinstance(send(sender, account(server.port), mail()), Receipt)

    assert (len(server.mails), server.connections) == (10, 1)


def test_at_most_four_connections_carry_a_burst(sender, server):
    for key in range(40):
        sender.submit(key, account(server.port), mail(), time.monotonic() + 60)

    assert sender.free == 0
    assert {type(result) for result in collect(sender, 40).values()} == {Receipt}
    assert sender.free == 40
    assert len(server.mails) == 40
    assert server.connections <= 4


def test_an_idle_connection_says_goodbye_and_a_new_one_is_opened(server):
    sender = SmtpSender(LOCAL, idle_s=0.1)
    assert isinstance(send(sender, account(server.port), mail()), Receipt)
    deadline = time.monotonic() + 5
    while server.open and time.monotonic() < deadline:
        time.sleep(0.02)

    assert server.open == 0
    assert isinstance(send(sender, account(server.port), mail()), Receipt)
    sender.close()
    assert server.connections == 2


def test_a_short_lease_starts_nothing(sender, server):
    assert type(send(sender, account(server.port), mail(), lease_s=4.9)) is NotStarted
    assert server.connections == 0


def test_a_silent_server_is_temporary_before_the_lease_ends(sender, monkeypatch):
    monkeypatch.setattr(smtp, "LEASE_MARGIN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()

        result = send(sender, account(silent.getsockname()[1]), mail(), lease_s=0.5)

    assert type(result) is Temporary
    assert time.monotonic() - began < 12


def test_without_a_free_slot_nothing_starts(server):
    sender = SmtpSender(LOCAL, slots=1)
    for key in (1, 2):
        sender.submit(key, account(server.port), mail(), time.monotonic() + 60)

    results = collect(sender, 2)
    sender.close()
    assert (type(results[1]), type(results[2])) == (Receipt, NotStarted)


def test_another_thread_ends_a_wait(sender):
    began = time.monotonic()
    threading.Timer(0.1, sender.wake).start()

    assert sender.poll(30.0) == []
    assert time.monotonic() - began < 15


def test_the_call_log_names_the_server_and_nobody(sender, server, caplog):
    caplog.set_level(logging.INFO, "channels.calls")

    send(sender, account(server.port, password="SECRET"), mail())
    sender.close()

    (record,) = [record for record in caplog.records if record.name == "channels.calls"]
    assert (record.host, record.method, record.outcome) == ("127.0.0.1", "SMTP", "sent")
    assert "anna" not in str(record.__dict__)


def test_the_fields_of_the_integration_become_an_account():
    fields = dict.fromkeys(SmtpAdapter.fields, "")
    fields |= {"host": "mail.example", "port": "465", "security": "tls", "password": "SECRET"}
    fields |= {"from_address": "a@b.example", "from_name": "Салон"}

    where = SmtpAccount.of(fields)

    assert (where.host, where.port, where.security) == ("mail.example", 465, "tls")
    assert where.sender == Sender("a@b.example", "Салон")
    assert "SECRET" not in repr(where)
    assert dataclasses.replace(where) == where


@pytest.mark.parametrize("wrong", [{"port": "x"}, {"port": "70000"}, {"security": "ssl"}])
def test_fields_that_cannot_be_an_account_are_refused(wrong):
    fields = {"host": "h", "port": "25", "from_address": "a@b.example"} | wrong

    with pytest.raises(BadCredentials):
        SmtpAccount.of(fields)


def test_smtp_is_not_spoken_over_http():
    adapter = SmtpAdapter({})

    assert adapter.sender == "smtp"
    with pytest.raises(Unsupported):
        adapter.request(mail())
    with pytest.raises(Unsupported):
        adapter.receipt(HttpResponse(200, {}, b""))
