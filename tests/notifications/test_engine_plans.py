"""Of one event's recipients in one batch each gets her own way and words, alike or not."""

from __future__ import annotations

from tests.notifications.conftest import change

PEOPLE = [
    {"subscriberId": "anna", "phone": "+79161110001", "locale": "ru"},
    {"subscriberId": "vera", "phone": "+79161110002", "locale": "ru"},
    {"subscriberId": "kate", "phone": "+79161110003", "locale": "en"},
    {"subscriberId": "lena", "phone": "+79161110004", "email": "lena@mail.example"},
    {"subscriberId": "olga", "phone": "+79161110005", "email": "olga@mail.example"},
    {"subscriberId": "dina", "phone": "+79161110006", "email": "dina@mail.example"},
    {"subscriberId": "zoya", "email": "zoya@mail.example"},
]


ENGLISH = """update notifications_templateversion
  set texts = texts || '{"en": {"body": "Hello"}}' where tenant_id = %s"""
WISH = """update tenants_subscriber set preferred_channel = 'email'
  where tenant_id = %s and subscriber_id = 'lena'"""
DEAD = """update tenants_address set state = 'inactive'
  where tenant_id = %s and value = '+79161110005'"""


def test_each_of_a_batch_goes_by_her_own_channel_in_her_own_language(reminders, worker):
    reminders.workflow("note", ("sms", {"channels": ["sms", "email"]}), body="Привет")
    reminders.trigger("note", PEOPLE)
    for statement in (ENGLISH, WISH, DEAD):
        change(statement, [reminders.salon.pk])

    worker.drain_dry()

    assert sorted((m.address, m.body) for m in reminders.messages) == [
        ("+7***0001", "Привет"),
        ("+7***0002", "Привет"),
        ("+7***0003", "Hello"),
        ("+7***0006", "Привет"),
        ("l***@mail.example", "Привет"),
        ("o***@mail.example", "Привет"),
        ("z***@mail.example", "Привет"),
    ]


def test_one_clients_night_is_not_anothers(reminders, worker):
    reminders.promo("spring", body="Весна")
    reminders.limit(quiet=["00:00", "12:00"])
    # twelve hours apart: at any moment the one has her quiet hours, the other has not
    east, west = {"timezone": "Asia/Kamchatka"}, {"timezone": "Africa/Abidjan"}
    people = [
        {"subscriberId": f"east-{n}", "phone": f"+7916222000{n}"} | east for n in range(2)
    ] + [{"subscriberId": "west", "phone": "+79162220009"} | west]
    reminders.trigger("spring", people)

    worker.drain_dry()

    assert sorted((len(reminders.due), len(reminders.messages))) == [1, 2]
