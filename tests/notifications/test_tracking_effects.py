"""What a report means for the address: dead, complained, unsubscribed, bounced too often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from channels.integrations import ensure_phone
from notifications.models import Message, Notification
from tenants import consents
from tenants.ids import uuid7
from tenants.models import Address, Consent, Subscriber
from tenants.scope import tenant_scope
from tests.factories import AddressFactory, SubscriberFactory, TenantFactory
from tests.notifications.conftest import change
from tests.notifications.reporting import report, report_address
from tests.notifications.statements import statements

MAIL = "anna@mail.test"
ANNA = {"subscriberId": "anna", "email": MAIL}


@pytest.fixture
def letter(reminders, worker):
    """A letter has left for Anna; her daughter has the same address."""
    reminders.workflow("letter", ("email", {"channels": ["email"]}))
    reminders.daughter = SubscriberFactory(tenant=reminders.salon)
    AddressFactory(subscriber=reminders.daughter, kind="email", value=MAIL)
    return write(reminders, worker)


def write(reminders, worker):
    reminders.trigger("letter", ANNA)
    worker.drain_dry()
    return reminders.messages[-1]


def address_states(reminders) -> list[tuple[str, str]]:
    return [(state, reason) for _, _, state, reason in reminders.addresses]


def withdrawals(reminders) -> list[tuple[str, str, bool, str]]:
    found = [one for one in reminders.all(Consent) if one.source != "test"]
    return [(one.purpose, one.channel, one.given, one.source) for one in found]


ENDED = [("advertising", "", False)] * 2  # the mother's and the daughter's


def test_a_dead_address_is_given_up_for_all_who_share_it(reminders, letter):
    report(reminders.salon, letter, "bounced", effect="dead")

    assert address_states(reminders) == [("inactive", "permanent_recipient")] * 2
    assert withdrawals(reminders) == []


def test_another_salons_and_the_other_modes_same_address_stay(reminders, letter):
    stranger = SubscriberFactory(tenant=TenantFactory())
    tester = SubscriberFactory(tenant=reminders.salon, mode="test")
    for person in (stranger, tester):
        AddressFactory(subscriber=person, kind="email", value=MAIL)

    report(reminders.salon, letter, "bounced", effect="dead")

    for person in (stranger, tester):
        with tenant_scope(person.tenant_id):
            assert Address.objects.get(subscriber=person).state == "active"


def test_a_report_that_repeats_itself_does_not_kill_the_address_again(reminders, letter):
    report(reminders.salon, letter, "bounced", effect="dead")
    change(
        "update tenants_address set state = 'active', reason = '' where tenant_id = %s",
        [reminders.salon.pk],
    )

    report(reminders.salon, letter, "bounced", effect="dead")

    assert address_states(reminders) == [("active", "")] * 2


def test_a_bounce_after_a_delivery_still_tells_that_nobody_lives_there(reminders, letter):
    report(reminders.salon, letter, "delivered")

    report(reminders.salon, letter, "bounced", effect="dead")

    assert address_states(reminders) == [("inactive", "permanent_recipient")] * 2


def test_a_suppressed_address_stays_suppressed(reminders, letter):
    change(
        "update tenants_address set state = 'suppressed', reason = 'stop' where tenant_id = %s",
        [reminders.salon.pk],
    )

    report(reminders.salon, letter, "bounced", effect="dead")

    assert address_states(reminders) == [("suppressed", "stop")] * 2


def test_a_complaint_ends_advertising_but_not_what_a_visit_needs(reminders, worker, letter):
    reminders.promo("promo", "email")

    report(reminders.salon, letter, effect="complaint", reason="complaint")
    reminders.trigger("promo", ANNA)
    second = write(reminders, worker)

    assert [row[:3] for row in withdrawals(reminders)] == ENDED
    assert ("skipped", "consent_withdrawn") in reminders.log
    assert (second.state, len(reminders.messages)) == ("sent", 2)


def test_a_second_complaint_ends_letters_altogether(reminders, worker, letter):
    report(reminders.salon, letter, effect="complaint", reason="complaint")
    second = write(reminders, worker)

    report(reminders.salon, second, effect="complaint", reason="complaint")
    reminders.trigger("letter", ANNA)
    worker.drain_dry()

    assert address_states(reminders) == [("suppressed", "complaint")] * 2
    assert reminders.states[-1] == ("skipped", "suppressed")
    assert len(withdrawals(reminders)) == 2


def test_the_same_complaint_told_again_counts_once(reminders, letter):
    for _ in range(3):
        report(reminders.salon, letter, effect="complaint", reason="complaint")

    assert address_states(reminders) == [("active", "complaint")] * 2
    assert reminders.log[-1] == ("reported", "complaint")


def test_unsubscribing_at_the_provider_ends_advertising_only(reminders, letter):
    report(reminders.salon, letter, effect="unsubscribed", reason="unsubscribed")
    report(reminders.salon, letter, effect="unsubscribed", reason="unsubscribed")

    assert [row[:3] for row in withdrawals(reminders)] == ENDED
    assert address_states(reminders) == [("active", "")] * 2


def test_a_complaint_ends_advertising_everywhere_even_where_letters_had_ended_before(
    reminders, letter
):
    word = consents.Word("advertising", given=False, source="form", actor="client", channel="email")
    with tenant_scope(reminders.salon.pk):
        consents.record(reminders.salon.pk, [reminders.daughter.pk], word)

    report(reminders.salon, letter, effect="complaint")

    assert [row[:3] for row in withdrawals(reminders)][1:] == ENDED


def test_the_phone_speaks_of_test_clients_only(reminders, letter):
    tester = SubscriberFactory(tenant=reminders.salon, mode="test")
    AddressFactory(subscriber=tester, kind="email", value=MAIL)

    report_address(reminders.salon, ensure_phone(reminders.salon.pk).pk, "dead", MAIL)

    assert [state for state, _ in address_states(reminders)] == ["active", "active", "inactive"]


def test_the_proof_names_the_callback_and_nobodys_data(reminders, letter):
    report(reminders.salon, letter, effect="unsubscribed", address=MAIL)

    for one in reminders.all(Consent):
        assert (one.source, one.actor) == ("unsubscribed", "provider")
        assert one.evidence.startswith("callback:")
        assert MAIL not in one.evidence


def test_an_address_without_a_message_is_believed_at_once(reminders, letter):
    salon, account = reminders.salon, letter.integration_id

    assert report_address(salon, account, "dead", MAIL.upper())

    assert address_states(reminders) == [("inactive", "permanent_recipient")] * 2


def test_an_address_is_believed_once_its_message_will_not_turn_up(reminders, letter):
    salon, account, strange = reminders.salon, letter.integration_id, {"provider_id": "strange"}

    assert not report_address(salon, account, "dead", MAIL, **strange)
    assert address_states(reminders) == [("active", "")] * 2

    assert report_address(salon, account, "dead", MAIL, attempt=2, **strange)
    assert address_states(reminders) == [("inactive", "permanent_recipient")] * 2


def test_a_number_is_found_as_providers_write_it(reminders, worker, letter):
    daughter = reminders.daughter
    AddressFactory(subscriber=daughter, kind="phone", value="+4915112345678")

    report_address(reminders.salon, letter.integration_id, "dead", "4915112345678")

    with tenant_scope(reminders.salon.pk):
        assert Address.objects.get(subscriber=daughter, kind="phone").state == "inactive"


def test_an_account_that_is_nobodys_changes_nothing(reminders, letter):
    report_address(reminders.salon, uuid7(), "dead", MAIL)

    assert address_states(reminders) == [("active", "")] * 2


def bounced(reminders, letter, count, ago) -> None:
    """Letters that came back, `ago` each."""
    made = (datetime.now(UTC) - ago).timestamp()
    with tenant_scope(reminders.salon.pk):
        event = Notification.objects.get(pk=letter.notification_id).event_id
        person = Subscriber.objects.get(subscriber_id="anna").pk
        for _ in range(count):
            one = Notification.objects.create(
                pk=uuid7(made),
                tenant=reminders.salon,
                event_id=event,
                subscriber_id=person,
                state="completed",
            )
            Message.objects.create(
                pk=uuid7(made),
                tenant=reminders.salon,
                notification=one,
                step=0,
                channel="email",
                provider="webhook",
                state="bounced",
                reason="mailbox_full",
                address=letter.address,
            )
    change(
        "update tenants_address set changed_at = now() - interval '12 days' where tenant_id = %s",
        [reminders.salon.pk],
    )


@pytest.mark.parametrize(
    ("before", "ago", "state"),
    [(4, 2, "inactive"), (3, 2, "active"), (9, 13, "active"), (9, 15, "active")],
    ids=["five", "four", "before-it-was-named", "long-ago"],
)
def test_five_soft_bounces_in_two_weeks_end_an_address(reminders, letter, before, ago, state):
    bounced(reminders, letter, before, timedelta(days=ago))

    report(reminders.salon, letter, "bounced", reason="mailbox_full")

    assert {one for one, _ in address_states(reminders)} == {state}


def test_a_text_that_a_mail_server_dislikes_is_not_the_addresss_fault(reminders, letter):
    bounced(reminders, letter, 9, timedelta(days=2))

    report(reminders.salon, letter, "bounced", reason="permanent_content")

    assert {state for state, _ in address_states(reminders)} == {"active"}


def test_a_consent_withdrawn_for_one_channel_leaves_the_others(reminders, worker, provider):
    reminders.promo("promo", "email", "sms")
    both = ANNA | {"phone": "+79161234567"}
    word = consents.Word("advertising", given=False, source="form", actor="client", channel="email")
    reminders.trigger("promo", both, delay=60)
    with tenant_scope(reminders.salon.pk):
        person = Subscriber.objects.get(subscriber_id="anna")
        consents.record(reminders.salon.pk, [person.pk], word)
    reminders.hurry()

    worker.drain_dry()

    assert [message.channel for message in reminders.messages] == ["phone"]


@pytest.mark.parametrize(("workflow", "asked"), [("letter", 0), ("promo", 1)])
def test_only_marketing_asks_for_consents_and_once_per_batch(
    reminders, worker, letter, workflow, asked
):
    reminders.promo("promo", "email")
    for number in range(3):
        to = {"subscriberId": f"client-{number}", "email": f"{number}@mail.test"}
        reminders.trigger(workflow, to, delay=60)
    reminders.hurry()

    with statements() as seen:
        worker.drain_dry()

    assert len(reminders.messages) == 4
    assert sum("tenants_consent" in one for one in seen) == asked
