"""A provider that takes many letters in one call gets them so: a campaign fills its calls."""

from __future__ import annotations

import pytest

from channels.integrations import add_integration
from notifications import parking
from tenants.ids import uuid7
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope
from tests.factories import TenantFactory
from tests.notifications.conftest import NO_QUIET, Reminders
from tests.providers.rows import ROWS
from tests.providers.world import World

PEOPLE = 1_030


@pytest.fixture
def sendgrid():
    world = World()
    world.fakes["sendgrid"] = ROWS["sendgrid"].fake()
    yield world
    world.close()


class LetterSalon(Reminders):
    """A salon whose letters leave through SendGrid."""

    def __init__(self, world: World) -> None:
        self.salon = TenantFactory.create()
        self.limit(**NO_QUIET)
        row = ROWS["sendgrid"]
        add_integration(
            self.salon.pk,
            "sendgrid",
            row.credentials(world.base("sendgrid")),
            identifier="letters",
            kind="email",
        )
        step = ("email", {"channels": ["email"], "title": "Весна"})
        self.workflow("promo", step, category="mk", priority="low")
        self.workflow("code", step, priority="urgent")

    def invite(self, count: int) -> None:
        with tenant_scope(self.salon.pk):
            people = Subscriber.objects.bulk_create(
                [
                    Subscriber(id=uuid7(), tenant=self.salon, subscriber_id=f"c-{number}")
                    for number in range(count)
                ]
            )
            Address.objects.bulk_create(
                [
                    Address(
                        id=uuid7(),
                        tenant=self.salon,
                        subscriber=person,
                        kind="email",
                        value=f"{person.subscriber_id}@klient.example",
                    )
                    for person in people
                ]
            )


@pytest.fixture
def letters(sendgrid):
    return LetterSalon(sendgrid)


def test_a_thousand_letters_of_a_campaign_leave_in_one_call(letters, sendgrid, worker, monkeypatch):
    monkeypatch.setattr(parking, "GATHER_S", 60.0)  # however slow the machine is
    letters.invite(PEOPLE)
    letters.trigger("promo", "all")
    worker.drain_dry()

    fake = sendgrid.fakes["sendgrid"]
    assert (fake.complaints, len(fake.letters), len(fake.counts)) == ([], PEOPLE, PEOPLE)
    assert len(fake.calls) == 2
    assert {message.state for message in letters.messages} == {"sent"}


def test_an_urgent_letter_waits_for_no_company(letters, sendgrid, worker, monkeypatch):
    monkeypatch.setattr(worker.parking, "end_gathering", lambda *, is_dry: None)
    letters.trigger("code", {"subscriberId": "anna", "email": "anna@klient.example"})
    worker.drain_dry()

    assert len(sendgrid.fakes["sendgrid"].letters) == 1


def test_a_worker_that_ends_sends_what_it_gathered(letters, sendgrid, worker):
    letters.invite(3)
    letters.trigger("promo", "all")
    worker.last_look = -1e9
    worker._look()
    worker._look()
    assert len(worker.parking.gathered) == 3

    worker.finish()

    assert len(sendgrid.fakes["sendgrid"].letters) == 3
    assert [message.state for message in letters.messages] == ["sent"] * 3
