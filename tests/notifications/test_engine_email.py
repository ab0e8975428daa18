"""An e-mail step through the whole engine to a real mail server."""

from __future__ import annotations

import pytest

from channels.integrations import add_integration
from tests.channels.mail_server import MailServer
from tests.notifications.conftest import VISIT, change, run_until


@pytest.fixture
def mails():
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def letters(reminders, mails):
    """A salon that writes letters by its own mail server and has no other way."""
    change("delete from channels_integration where tenant_id = %s", [reminders.salon.pk])
    account = {
        "host": "127.0.0.1",
        "port": str(mails.port),
        "security": "none",
        "from_address": "salon@roza.test",
        "from_name": "Роза",
    }
    add_integration(reminders.salon.pk, "smtp", account, identifier="mail")
    return reminders


def parts(mail):
    return {kind: mail.get_body(preferencelist=(kind,)).get_content() for kind in ("plain", "html")}


@pytest.mark.parametrize(
    ("language", "subject", "words"),
    [
        ("ru", "Ваша запись 1 декабря в 15:30", "Напоминаем о вашей записи"),
        ("en", "Your appointment on December 1 at 3:30 PM", "This is a reminder"),
    ],
)
def test_a_letter_arrives_in_the_clients_language_as_text_and_html(
    letters, worker, mails, language, subject, words
):
    person = {"subscriberId": "anna", "email": "anna@mail.test", "locale": language}
    letters.trigger("appointment-reminder-24h", person, VISIT)

    worker.drain_dry()

    ((sender, recipients, mail),) = mails.mails
    assert (sender, recipients) == ("salon@roza.test", ["anna@mail.test"])
    assert mail["Subject"] == subject
    assert mail["Content-Language"] == language
    assert words in parts(mail)["plain"]
    assert words in parts(mail)["html"]
    message = letters.messages[-1]
    assert (message.channel, message.state) == ("email", "sent")
    assert str(message.id) in mail["Message-ID"]


def test_a_marketing_letter_carries_a_way_out(letters, worker, mails):
    letters.promo("letter", "email")
    letters.trigger("letter", {"subscriberId": "anna", "email": "anna@mail.test"})

    worker.drain_dry()

    ((_, _, mail),) = mails.mails
    assert "/u/" in mail["List-Unsubscribe"]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_a_campaign_goes_on_though_a_mail_server_takes_few_letters_at_once(letters, worker, mails):
    letters.promo("letter", "email")
    people = [{"subscriberId": f"c-{n}", "email": f"c-{n}@mail.test"} for n in range(95)]
    letters.trigger("letter", people)

    run_until(worker, lambda: len(mails.mails) == len(people))

    assert len({mail["To"] for _, _, mail in mails.mails}) == len(people)


def test_an_unknown_mailbox_is_switched_off(letters, worker, mails):
    letters.trigger(to={"subscriberId": "anna", "email": "unknown@mail.test"})

    worker.drain_dry()

    assert mails.mails == []
    assert letters.addresses == [("email", "unknown@mail.test", "inactive", "permanent_recipient")]
    assert letters.states == [("completed", "no_address")]  # the inbox has it


def test_a_grey_listed_letter_is_tried_again(letters, worker, mails):
    letters.trigger(to={"subscriberId": "anna", "email": "grey@mail.test"})

    worker.drain_dry()

    assert letters.log[-1] == ("retry", "retry")
    assert [due.attempt for due in letters.due] == [1]


def test_a_lost_answer_after_the_final_dot_is_never_repeated_for_marketing(letters, worker, mails):
    letters.promo("letter", "email")
    letters.trigger("letter", {"subscriberId": "anna", "email": "lost-answer@mail.test"})

    for _ in range(2):
        worker.drain_dry()
        letters.hurry()

    assert len(mails.mails) == 1
    assert [m.state for m in letters.messages] == ["unknown"]
