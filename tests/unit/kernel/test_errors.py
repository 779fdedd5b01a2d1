from __future__ import annotations

import pytest

from meterhouse.kernel.errors import (
    Conflict,
    InvalidInput,
    MeterhouseError,
    NotFound,
    Problem,
    Problems,
    Unavailable,
)


def test_all_problems_are_raised_together_in_the_order_they_were_found() -> None:
    problems = Problems()
    problems.add("/key", "missing", "a key is required")
    problems.add("/phases/0/rateCards/1/price", "negative", "a price is not negative")
    with pytest.raises(InvalidInput, match="the plan is invalid") as refused:
        problems.raise_if_any("the plan is invalid")
    assert refused.value.problems == (
        Problem("/key", "missing", "a key is required"),
        Problem("/phases/0/rateCards/1/price", "negative", "a price is not negative"),
    )


def test_no_problem_raises_nothing() -> None:
    Problems().raise_if_any("the plan is invalid")


def test_not_found_names_what_was_looked_for() -> None:
    error = NotFound("meter", "miles")
    assert (error.kind, error.key, error.detail) == ("meter", "miles", "meter 'miles' not found")


def test_every_kind_is_caught_by_the_base_and_carries_its_data() -> None:
    for error in (Conflict("taken", code="key_taken"), Unavailable("no broker", retry_after_seconds=7)):
        with pytest.raises(MeterhouseError) as caught:
            raise error
        assert caught.value.detail == str(caught.value)
    assert Conflict("taken").code == "conflict"
    assert Unavailable("no broker", retry_after_seconds=7).retry_after_seconds == 7
