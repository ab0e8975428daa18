"""/u/<token>: pressed by a client, or by her mailbox provider (RFC 8058)."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from notifications.links import client_links, token
from tenants.consents import Word, record
from tenants.ids import uuid7
from tenants.models import Consent
from tenants.scope import tenant_scope
from tests.factories import SubscriberFactory

ONE_CLICK = (
    Path(__file__).parents[1] / "payloads" / "smtp" / "one_click_unsubscribe.http"
).read_text()
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def client():
    """A browser that would have to prove itself against forgery."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def anna(salon):
    return SubscriberFactory.create(tenant=salon)


@pytest.fixture
def link(anna):
    """The link as it stands in a letter."""
    return "/u/" + client_links(anna.tenant_id, anna.pk)["unsubscribeUrl"].rpartition("/")[2]


def words_of(person):
    with tenant_scope(person.tenant_id):
        rows = Consent.objects.filter(subscriber_id=person.pk).order_by("id")
        return [(row.purpose, row.channel, row.given, row.source) for row in rows]


def test_one_click_ends_marketing_once_however_often_it_comes(client, anna, link):
    head, _, body = ONE_CLICK.replace("\r\n", "\n").partition("\n\n")
    assert head.startswith("POST /u/TOKEN ")

    answers = [client.post(link, body.strip(), content_type=FORM) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert words_of(anna) == [("advertising", "", False, "unsubscribe_link")]


def test_one_click_ends_all_marketing_though_letters_were_ended_before(client, anna, link):
    only_letters = Word(
        "advertising", given=False, source="provider", actor="client", channel="email"
    )
    with tenant_scope(anna.tenant_id):
        record(anna.tenant_id, [anna.pk], only_letters)

    client.post(link, {"List-Unsubscribe": "One-Click"})

    assert words_of(anna)[1:] == [("advertising", "", False, "unsubscribe_link")]


def test_one_click_may_come_as_multipart(client, anna, link):
    assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert len(words_of(anna)) == 1


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_changes_nothing(client, anna, link, method):
    answer = getattr(client, method)(f"{link}?List-Unsubscribe=One-Click")

    assert answer.status_code == 200
    assert words_of(anna) == []


@pytest.mark.parametrize(
    "body", ["", "List-Unsubscribe=no", "List-Unsubscribe=One-Click&x=1", "a=b", "\x00"]
)
def test_any_other_post_is_refused_in_words(client, anna, link, body):
    answer = client.post(link, body, content_type=FORM)

    assert answer.status_code == 400
    assert "Запрос непонятен" in answer.content.decode()
    assert words_of(anna) == []


@pytest.mark.parametrize(
    ("language", "question", "done"),
    [
        ("ru", "Больше не получать рекламу", "Готово, вы отписаны"),
        ("en", "Stop receiving offers", "Done, you are unsubscribed"),
    ],
)
def test_the_page_asks_in_the_clients_language_under_the_salons_name(
    client, salon, language, question, done
):
    person = SubscriberFactory.create(tenant=salon, language=language)
    link = "/u/" + token("u", salon.pk, person.pk)

    asked = client.get(link)
    client.post(link, {"List-Unsubscribe": "One-Click"})
    after = client.get(link).content.decode()

    assert question in asked.content.decode()
    assert "Роза" in asked.content.decode()
    assert done in after
    assert "<form" not in after
    assert asked["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in asked["Content-Security-Policy"]


def test_a_salons_brand_cannot_write_into_the_page(client, salon):
    salon.brand = {"color": "red}</style><script>", "logoUrl": "javascript:1"}
    with tenant_scope(salon.pk):
        salon.save(update_fields=["brand"])
    person = SubscriberFactory.create(tenant=salon)

    page = client.get("/u/" + token("u", salon.pk, person.pk)).content.decode()

    assert "<script" not in page
    assert "javascript" not in page


def test_a_link_that_is_not_ours_or_of_another_purpose_says_so(client, anna, salon):
    strangers = [token("p", salon.pk, anna.pk), token("u", salon.pk, uuid7()), "abc", "я" * 64]

    answers = [client.get(f"/u/{one}") for one in strangers]
    answers.append(client.post("/u/abc", {"List-Unsubscribe": "One-Click"}))

    assert {answer.status_code for answer in answers} == {404}
    assert words_of(anna) == []
