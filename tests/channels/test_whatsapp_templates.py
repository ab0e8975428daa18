"""A text becomes a template that WhatsApp approves; what is approved runs until the next one is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.adapters.whatsapp_templates import BadDraft, Draft, compose
from channels.errors import BadCredentials, Permanent
from channels.integrations import add_integration, update_credentials
from channels.models import Integration, WhatsAppTemplate
from channels.whatsapp import submit, sync, sync_all, tick
from tenants.errors import InvalidFields, NotFound
from tenants.scope import tenant_scope
from tests.channels.meta_server import MetaServer, error
from tests.channels.salons import new_salon
from tests.for_each import for_each

NOW = datetime(2026, 11, 21, tzinfo=UTC)
VISIT = "Здравствуйте, {{ clientName }}! Ждём вас {{ appointmentTime | date: '%d.%m' }}, ваш салон."


@pytest.fixture
def salon():
    return new_salon()


@pytest.fixture
def meta(settings):
    settings.ALLOWED_PRIVATE_TARGETS = ["127.0.0.1"]
    one = MetaServer()
    yield one
    one.close()


@pytest.fixture
def account(salon, meta):
    return add_integration(salon.pk, "whatsapp_cloud", meta.credentials, identifier="wa")


def template(account, **changed):
    fields = {"name": "visit", "body": VISIT, "language": "ru"} | changed
    with tenant_scope(account.tenant_id):
        return WhatsAppTemplate.objects.create(
            tenant_id=account.tenant_id, integration=account, **fields
        )


def test_variables_are_numbered_and_their_examples_shown_to_the_reviewer():
    made = compose(
        Draft(
            VISIT,
            header="Запись",
            footer="Роза",
            buttons=(
                {"text": "Приду", "action": "confirm"},
                {"text": "Карта", "url": "https://rosa.example/map"},
                {"text": "Перенести", "url": "https://rosa.example/r/{{ visitToken }}"},
            ),
            examples={"clientName": "Анна"},
        )
    )

    assert made["parameters"] == ["clientName", "appointmentTime | date: '%d.%m'"]
    assert made["buttons"] == [
        {"sub_type": "quick_reply", "value": "confirm"},
        None,
        {"sub_type": "url", "value": "visitToken"},
    ]
    assert made["components"] == [
        {"type": "HEADER", "format": "TEXT", "text": "Запись"},
        {
            "type": "BODY",
            "text": "Здравствуйте, {{1}}! Ждём вас {{2}}, ваш салон.",
            "example": {"body_text": [["Анна", "appointmentTime"]]},
        },
        {"type": "FOOTER", "text": "Роза"},
        {
            "type": "BUTTONS",
            "buttons": [
                {"type": "QUICK_REPLY", "text": "Приду"},
                {"type": "URL", "text": "Карта", "url": "https://rosa.example/map"},
                {
                    "type": "URL",
                    "text": "Перенести",
                    "url": "https://rosa.example/r/{{1}}",
                    "example": ["https://rosa.example/r/visitToken"],
                },
            ],
        },
    ]


@for_each(
    "changes, field",
    [
        ({"body": ""}, "body"),
        ({"body": "{{ clientName }}, ждём вас."}, "body"),
        ({"body": "Ждём вас, {{ clientName }}"}, "body"),
        ({"body": "Ждём {{ a }} {{ b }} вас."}, "body"),
        ({"body": "Ждём {% if a %}вас{% endif %} в салоне."}, "body"),
        ({"body": "Ждём {{ a вас."}, "body"),
        ({"body": "я" * 1025}, "body"),
        ({"header": "{{ a }}"}, "header"),
        ({"footer": "{% if a %}"}, "footer"),
        ({"buttons": [{"text": "", "action": "a"}]}, "buttons"),
        ({"buttons": [{"text": "я" * 26, "action": "a"}]}, "buttons"),
        ({"buttons": [{"text": "Да"}]}, "buttons"),
        ({"buttons": [{"text": "Да", "action": "a", "url": "https://a.example"}]}, "buttons"),
        ({"buttons": [{"text": "Да", "url": "{{ confirmUrl }}"}]}, "buttons"),
        ({"buttons": [{"text": "Да", "url": "https://a.example/{{ a }}/b"}]}, "buttons"),
        ({"buttons": [{"text": str(n), "action": "a"} for n in range(11)]}, "buttons"),
    ],
)
def test_what_whatsapp_would_refuse_is_told_by_field(changes, field):
    with pytest.raises(BadDraft) as caught:
        compose(Draft(**{"body": "Ждём вас.", **changes}))

    assert set(caught.value.fields) == {field}


def test_the_approved_text_runs_until_the_new_one_is_approved(meta, account):
    row = template(account)

    first = submit(account.tenant_id, row.pk, NOW)
    assert (first.state, first.submitted_name, first.is_running) == ("pending", "visit_1", False)
    meta.review("visit_1", "APPROVED")
    assert sync_all(account.tenant_id, NOW) == 1
    assert running(row) == ("approved", "visit_1", True)

    change(row, body="Новый текст, {{ clientName }}, ждём.")
    submit(account.tenant_id, row.pk, NOW)
    assert running(row) == ("pending", "visit_1", True)
    meta.review("visit_2", "APPROVED")
    sync(account.tenant_id, account.pk, NOW)
    assert running(row) == ("approved", "visit_2", True)


def test_a_rejected_text_says_why_and_leaves_the_old_one_running(meta, account):
    row = template(account)
    submit(account.tenant_id, row.pk, NOW)
    meta.review("visit_1", "APPROVED")
    sync(account.tenant_id, account.pk, NOW)
    submit(account.tenant_id, row.pk, NOW)
    meta.review("visit_2", "REJECTED", rejected_reason="TAG_CONTENT_MISMATCH")

    sync(account.tenant_id, account.pk, NOW)

    assert running(row) == ("rejected", "visit_1", True)
    assert fresh(row).reason == "TAG_CONTENT_MISMATCH"


@pytest.mark.parametrize("status", ["PAUSED", "DISABLED", "REJECTED"])
def test_a_text_that_meta_takes_away_runs_no_longer(meta, account, status):
    row = template(account)
    submit(account.tenant_id, row.pk, NOW)
    meta.review("visit_1", "APPROVED")
    sync(account.tenant_id, account.pk, NOW)

    meta.review("visit_1", status)
    sync(account.tenant_id, account.pk, NOW)

    assert not fresh(row).is_running
    meta.review("visit_1", "APPROVED")
    sync(account.tenant_id, account.pk, NOW)
    assert running(row) == ("approved", "visit_1", True)


def test_a_category_that_meta_changes_is_written_down(meta, account):
    row = template(account)
    submit(account.tenant_id, row.pk, NOW)

    meta.review("visit_1", "APPROVED", category="MARKETING")
    sync(account.tenant_id, account.pk, NOW)

    assert fresh(row).category == "marketing"


def test_a_status_that_we_do_not_know_changes_nothing(meta, account):
    row = template(account)
    submit(account.tenant_id, row.pk, NOW)

    meta.review("visit_1", "PONDERED")

    assert sync(account.tenant_id, account.pk, NOW) == 0
    assert running(row) == ("pending", "", False)


def test_all_pages_of_the_list_are_read(meta, account):
    rows = [template(account, name=f"t{number}") for number in range(5)]
    for row in rows:
        submit(account.tenant_id, row.pk, NOW)
    meta.review("t4_1", "APPROVED")

    assert sync(account.tenant_id, account.pk, NOW) == 1


def test_the_clock_asks_about_what_waits_and_one_bad_account_stops_nobody(meta, account):
    row, other = template(account), new_salon()
    submit(account.tenant_id, row.pk, NOW)
    meta.review("visit_1", "APPROVED")
    bad = add_integration(other.pk, "whatsapp_cloud", meta.credentials, identifier="wa")
    stuck = template(bad, name="other")
    submit(other.pk, stuck.pk, NOW)
    update_credentials(other.pk, bad.pk, {"token": "wrong"})

    locked = add_integration(other.pk, "whatsapp_cloud", meta.credentials, identifier="locked")
    lost = template(locked, name="lost")
    submit(other.pk, lost.pk, NOW)
    with tenant_scope(other.pk):
        Integration.objects.filter(pk=locked.pk).update(credentials="no.key.opens.this")

    done = tick()

    assert running(row) == ("approved", "visit_1", True)
    assert fresh(stuck).state == "pending"
    assert done["failed"] >= 2
    change(lost, state="draft")
    change(stuck, state="draft")  # nobody else's tick asks for it


def test_the_clock_asks_once_a_day_about_what_runs(meta, account):
    row = template(account)
    submit(account.tenant_id, row.pk, NOW)
    meta.review("visit_1", "APPROVED")
    sync(account.tenant_id, account.pk, datetime.now(UTC))
    meta.review("visit_1", "PAUSED")

    tick()
    assert fresh(row).is_running
    change(row, synced_at=datetime.now(UTC) - timedelta(days=2))
    tick()

    assert not fresh(row).is_running


def test_a_refusal_keeps_what_was_there(meta, account):
    row = template(account)
    meta.refusal = error(100, "Invalid parameter", error_user_msg="The name is taken.")

    with pytest.raises(Permanent, match="The name is taken"):
        submit(account.tenant_id, row.pk, NOW)
    update_credentials(account.tenant_id, account.pk, {"token": "wrong"})
    with pytest.raises(BadCredentials):
        submit(account.tenant_id, row.pk, NOW)

    assert (fresh(row).state, fresh(row).number) == ("draft", 0)


def test_what_cannot_be_submitted_is_refused_before_any_call(meta, account, salon):
    bad = template(account, body="{{ clientName }}")
    bot = add_integration(salon.pk, "telegram", {"token": "1:a"}, identifier="bot")
    other = template(bot, name="other")

    with pytest.raises(InvalidFields, match="must not begin"):
        submit(salon.pk, bad.pk, NOW)
    with pytest.raises(InvalidFields, match="business account"):
        submit(salon.pk, other.pk, NOW)
    with pytest.raises(NotFound):
        submit(new_salon().pk, bad.pk, NOW)

    assert meta.templates == {}


def fresh(row):
    with tenant_scope(row.tenant_id):
        return WhatsAppTemplate.objects.get(pk=row.pk)


def running(row):
    row = fresh(row)
    return row.state, row.approved_name, row.is_running


def change(row, **values):
    with tenant_scope(row.tenant_id):
        WhatsAppTemplate.objects.filter(pk=row.pk).update(**values)
