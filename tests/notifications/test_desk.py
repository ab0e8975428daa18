"""The salon's desk at Chatwoot, both ways, through the whole engine and over real sockets."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from channels.integrations import add_integration, check_integration, update_credentials
from channels.registering import connect
from notifications import desk_visits, dispatch
from notifications.callback_tasks import apply_callbacks
from notifications.cases import close, find
from notifications.escalation import client_wrote
from notifications.escalation_tasks import tell
from notifications.models import Escalation, Message
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory, word
from tests.providers.chatwoot import Chatwoot
from tests.providers.server import ProviderServer

HELLO, REPLY, MORE = "Можно поменять мастера?", "Да, конечно! Переведу вас к Ольге.", "До встречи"


@pytest.fixture(scope="module")
def server():
    server = ProviderServer({})
    yield server
    server.close()


@pytest.fixture
def desk(server, reminders, worker, settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    name = word("chatwoot")  # other tests' salons go on talking to their own
    server.fakes[name] = fake = Chatwoot()
    return Desk(fake, server.base(name), reminders, worker)


class Desk:
    """A salon with a client who wrote, and its desk."""

    def __init__(self, fake, base, reminders, worker):
        self.fake, self.reminders, self.worker = fake, reminders, worker
        self.tenant = reminders.salon
        own = {"token": fake.token, "account_id": "1", "mirror_inbox_id": "7", "api_base": base}
        self.account = add_integration(
            self.tenant.pk,
            "chatwoot",
            {**own, "signing_secret": fake.secret},
            identifier="desk",
            kind="desk",
        )
        self.client = SubscriberFactory.create(tenant=self.tenant, subscriber_id="anna")
        AddressFactory.create(subscriber=self.client)

    def hears(self, text):
        with tenant_scope(self.tenant.pk):
            client_wrote(self.tenant.pk, self.client.pk, text, channel="phone")
        tell()

    def calls_back(self, times=1):
        """Let Chatwoot tell what it has to tell; give the statuses of our answers."""
        path = f"/v1/callbacks/{self.account.pk}/{self.account.callback_token}"
        news, self.fake.news = self.fake.news, []
        answers = [
            Client().post(path, body, content_type="application/json", headers=headers).status_code
            for body, headers in news
            for _ in range(times)
        ]
        self.works()
        return answers

    def works(self):
        apply_callbacks()
        tell()
        self.worker.drain_dry()

    def visit(self):
        desk_visits.visit(self.tenant.pk, datetime.now(UTC))
        self.works()

    @property
    def sent(self):
        gone = [one for one in self.reminders.messages if one.channel != "in_app"]
        return [(one.channel, one.body) for one in gone]

    @property
    def shown(self):
        return [(one["message_type"], one["content"]) for one in self.fake.messages]

    @property
    def cases(self):
        with tenant_scope(self.tenant.pk):
            rows = Escalation.objects.order_by("pk")
            return [(case.cause, case.state) for case in rows]


def test_an_agents_reply_reaches_the_client_and_our_send_stands_in_the_conversation_once(desk):
    desk.hears(HELLO)
    assert desk.shown == [(0, HELLO)]
    assert "клиент написал" in desk.fake.notes[0].text.lower()

    desk.fake.says(321, REPLY)
    desk.fake.says(321, "Капризная", private=True)
    assert set(desk.calls_back(times=2)) == {200}
    desk.visit()

    assert desk.sent == [("phone", REPLY)]
    assert desk.cases == [("client_wrote", "answered")]

    desk.reminders.trigger()
    desk.worker.drain_dry()
    reminder = desk.sent[-1][1]
    desk.visit()
    assert set(desk.calls_back()) == {200}  # our own echo
    desk.visit()

    assert [text for _, text in desk.sent] == [REPLY, reminder]
    assert desk.shown[:3] == [(0, HELLO), (1, REPLY), (1, "Капризная")]
    assert [text.endswith(reminder) for _, text in desk.shown[3:]] == [True]
    assert desk.fake.complaints == []


def test_a_reply_whose_webhook_was_lost_is_found_and_delivered_once(desk):
    desk.hears(HELLO)
    desk.fake.says(321, REPLY)
    desk.fake.news.clear()

    desk.visit()
    desk.visit()

    assert desk.sent == [("phone", REPLY)]


@pytest.mark.parametrize("drops", [{"content_attributes"}, {"content_attributes", "source_id"}])
def test_an_old_server_that_forgets_our_marks_sends_the_client_nothing_twice(desk, drops):
    desk.fake.drops = frozenset(drops)
    desk.hears(HELLO)
    desk.reminders.trigger()
    desk.worker.drain_dry()
    before = desk.sent

    desk.visit()
    desk.calls_back()

    assert desk.sent == before


def test_a_visitor_that_died_while_writing_shows_nothing_twice(desk):
    desk.hears(HELLO)
    desk.reminders.trigger()
    desk.worker.drain_dry()
    desk.visit()
    shown = desk.shown
    with tenant_scope(desk.tenant.pk):
        Message.objects.exclude(channel="in_app").update(extra={"desk": "?"})

    desk.visit()

    assert desk.shown == shown


def test_what_the_desk_resolves_is_closed_and_what_is_closed_here_is_resolved_there(desk):
    desk.hears(HELLO)
    desk.fake.set_status(321, "resolved")
    desk.calls_back()
    assert desk.cases == [("client_wrote", "closed")]

    desk.hears("И ещё")
    with tenant_scope(desk.tenant.pk):
        case = Escalation.objects.exclude(state="closed").get()
        close(find(desk.tenant.pk, "live", case.pk), "Мария", datetime.now(UTC))
    tell()

    (conversation,) = desk.fake.conversations
    assert (conversation["status"], desk.shown) == ("resolved", [(0, HELLO), (0, "И ещё")])


def test_a_deleted_conversation_is_opened_anew(desk):
    desk.hears(HELLO)
    desk.fake.conversations.clear()

    for _ in range(2):
        desk.hears("Вы где?")

    assert [text for kind, text in desk.shown if kind == 0][-2:] == ["Вы где?", "Вы где?"]


def test_mirroring_can_be_switched_off(desk):
    update_credentials(desk.tenant.pk, desk.account.pk, {"mirror": "off"})
    desk.hears(HELLO)
    desk.reminders.trigger()
    desk.worker.drain_dry()

    desk.visit()

    assert desk.shown == [(0, HELLO)]


def test_a_desk_that_refuses_us_rests_until_a_probe_finds_it_well(desk):
    desk.fake.token = "ANOTHER"

    assert desk_visits.visit_all([desk.tenant.pk])["failed"] == 1
    assert desk_visits.visit_all([desk.tenant.pk]) == {"visited": 0, "failed": 0}

    desk.fake.token = Chatwoot.token
    check_integration(desk.tenant.pk, desk.account.pk)
    desk.hears(HELLO)
    assert desk.shown == [(0, HELLO)]


def test_what_was_resolved_before_a_client_wrote_again_stays_open(desk):
    desk.hears(HELLO)
    desk.fake.set_status(321, "resolved")
    desk.calls_back()
    with tenant_scope(desk.tenant.pk):
        client_wrote(desk.tenant.pk, desk.client.pk, "И ещё")
    desk.fake.conversations[0]["updated_at"] = 1.5  # an agent has only looked at it

    desk.visit()

    assert desk.cases == [("client_wrote", "closed"), ("client_wrote", "open")]


def test_what_a_client_wrote_in_chatwoots_own_inbox_is_not_shown_there_again(desk):
    own = {"inbox_id": "7", "mirror_inbox_id": "8"}
    update_credentials(desk.tenant.pk, desk.account.pk, own)
    contact = {"id": 501, "identifier": "", "phone_number": "+79161234567"}
    talk = {"id": 321, "meta": {"sender": contact}}
    desk.fake._tell(
        {
            "event": "message_created",
            "id": 8801,
            "content": HELLO,
            "message_type": "incoming",
            "inbox": {"id": 7},
            "conversation": talk,
            "sender": {"id": 501, "name": "Анна"},
        }
    )

    assert desk.calls_back() == [200]

    assert desk.cases == [("client_wrote", "open")]
    assert [call.path for call in desk.fake.calls if call.method == "POST"] == []
    assert desk.fake.complaints == []


def test_one_visitor_at_a_time(desk):
    dispatch.server().set(f"desk:{desk.account.pk}:busy", 1, px=5000)

    assert not desk_visits.visit(desk.tenant.pk, datetime.now(UTC))


def test_chatwoot_is_told_our_address_and_its_secret_kept(desk, settings):
    settings.PUBLIC_URL = "https://notify.example"
    update_credentials(desk.tenant.pk, desk.account.pk, {"signing_secret": ""})

    made = [connect(desk.tenant.pk, desk.account.pk).state for _ in range(2)]

    assert made == ["connected", "connected"]
    (webhook,) = desk.fake.webhooks
    assert webhook["url"].startswith(f"https://notify.example/v1/callbacks/{desk.account.pk}/")
    desk.hears(HELLO)
    desk.fake.says(321, REPLY)
    assert set(desk.calls_back()) == {200}
    assert desk.sent == [("phone", REPLY)]
