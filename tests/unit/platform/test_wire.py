import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from meterhouse.platform.wire import Flag, Instant, JsonFraction, JsonNumber, Numeric, Wire

DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=9)


class Sample(Wire):
    amount: Numeric | None = None
    value: JsonNumber | None = None
    is_on: Flag | None = None
    at: Instant | None = None


class Nullable(Wire):
    nullable = frozenset({"gone_at"})
    gone_at: Instant | None = None
    note: str | None = None


@given(DECIMALS)
def test_a_numeric_survives_the_wire_exactly(amount: Decimal) -> None:
    written = Sample(amount=amount).model_dump_json(by_alias=True)
    assert Sample.model_validate_json(written).amount == amount
    assert "E" not in written


@pytest.mark.parametrize("amount", ["0", "-1", "1.50", "0.000000000000000001", "9" * 40])
def test_a_numeric_is_a_decimal_in_a_string(amount: str) -> None:
    assert Sample.model_validate({"amount": amount}).amount == Decimal(amount)


@pytest.mark.parametrize(
    "amount", [1, 1.5, JsonFraction("1.5"), True, "", " 1", "1e5", "1_0", "+1", ".5", "1.", "NaN", "٣", "1\n", "9" * 61]
)
def test_anything_else_is_no_numeric(amount: object) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate({"amount": amount})


@given(st.integers(-(10**30), 10**30))
def test_a_whole_value_is_an_exact_json_number(value: int) -> None:
    written = Sample(value=Decimal(value)).model_dump_json(by_alias=True)
    assert json.loads(written) == {"value": value}


@pytest.mark.parametrize("value", ["10", "", True, False, [], {}])
def test_what_is_no_json_number_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate({"value": value})


@pytest.mark.parametrize("value", ["off", "yes", "true", "", 0, 1, JsonFraction("1.0"), []])
def test_a_flag_is_true_or_false_alone(value: object) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate({"isOn": value})
    assert [Sample.model_validate({"isOn": one}).is_on for one in (True, False, None)] == [True, False, None]


def test_instants_are_written_in_utc() -> None:
    sample = Sample.model_validate({"at": "2026-01-01T02:00:00.5+02:00"})
    assert json.loads(sample.model_dump_json(by_alias=True)) == {"at": "2026-01-01T00:00:00.5Z"}
    assert sample.at == datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "at",
    [
        "2026-01-01T00:00:00",
        "2026-01-01",
        "1767225600",
        1767225600,
        "0001-01-01T00:00:00+14:00",
        "2026-13-01T00:00:00Z",
    ],
)
def test_what_is_no_instant_of_rfc_3339_is_refused(at: object) -> None:
    with pytest.raises(ValidationError):
        Sample.model_validate({"at": at})


def test_fields_are_built_by_our_names_and_read_by_those_of_the_contract() -> None:
    assert Nullable(note="a") == Nullable.model_validate({"note": "a"})
    assert Nullable(gone_at=datetime(2026, 1, 1, tzinfo=UTC)).model_fields_set == {"gone_at"}
    with pytest.raises(ValidationError):
        Nullable.model_validate({"gone_at": None})


def test_a_fault_of_our_own_does_not_show_the_value() -> None:
    with pytest.raises(ValidationError) as fault:
        Sample.model_validate({"amount": "secret"})
    assert "secret" not in str(fault.value)


def test_what_is_none_is_absent_unless_the_contract_says_null() -> None:
    assert Nullable().model_dump(by_alias=True) == {"goneAt": None}
