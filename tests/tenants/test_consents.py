"""The ledger of consents: by route and command, what holds now, and that nothing is ever edited."""

# ruff: noqa: S608  (names of tables are ours)
from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import ProgrammingError, connection
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from tenants.consents import (
    Standing,
    Word,
    _fold,
    agrees,
    record,
    refusals,
    standing,
    withdrawn,
)
from tenants.models import Consent, Purpose
from tenants.scope import tenant_scope
from tests.commands import said
from tests.factories import SubscriberFactory
from tests.isolation.planting import superuser

NOW = datetime.now(UTC)
NO = Word("advertising", given=False, source="test", actor="test")
YES = Word("advertising", given=True, source="test", actor="test")


@pytest.fixture
def anna(salon):
    """A client of Alice's salon."""
    return SubscriberFactory.create(tenant=salon)


def say(person, *words: Word) -> None:
    with tenant_scope(person.tenant_id):
        for word in words:
            record(person.tenant_id, [person.pk], word)


def refuses(person, channel: str) -> bool:
    asked = (person.tenant_id, person.pk, channel)
    with tenant_scope(person.tenant_id):
        return asked in refusals([asked])


def on(channel: str, word: Word) -> Word:
    return Word(word.purpose, word.given, word.source, word.actor, channel)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ([], "no_consent"),
        ([Word("personal_data", given=True, source="t", actor="t")], "no_consent"),
        ([on("phone", YES)], "no_consent"),
        ([NO], "consent_withdrawn"),
        ([YES, Word("personal_data", given=False, source="t", actor="t")], "consent_withdrawn"),
    ],
)
def test_who_never_agreed_is_told_from_who_took_it_back(anna, words, why):
    say(anna, *words)
    asked = (anna.tenant_id, anna.pk, "telegram")

    with tenant_scope(anna.tenant_id):
        assert refusals([asked]) == {asked: why}


@pytest.mark.parametrize(
    ("words", "telegram", "phone"),
    [
        ([NO], True, True),
        ([NO, YES], False, False),
        ([], True, True),
        ([YES, on("telegram", NO)], True, False),
        ([on("telegram", YES)], False, True),
        ([NO, on("telegram", YES)], False, True),
        ([on("telegram", NO), YES], False, False),
        ([YES, Word("personal_data", given=False, source="t", actor="t")], True, True),
    ],
)
def test_the_newest_word_about_a_channel_or_about_all_decides(anna, words, telegram, phone):
    say(anna, *words)

    assert (refuses(anna, "telegram"), refuses(anna, "phone")) == (telegram, phone)


@pytest.mark.parametrize(
    ("words", "all_channels"),
    [([NO], True), ([on("email", NO)], False), ([NO, on("email", YES)], False), ([], False)],
)
def test_all_channels_are_withdrawn_while_no_later_yes_stands(anna, words, all_channels):
    say(anna, *words)

    with tenant_scope(anna.tenant_id):
        assert bool(withdrawn([(anna.tenant_id, anna.pk, "")])) is all_channels


def test_an_older_yes_that_is_imported_late_brings_nothing_back(anna):
    old = Word("advertising", given=True, source="import", actor="t", at=NOW - timedelta(days=9))

    say(anna, NO, old)

    assert refuses(anna, "email")


@pytest.mark.parametrize(
    "pair",
    [(YES, NO), (on("telegram", YES), NO), (YES, on("telegram", NO))],
    ids=["all", "no to all", "no to one"],
)
def test_of_a_yes_and_a_no_of_one_moment_the_no_holds(anna, pair):
    at_once = [replace(word, at=NOW) for word in pair]

    for words in (at_once, at_once[::-1]):
        say(anna, *words)
        with tenant_scope(anna.tenant_id):
            held = {one.channel: one.given for one in standing(anna)}
            agreed = agrees(anna.tenant_id, anna.pk, "telegram")
        assert refuses(anna, "telegram")
        assert not agreed
        assert not held.get("telegram", held[""])


def test_nobody_writes_for_a_client_of_another_salon(anna, other_salon):
    say(anna, YES)
    with tenant_scope(other_salon.pk):
        assert record(other_salon.pk, [anna.pk], NO) == 0
    assert not refuses(anna, "email")


@pytest.mark.parametrize("verb", ["update tenants_consent set given = true", "delete from {0}"])
def test_the_app_may_only_add(anna, verb):
    say(anna, NO)

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_scope(anna.tenant_id),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb.format("tenants_consent"))


def test_not_even_the_owner_edits_and_he_erases_only_when_he_says_so(anna):
    say(anna, NO)
    owner, where = settings.DATABASE_ROLES["owner"], "where subscriber_id = %s"
    with superuser() as one, one.transaction(force_rollback=True):
        one.execute(f'set local role "{owner}"'.encode())
        for verb in ("update tenants_consent set given = true", "delete from tenants_consent"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), one.transaction():
                one.execute(f"{verb} {where}".encode(), [anna.pk])
        with pytest.raises(psycopg.errors.InsufficientPrivilege), one.transaction():
            one.execute(b"truncate tenants_consent")
        one.execute(b"set local app.erase = 'on'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), one.transaction():
            one.execute(f"update tenants_consent set given = true {where}".encode(), [anna.pk])
        assert one.execute(f"delete from tenants_consent {where}".encode(), [anna.pk]).rowcount == 1


def test_the_proof_outlives_the_client(api, anna):
    say(anna, NO)

    api.delete(f"/v2/subscribers/{anna.subscriber_id}")

    with tenant_scope(anna.tenant_id):
        assert Consent.objects.filter(subscriber_id=anna.pk).count() == 1


def test_the_route_adds_a_word_and_shows_what_holds(api, anna):
    path = f"/v1/subscribers/{anna.subscriber_id}/consents"
    proof = {"textVersion": "2026-11", "source": "form", "evidence": "form:4711"}
    api.post(path, {"purpose": "personal_data", "given": True, **proof})

    answer = api.post(path, {"purpose": "advertising", "given": False, "channel": "telegram"})

    shown = api.get(path).json()["data"]
    assert (answer.status_code, answer.json()["data"]) == (201, shown)
    assert [(one["purpose"], one.get("channel"), one["given"]) for one in shown["standing"]] == [
        ("advertising", "telegram", False),
        ("personal_data", None, True),
    ]
    newest, oldest = shown["entries"]
    assert proof.items() <= oldest.items()
    assert (newest["source"], newest["actor"][:4]) == ("api", "key:")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"purpose": "spam"}, "purpose"),
        ({"given": "yes"}, "given"),
        ({"channel": "pigeon"}, "channel"),
        ({"evidence": "phone of Anna"}, "evidence"),
        ({"source": "x" * 33}, "source"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-01-01T10:00:00"}, "at"),
        ({"at": "2999-01-01T10:00:00Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
    ],
)
def test_a_bad_word_names_the_field_and_is_not_written(api, anna, change, field):
    path = f"/v1/subscribers/{anna.subscriber_id}/consents"

    answer = api.post(path, {"purpose": "advertising", "given": True, **change})

    assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert api.get(path).json()["data"]["entries"] == []


def test_the_command_records_for_several_and_lists(salon, anna):
    berta = SubscriberFactory.create(tenant=salon)
    both = ("--subscriber", anna.subscriber_id, "--subscriber", berta.subscriber_id)
    of_salon = ("--tenant", salon.slug, *both)

    done = said(
        "consent",
        "record",
        *of_salon,
        *("--purpose", "advertising", "--withdrawn", "--at", "12h", "--evidence", "letter:8"),
    )

    assert (done.returncode, done.stdout) == (0, "Recorded for 2.\n")
    listed = said("consent", "list", *of_salon, "--purpose", "advertising", "--json")
    rows = json.loads(listed.stdout)
    assert [row["subscriberId"] for row in rows] == [both[1], both[3]]
    assert {(row["given"], row["source"], row["evidence"]) for row in rows} == {
        (False, "command", "letter:8")
    }


def test_the_command_writes_for_nobody_when_one_is_unknown(salon, anna):
    people = ("--subscriber", anna.subscriber_id, "--subscriber", "nobody")

    done = said(
        *("consent", "record", "--tenant", salon.slug, *people),
        *("--purpose", "advertising", "--given"),
    )

    assert (done.returncode, "no such subscriber" in done.stderr) == (1, True)
    with tenant_scope(salon.pk):
        assert not Consent.objects.exists()


def test_the_command_wants_to_hear_yes_or_no(salon, anna):
    who = ("--tenant", salon.slug, "--subscriber", anna.subscriber_id)

    done = said("consent", "record", *who, "--purpose", "advertising")

    assert (done.returncode, "--given or --withdrawn" in done.stderr) == (2, True)


WORDS = st.lists(
    st.tuples(st.sampled_from(Purpose.values), st.sampled_from(["", "email", "vk"]), st.booleans()),
    max_size=8,
)


@hypothesis(max_examples=40)
@given(WORDS)
def test_what_holds_for_a_channel_is_its_last_word_or_the_last_for_all(words):
    rows = [
        Consent(purpose=purpose, channel=channel, given=yes, at=NOW + timedelta(seconds=at))
        for at, (purpose, channel, yes) in enumerate(words)
    ]

    folded = {(one.purpose, one.channel): one for one in _fold(rows)}

    for purpose in Purpose.values:
        for channel in ("email", "vk"):
            about = [w for w in words if w[0] == purpose and w[1] in ("", channel)]
            held: Standing | None = folded.get((purpose, channel)) or folded.get((purpose, ""))
            assert (held.given if held else None) == (about[-1][2] if about else None)
