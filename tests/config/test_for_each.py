"""The suite's own way of asking one question of many rows tells each row that fails."""

from __future__ import annotations

import pytest

from tests.for_each import for_each


def test_every_row_is_asked_and_each_that_fails_is_told():
    asked = []

    @for_each("number, wanted", [(1, 1), (2, 3), pytest.param(3, 3), (4, 5)])
    def question(number, wanted):
        asked.append(number)
        assert number == wanted

    with pytest.raises(ExceptionGroup, match="2 of 4 rows") as told:
        question()
    assert asked == [1, 2, 3, 4]
    assert [error.__notes__[0] for error in told.value.exceptions] == [
        "row 1: {'number': 2, 'wanted': 3}",
        "row 3: {'number': 4, 'wanted': 5}",
    ]


def test_what_should_have_been_refused_is_told_too():
    @for_each("text", ["1", "x"])
    def question(text):
        with pytest.raises(ValueError, match="invalid"):
            int(text)

    with pytest.raises(BaseExceptionGroup, match="1 of 2 rows"):
        question()


@for_each("left", [1, 2])
@for_each("right", [3, 4])
def test_questions_stand_in_each_other_beside_fixtures(left, right, tmp_path):
    assert left < right
    assert tmp_path.is_dir()
