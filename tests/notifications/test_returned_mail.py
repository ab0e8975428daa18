"""Letters that come back: by IMAP and by the mail server's pipe, to the state of an address."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4

import pytest
import redis
from django.conf import settings as django_settings
from django.core.management import call_command

from channels import mailbox
from channels.defaults import add_default, delete_default
from channels.errors import BadCredentials, Permanent, Temporary
from channels.guard import AddressGuard
from channels.integrations import add_integration
from channels.mailbox import Cursor, Mailbox, look
from notifications import returned_mail
from notifications.callback_tasks import apply_callbacks
from notifications.models import ReceivedCallback
from notifications.story import stories, tell
from tenants.consents import withdrawn
from tenants.scope import tenant_scope
from tests.channels.fault_server import self_signed
from tests.channels.mail_server import MailServer
from tests.factories import word
from tests.notifications.conftest import VISIT, change
from tests.notifications.imap_server import ImapServer

LETTERS = Path(__file__).parents[1] / "payloads" / "smtp"
LOCAL = AddressGuard(("127.0.0.1", "localhost"))
TODAY = datetime.now(UTC).date()
ID = "0b6c7a0e8a534e639f2a3b1f7b1b9f10"
SPAM = b"From: shop@example.test\nSubject: Sale\nContent-Type: text/plain\n\nBuy!\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return self_signed(tmp_path_factory.mktemp("imap"))


@pytest.fixture(scope="module")
def mails():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def imap():
    server = ImapServer()
    yield server
    server.close()


@pytest.fixture
def store():
    client = redis.Redis.from_url(django_settings.REDIS_URL)
    yield client
    client.close()


def account_of(mails, imap):
    return {
        "host": "127.0.0.1",
        "port": str(mails.port),
        "security": "none",
        "from_address": "salon@roza.test",
        "bounce_address": "bounce@roza.test",
        "imap_host": "127.0.0.1",
        "imap_port": str(imap.port),
        "imap_security": "none",
        "imap_user": "bounce",
        "imap_password": "geheim",
    }


@pytest.fixture
def letters(reminders, mails, imap, settings):
    """A salon that writes by its own mail server and has a mailbox for what comes back."""
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    change("delete from channels_integration where tenant_id = %s", [reminders.salon.pk])
    account = account_of(mails, imap)
    row = add_integration(reminders.salon.pk, "smtp", account, identifier="mail")
    reminders.account = row.pk
    return reminders


def returned(name: str, mail) -> bytes:
    """What a mail server or a mailbox provider writes about this very letter."""
    envelope, (recipient,), letter = mail
    text = (LETTERS / f"{name}.eml").read_text()
    text = text.replace(f"bounce+{ID}@tenant1.example", envelope)
    text = text.replace(
        "<0b6c7a0e-8a53-4e63-9f2a-3b1f7b1b9f10@tenant1.example>", letter["Message-ID"]
    )
    return text.replace("anna@klient.example", recipient).encode()


def send(letters, worker, mails):
    """Let the salon write to a client; give the letter as the mail server got it."""
    address = f"anna-{uuid4().hex[:8]}@mail.test"
    person = {"subscriberId": "anna", "email": address, "locale": "ru"}
    letters.trigger("appointment-reminder-24h", person, VISIT)
    worker.drain_dry()
    (mail,) = [mail for mail in mails.mails if mail[1] == [address]]
    return mail


def own(letters):
    """The salon's mailbox, and no other test's."""
    return [one for one in returned_mail._watched() if one.tenant_id == letters.salon.pk]


def read(letters, store):
    counts = returned_mail.read_all(own(letters), store, datetime.now(UTC))
    apply_callbacks()
    return counts


def test_a_letter_that_comes_back_deactivates_the_address_and_the_story_says_why(
    letters, worker, mails, imap, store
):
    imap.arrive(SPAM)
    imap.arrive(returned("dsn_hard_bounce", send(letters, worker, mails)))

    assert read(letters, store) == {"mailboxes": 1, "kept": 1, "failed": 0}

    (message,) = [message for message in letters.messages if message.channel == "email"]
    ((_, _, state, reason),) = letters.addresses
    assert message.state == "bounced"
    assert (state, reason) == ("inactive", "permanent_recipient")
    with tenant_scope(letters.salon.pk):
        told = tell(stories(letters.salon.pk, [letters.notifications[0].pk]), "ru")
    assert "по этому адресу клиента нет" in "\n".join(told)


def test_a_complaint_ends_marketing_to_the_address(letters, worker, mails, imap, store):
    imap.arrive(returned("arf_complaint", send(letters, worker, mails)))

    read(letters, store)

    with tenant_scope(letters.salon.pk):
        asked = (letters.salon.pk, letters.notifications[0].subscriber_id, "email")
        assert withdrawn([asked]) == {asked}


def test_what_comes_back_to_the_platforms_mailbox_finds_its_salon(
    letters, worker, mails, imap, store
):
    change("delete from channels_integration where tenant_id = %s", [letters.salon.pk])
    lent = add_default("smtp", account_of(mails, imap), identifier=word("mail"))
    try:
        imap.arrive(returned("dsn_hard_bounce", send(letters, worker, mails)))
        watched = [one for one in returned_mail._watched() if one.id == lent.pk]
        counts = returned_mail.read_all(watched, store, datetime.now(UTC))
        apply_callbacks()
    finally:
        delete_default(lent.pk)

    assert counts == {"mailboxes": 1, "kept": 1, "failed": 0}
    ((_, _, state, _),) = letters.addresses
    assert state == "inactive"


def test_a_report_is_taken_once_whoever_dies_or_forgets(letters, worker, mails, imap, store):
    imap.arrive(returned("dsn_hard_bounce", send(letters, worker, mails)))
    assert read(letters, store)["kept"] == 1

    store.delete(f"kolokol:mailbox:{letters.account}")  # as after kill -9 before the cursor moved

    assert read(letters, store)["kept"] == 0
    assert len(letters.all(ReceivedCallback)) == 1


class Dying(redis.Redis):
    """Redis that is gone by the time the cursor moves."""

    def set(self, *args, **kwargs):
        raise redis.ConnectionError("gone")


def test_what_was_read_is_kept_before_the_cursor_moves(letters, worker, mails, imap, store):
    imap.arrive(returned("dsn_hard_bounce", send(letters, worker, mails)))
    dying = Dying.from_url(django_settings.REDIS_URL)

    with pytest.raises(redis.ConnectionError):
        read(letters, dying)
    dying.close()

    assert len(letters.all(ReceivedCallback)) == 1
    assert read(letters, store)["kept"] == 0


def test_what_was_read_is_not_fetched_again(letters, imap, store):
    imap.arrive(SPAM)
    read(letters, store)
    imap.commands.clear()

    read(letters, store)

    assert "UID SEARCH UID 2:*" in imap.commands
    assert not any("FETCH" in command for command in imap.commands)


def test_a_broken_mailbox_stops_no_other(letters, imap, store):
    imap.login = ("bounce", "changed")

    counts = read(letters, store)

    assert counts == {"mailboxes": 1, "kept": 0, "failed": 1}


def test_a_server_that_speaks_no_imap_stops_no_other(letters, imap, store):
    imap.found = "many"

    counts = read(letters, store)

    assert counts == {"mailboxes": 1, "kept": 0, "failed": 1}


def test_a_full_mailbox_is_read_in_several_looks(imap, monkeypatch):
    monkeypatch.setattr(mailbox, "ENOUGH_BYTES", 1)
    where = Mailbox("127.0.0.1", imap.port, "bounce", "geheim", "none")
    for _ in range(2):
        imap.arrive((LETTERS / "dsn_hard_bounce.eml").read_bytes())

    first, cursor = look(where, Cursor(), LOCAL, TODAY)
    second, end = look(where, cursor, LOCAL, TODAY)

    assert [len(first), cursor.uid, len(second), end.uid] == [1, 1, 1, 2]


def test_a_server_that_never_ends_is_left(imap, monkeypatch):
    monkeypatch.setattr(mailbox, "MOST_LOOK_BYTES", 400)
    imap.found = "1 " * 300
    where = Mailbox("127.0.0.1", imap.port, "bounce", "geheim", "none")

    with pytest.raises(Temporary):
        look(where, Cursor(), LOCAL, TODAY)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_the_mailbox_is_read_over_tls_and_stays_as_it_is(certificate, security):
    server = ImapServer(certificate, starts=security == "starttls")
    server.arrive((LETTERS / "dsn_hard_bounce.eml").read_bytes())
    own = str(certificate)
    where = Mailbox("localhost", server.port, "bounce", "geheim", security, ca_file=own)

    found, cursor = look(where, Cursor(), LOCAL, TODAY)
    server.close()

    assert len(found) == 1
    assert cursor == Cursor(7, 1)
    assert [c for c in server.commands if "FETCH" in c and "BODY.PEEK" not in c] == []
    assert "EXAMINE INBOX" in server.commands


def test_an_unknown_certificate_or_address_is_not_talked_to(certificate):
    server = ImapServer(certificate)
    where = Mailbox("localhost", server.port, "bounce", "geheim")

    with pytest.raises(Temporary):
        look(where, Cursor(), LOCAL, TODAY)
    with pytest.raises(Permanent, match="not allowed"):
        look(where, Cursor(), AddressGuard(), TODAY)
    server.close()


def test_a_refused_login_is_told_without_the_password(imap):
    where = Mailbox("127.0.0.1", imap.port, "bounce", "wrong", "none")

    with pytest.raises(BadCredentials) as refused:
        look(where, Cursor(), LOCAL, TODAY)
    assert "wrong" not in str(refused.value)


def test_letters_that_the_server_numbers_anew_are_read_again(imap):
    where = Mailbox("127.0.0.1", imap.port, "bounce", "geheim", "none")
    imap.arrive((LETTERS / "dsn_hard_bounce.eml").read_bytes())

    assert len(look(where, Cursor(7, 0), LOCAL, TODAY)[0]) == 1
    assert len(look(where, Cursor(7, 1), LOCAL, TODAY)[0]) == 0
    assert len(look(where, Cursor(6, 1), LOCAL, TODAY)[0]) == 1


def pipe(monkeypatch, letter: bytes, account) -> int:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(letter)))
    try:
        call_command("take_bounce", str(account), stderr=io.StringIO())
    except SystemExit as end:
        return int(end.code)
    return 0


def test_a_mail_server_hands_letters_over_by_its_pipe(letters, worker, mails, monkeypatch):
    letter = returned("dsn_hard_bounce", send(letters, worker, mails))

    assert pipe(monkeypatch, letter, letters.account) == 0
    assert pipe(monkeypatch, letter, letters.account) == 0
    apply_callbacks()

    ((_, _, state, _),) = letters.addresses
    assert state == "inactive"
    assert len(letters.all(ReceivedCallback)) == 1


def test_the_pipe_takes_a_letter_that_tells_nothing_and_keeps_one_for_an_unknown_account(
    letters, monkeypatch
):
    assert pipe(monkeypatch, SPAM, letters.account) == 0
    assert pipe(monkeypatch, SPAM, UUID(int=5)) == 75


def test_a_forged_report_about_nobodys_letter_leaves_the_client_that_it_quotes_alone(
    letters, worker, mails, monkeypatch
):
    letter = returned("dsn_hard_bounce", send(letters, worker, mails))
    forged = re.sub(rb"\+[0-9a-f]{32}@", b"+" + uuid4().hex.encode() + b"@", letter)

    pipe(monkeypatch, forged, letters.account)
    for _ in range(4):
        change(
            "update notifications_receivedcallback set due_at = now() where tenant_id = %s",
            [letters.salon.pk],
        )
        apply_callbacks()

    ((_, _, state, _),) = letters.addresses
    assert state == "active"


def test_a_report_through_another_salons_account_changes_nothing(
    letters, worker, mails, monkeypatch, other_salon
):
    letter = returned("dsn_hard_bounce", send(letters, worker, mails))
    account = {"host": "127.0.0.1", "port": "25", "from_address": "x@other.test"}
    foreign = add_integration(other_salon.pk, "smtp", account, identifier="mail")

    pipe(monkeypatch, letter, foreign.pk)
    apply_callbacks()

    ((_, _, state, _),) = letters.addresses
    assert state == "active"
