"""A variable that cannot be read is refused in one sentence that names it, never its value."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import database, redis, whole
from tests.for_each import for_each

SOUND = [
    (database, "postgresql://app:p%40ss@db:5432/kolokol"),
    (database, "postgres://app@/kolokol?host=/run/postgresql"),
    (redis, "redis://localhost"),
    (redis, "rediss://user:word@queue:6380/3"),
    (redis, "unix:///run/valkey.sock?db=1"),
]
BROKEN = [
    (database, "app"),
    (database, "mysql://app:word@db/kolokol"),
    (database, "postgresql://app:word@db:five/kolokol"),
    (database, "postgresql://app:word@db:70000/kolokol"),
    (database, "postgresql://app:word@[::1/kolokol"),
    (database, "postgresql://app:word@db/"),
    (database, "postgresql://db/kolokol"),
    (redis, "localhost:6379"),
    (redis, "http://me:word@queue"),
    (redis, "redis://me:word@queue:six/0"),
    (redis, "redis://me:word@[::1"),
]


@for_each("read, url", SOUND)
def test_a_sound_address_is_taken(read, url):
    read("AN_URL", url)


@for_each("read, url", BROKEN)
def test_a_broken_address_is_refused_by_name_and_without_its_password(read, url):
    with pytest.raises(ImproperlyConfigured) as caught:
        read("AN_URL", url)

    assert str(caught.value).startswith("AN_URL must look like ")
    assert "me:word" not in str(caught.value)
    assert "app:word" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [("a minute", "A_NUMBER must be a whole number"), ("6", "A_NUMBER must be at least 8")],
)
def test_a_number_that_is_none_or_too_small_is_refused_by_name(monkeypatch, given, said):
    monkeypatch.setenv("A_NUMBER", given)

    with pytest.raises(ImproperlyConfigured, match=said):
        whole("A_NUMBER", 60, least=8)


def test_the_least_number_is_taken(monkeypatch):
    monkeypatch.setenv("A_NUMBER", "8")

    assert whole("A_NUMBER", 60, least=8) == 8
