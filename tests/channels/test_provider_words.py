"""What providers say is cleaned before it is told, and waits are read from where they stand."""

from __future__ import annotations

from channels.errors import Ambiguous, OptedOut, RateLimited, Temporary, UnknownReply
from channels.provider_words import Meaning, Refusal, clean, error_for, reset_wait_s
from tests.for_each import for_each

NOW = 1795168800.0


@for_each(
    "words, cleaned",
    [
        ("Invalid address anna@klient.example given", "Invalid address ... given"),
        ("Invalid 'To' Phone Number: +7 (916) 123-45-67", "Invalid ... Phone Number: ..."),
        ('text "Анна, ждём вас" is refused', "text ... is refused"),
        ("«Анна» `Ева` {x}", "... ... ..."),
        ("the key SG.aaaaaaaaaaaaaaaaaaaaaaaaaaa is wrong", "the key ... is wrong"),
        ("two\nlines  and   spaces", "two lines and spaces"),
        ("a " * 300, ("a " * 100).strip()),
        ("Daily quota of 200 exceeded", "Daily quota of 200 exceeded"),
    ],
)
def test_words_lose_what_they_quote(words, cleaned):
    assert clean(words).strip() == cleaned


@for_each(
    "headers, wait_s",
    [
        ({"x-ratelimit-reset": "1795168860"}, 60.0),
        ({"x-ratelimit-reset": "1795168860000"}, 60.0),
        ({"ratelimit-reset": "1"}, 1.0),
        ({"x-sib-ratelimit-reset": "25"}, 25.0),
        ({"x-ratelimit-reset": "1795168000"}, 0.0),
        ({"x-ratelimit-reset": "soon"}, None),
        ({}, None),
    ],
)
def test_a_counter_s_reset_is_read_as_seconds_or_as_a_moment(headers, wait_s):
    assert reset_wait_s(headers, now=NOW) == wait_s


def test_the_provider_s_own_hint_wins_over_the_table_s():
    table = (Meaning(RateLimited, code="9", wait_s=60.0),)

    waits = [
        error_for(Refusal(429, "9", headers=headers), table, now=NOW, wait_s=wait_s).retry_after_s
        for headers, wait_s in (({"retry-after": "7"}, 5.0), ({}, 5.0), ({}, None))
    ]

    assert waits == [7.0, 5.0, 60.0]


@for_each(
    "refusal, error",
    [
        (Refusal(200), Ambiguous),
        (Refusal(200, "77", is_plain=True), UnknownReply),
        (Refusal(503), Temporary),
        (Refusal(503, headers={"retry-after": "9"}), RateLimited),
        (Refusal(507), Temporary),
        (Refusal(302), UnknownReply),
        (Refusal(400), UnknownReply),
    ],
)
def test_a_status_alone_is_never_read_beyond_http(refusal, error):
    assert type(error_for(refusal, (), now=NOW)) is error


def test_what_concerns_one_recipient_does_not_count_against_the_provider():
    error = error_for(Refusal(400, "21610"), (Meaning(OptedOut, code="21610"),), now=NOW)

    assert (error.scope, error.detail) == ("address", "400 21610")
