"""What a meter reads of an event's data."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.kernel.errors import Problems
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.extract import BOUND, extract, parse_data
from meterhouse.metering.json_path import check_paths
from meterhouse.metering.model import Meter, MeterSpec, new_meter
from tests.unit.metering.ingest_corpus import UNREADABLE

AT = datetime(2026, 1, 1, tzinfo=UTC)


def meter(path: str = "$.duration_ms", **group_by: str) -> Meter:
    return new_meter("M", MeterSpec("m", Aggregation.SUM, "call", "m", path, group_by), AT)


def unique(path: str) -> Meter:
    return new_meter("M", MeterSpec("m", Aggregation.UNIQUE_COUNT, "call", "m", path), AT)


def read(data: str, path: str = "$.duration_ms") -> tuple[Decimal, str]:
    found = extract(meter(path), [parse_data(data.encode())])
    return found.values[0], found.faults[0]


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ('{"duration_ms": 100, "method": "GET"}', "100"),
        ('{"duration_ms": "100.5"}', "100.5"),
        ('{"duration_ms": 1e3}', "1000"),
        ('{"duration_ms": "-1.5E-3"}', "-0.0015"),
        ('{"duration_ms": 0.1}', "0.1"),
        ('{"duration_ms": 9007199254740993}', "9007199254740993"),
        ('{"duration_ms": 99999999999999999999}', "99999999999999999999"),
        ('{"duration_ms": 0.0000000000000000005}', "0"),
        ('{"duration_ms": 0.0000000000000000015}', "0.000000000000000002"),
        ('{"duration_ms": 1e-400}', "0"),
    ],
)
def test_numbers_and_numeric_texts_are_read_exactly(data: str, value: str) -> None:
    assert read(data) == (Decimal(value), "")


@pytest.mark.parametrize(
    "value",
    ['"NaN"', '"Infinity"', '"not a number"', "null", "true", "{}", "[1]", '""', '" 1"', '"1_0"', '"٣"', "1e20",
     "-1e20", "1e400", '"1e999999999"', '"0x10"', f'"{"9" * 200}"'],
)  # fmt: skip
def test_what_is_no_number_counts_for_nothing_and_says_why(value: str) -> None:
    number, fault = read(f'{{"duration_ms": {value}}}')
    assert number == 0
    assert fault.startswith("meter m: $.duration_ms is ")


@pytest.mark.parametrize("data", ["", "{}", '{"method": "GET"}', "{"])
def test_a_missing_property_is_a_fault(data: str) -> None:
    assert read(data) == (Decimal(0), "meter m: $.duration_ms is missing")


@pytest.mark.parametrize(("data", "path", "fault"), [row[1:] for row in UNREADABLE], ids=[row[0] for row in UNREADABLE])
def test_whatever_ingest_takes_costs_a_meter_that_event_alone(data: str, path: str, fault: str) -> None:
    assert read(data, path) == (Decimal(0), f"meter m: {path} {fault}")


@pytest.mark.parametrize("spoilt", ["1e1000000000000000000", "9" * 4_301, f"[{{}}, -{'9' * 5_000}]"])
def test_a_number_that_nothing_holds_spoils_its_own_value_alone(spoilt: str) -> None:
    data = f'{{"duration_ms": 0.1, "other": {spoilt}, "great": {"9" * 20}, "o": {{"a": 1.50}}}}'
    assert read(data) == (Decimal("0.1"), "")
    assert read(data, "$.great") == (Decimal("9" * 20), "")
    assert extract(unique("$.o"), [parse_data(data.encode())]).texts == [['{"a":1.50}']]


def test_unique_count_tells_numbers_that_nothing_holds_apart_by_their_digits() -> None:
    sent = ["1e1000000000000000000", "9" * 4_301, "9" * 4_300, "1e2000000000000000000"]
    found = extract(unique("$.key"), [parse_data(f'{{"key": {text}}}'.encode()) for text in sent])
    assert (found.texts, found.faults) == ([[text] for text in sent], [""] * 4)


def test_a_path_that_finds_several_values_is_a_fault() -> None:
    assert read('{"a": [1, 2]}', "$.a[*]")[1] == "meter m: $.a[*] finds several values"


def test_count_reads_no_value() -> None:
    counts = new_meter("M", MeterSpec("m", Aggregation.COUNT, "call", "m"), AT)
    found = extract(counts, [parse_data(b"")])
    assert (found.values, found.faults) == ([Decimal(1)], [""])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"GET"', "GET"),
        ("1.50", "1.50"),
        ("1", "1"),
        ("true", "true"),
        ('""', ""),
        ('{"b": 1, "a": 2}', '{"a":2,"b":1}'),
    ],
)
def test_unique_count_tells_texts_apart(value: str, text: str) -> None:
    found = extract(unique("$.key"), [parse_data(f'{{"key": {value}}}'.encode())])
    assert (found.texts, found.faults) == ([[text]], [""])


@pytest.mark.parametrize(("data", "fault"), [("{}", "missing"), ('{"key": null}', "null")])
def test_unique_count_does_not_count_what_is_not_there(data: str, fault: str) -> None:
    assert extract(unique("$.key"), [parse_data(data.encode())]).faults == [f"meter m: $.key is {fault}"]


def test_groups_are_texts_and_empty_where_the_property_is_missing() -> None:
    data = parse_data(b'{"duration_ms": 1, "method": "GET", "code": 200, "ok": true, "none": null, "o": {"a": 1.50}}')
    groups = {"method": "$.method", "code": "$.code", "ok": "$.ok", "none": "$.none", "route": "$.route", "o": "$.o"}
    assert extract(meter(**groups), [data]).groups == [
        {"method": "GET", "code": "200", "ok": "true", "none": "", "route": "", "o": '{"a":1.50}'}
    ]


@given(st.decimals(min_value=-BOUND + 1, max_value=BOUND - 1, places=18))
def test_whatever_decimal_was_sent_is_what_counts(sent: Decimal) -> None:
    assert read(f'{{"duration_ms": {sent:f}}}') == (sent, "")
    assert read(f'{{"duration_ms": "{sent:f}"}}') == (sent, "")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=15,
    )
)
def test_no_data_breaks_the_sink(data: object) -> None:
    [value] = extract(meter("$.duration_ms", a="$..a", b="$[0]"), [data]).values
    assert -BOUND < value < BOUND
    assert len(extract(unique("$..a"), [data]).texts) == 1


@pytest.mark.parametrize("path", ["", "a", "$.", "$[", "$.a b", "$[?match(@.a, '(a+)+$')]", "$" + "[?(" * 2000])
def test_what_is_no_path_is_a_problem_at_its_field(path: str) -> None:
    problems = Problems()
    check_paths(path, {"x/y": path, "fine": "$.a['b'][0]"}, problems)
    assert [(problem.field, problem.code) for problem in problems._found] == [
        ("/valueProperty", "json_path"), ("/groupBy/x~1y", "json_path"),
    ]  # fmt: skip
