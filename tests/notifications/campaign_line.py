"""A campaign's recipients on their way: claimed together, prepared, with their results."""

from __future__ import annotations

from notifications import engine
from notifications.models import QUEUES, Range
from notifications.outcomes import Done, Result
from notifications.preparing import Leaving, prepare
from tenants.ids import uuid7
from tenants.models import Address, Subscriber
from tenants.scope import tenant_scope
from tests.fanning import expand_some

PEOPLE = 6


def crowd(salon):
    """Give the salon six clients, a service message and an advertisement, both by SMS."""
    salon.workflow("code", "sms", expires_after_s=600)
    salon.promo()
    invite(salon, PEOPLE)
    return salon


def invite(salon, count) -> None:
    people = [
        Subscriber(id=uuid7(), tenant=salon.salon, subscriber_id=f"c{number}")
        for number in range(count)
    ]
    phones = [
        Address(
            id=uuid7(),
            tenant=salon.salon,
            subscriber=one,
            kind="phone",
            value=f"+7916000000{number}",
        )
        for number, one in enumerate(people)
    ]
    with tenant_scope(salon.salon.pk):
        Subscriber.objects.bulk_create(people)
        Address.objects.bulk_create(phones)


def leased(codes, name="code") -> list:
    """Trigger for everybody, and claim whom that reaches."""
    codes.trigger(name, "all")
    expand_some(QUEUES)
    return engine.claim("low" if name == "promo" else "normal", "test", 100, engine.NIL)


def sending(codes, name="code", ready=PEOPLE) -> list:
    """Give the messages of a worker that has marked them as sending; the rest waits for room."""
    return prepare(
        leased(codes, name), engine.now(), leave=lambda sends: Leaving(sends[:ready], sends[ready:])
    )


def sent(sends) -> list[Result]:
    return [Result(send.task, Done(send.message)) for send in sends]


def left(codes) -> int:
    return sum(one.remaining for one in codes.all(Range))
