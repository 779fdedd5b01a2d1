from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.ids import derived_ulid, is_ulid, new_ulid, ulid_time

AT = datetime(2013, 1, 1, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone
RANDOMNESS = st.binary(min_size=10, max_size=10)
PARTS = st.lists(st.text("a:\0é€\ud800", max_size=4), max_size=3)


def test_a_known_ulid_is_encoded_as_the_specification_says() -> None:
    at = datetime(2016, 7, 30, 23, 54, 10, 259_000, tzinfo=UTC)
    assert new_ulid(at, bytes(10)) == "01ARZ3NDEK0000000000000000"
    assert new_ulid(at, b"\xff" * 10) == "01ARZ3NDEKZZZZZZZZZZZZZZZZ"


def test_a_ulid_is_not_made_from_too_little_randomness_or_before_1970() -> None:
    with pytest.raises(ValueError, match="10 bytes"):
        new_ulid(AT, bytes(9))
    with pytest.raises(ValueError, match="before 1970"):
        new_ulid(datetime(1969, 12, 31, tzinfo=UTC), bytes(10))


@given(INSTANTS, RANDOMNESS)
def test_a_ulid_has_the_contracts_form_and_keeps_its_millisecond(at: datetime, randomness: bytes) -> None:
    ulid = new_ulid(at, randomness)
    assert is_ulid(ulid)
    assert timedelta(0) <= at - ulid_time(ulid) < timedelta(milliseconds=1)
    assert ulid_time(ulid.lower()) == ulid_time(ulid)


@given(INSTANTS, INSTANTS, RANDOMNESS, RANDOMNESS)
def test_ulids_sort_as_their_milliseconds(one: datetime, two: datetime, left: bytes, right: bytes) -> None:
    first, second = new_ulid(one, left), new_ulid(two, right)
    if ulid_time(first) != ulid_time(second):
        assert (first < second) == (one < two)
    else:
        assert (first < second) == (left < right)


@pytest.mark.parametrize(
    "text",
    ["", "01ARZ3NDEK", "81ARZ3NDEK0000000000000000", "01ARZ3NDEKI000000000000000", "01ARZ3NDEK0000000000000000\n"],
)
def test_what_is_no_ulid_is_told_apart(text: str) -> None:
    assert not is_ulid(text)
    with pytest.raises(ValueError, match="not a ULID"):
        ulid_time(text)


def test_a_ulid_past_the_year_9999_has_no_time() -> None:
    assert is_ulid("7" + 25 * "Z")
    with pytest.raises(ValueError, match="9999"):
        ulid_time("7" + 25 * "Z")


@given(PARTS, PARTS)
def test_two_business_keys_share_a_derived_id_only_when_they_are_equal(one: list[str], two: list[str]) -> None:
    assert (derived_ulid(AT, *one) == derived_ulid(AT, *two)) == (one == two)


def test_parts_are_not_run_together() -> None:
    keys = [("ab", "c"), ("a", "bc"), ("abc",), ("abc", ""), ("", "abc")]
    assert len({derived_ulid(AT, *key) for key in keys}) == len(keys)


def test_a_derived_id_never_changes_between_releases() -> None:
    assert derived_ulid(AT, "line", "period[0]") == "017FSPGP00E2TNMB49VG3WAQKJ"
    assert ulid_time(derived_ulid(AT, "line")) == AT


@given(PARTS, PARTS, st.builds(new_ulid, INSTANTS, RANDOMNESS) | st.text("a:\0", max_size=3))
def test_beside_an_owner_two_business_keys_share_an_id_only_when_they_are_equal(
    one: list[str], two: list[str], owner: str
) -> None:
    first, second = (derived_ulid(AT, *parts, beside=owner) for parts in (one, two))
    assert is_ulid(first)
    assert ulid_time(first) == AT
    assert (first == second) == (one == two)


@given(INSTANTS, RANDOMNESS, INSTANTS, RANDOMNESS)
def test_derived_ids_lie_in_the_order_of_their_owners_a_minute_apart(
    one: datetime, left: bytes, other: datetime, right: bytes
) -> None:
    first, second = new_ulid(one, left), new_ulid(other, right)
    ids = derived_ulid(AT, "fee", beside=first), derived_ulid(AT, "fee", beside=second.lower())
    # after 34 years, of which one knows by what is before, the order begins again
    if abs(one - other) > timedelta(minutes=1) and first[:2] == second[:2]:
        assert (ids[0] < ids[1]) == (one < other)


def test_ids_of_an_owner_lie_side_by_side() -> None:
    owner = "01HK153X004F8SHSBPJ8JX3FH7"
    assert {derived_ulid(AT, what, beside=owner)[10:15] for what in "abcd"} == {owner[2:7]}
    assert derived_ulid(AT, "line", "period[0]") == "017FSPGP00E2TNMB49VG3WAQKJ"
    assert derived_ulid(AT, "line", "period[0]", beside=owner) == "017FSPGP00HK153B49VG3WAQKJ"


def test_what_is_no_ulid_has_no_place() -> None:
    assert derived_ulid(AT, "fee", beside="credit") == derived_ulid(AT, "fee")


def test_any_text_and_any_instant_have_a_derived_id() -> None:
    assert is_ulid(derived_ulid(datetime(1950, 1, 1, tzinfo=UTC), "\ud800"))
