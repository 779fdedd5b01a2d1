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


def test_a_value_is_found_as_deep_as_ingest_lets_it_be() -> None:
    assert read('{"a":' * 126 + '{"v": 1}' + "}" * 126, "$..v") == (Decimal(1), "")


def test_names_of_any_length_cost_nothing_at_the_places_below_them() -> None:
    assert read(f'{{"{"k" * 1_000_000}": {[1] * 40_000}}}', "$[*][*]")[1].endswith("finds several values")


def test_a_group_that_cannot_be_read_makes_the_event_count_for_nothing() -> None:
    data = [parse_data(b'{"duration_ms": 1, "a": [[1]], "b": [1]}'), parse_data(b'{"duration_ms": 2}')]
    found = extract(meter(region="$.region", same="$.a[?@ == $.b]"), data)
    assert found.faults == ["meter m: $.a[?@ == $.b] compares objects or arrays", ""]
    assert found.groups == [{"region": "", "same": ""}] * 2


def test_a_meter_whose_path_is_none_stops_nobody() -> None:
    assert read('{"a": 1}', "$[")[1].startswith("meter m: $[ is no JSONPath: ")


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


STEPS = st.sampled_from(
    ["..*", "..a", "[*]", ".a", "[0]", "[::-1]", "['a','b',*]", "[?@.a]", "[?@ == 1e2]", "[?@..a && !@.b]", "[?",
     "[?$.a == @]", "[?count($..*) > 0.5]", "[?length(@.a) <= 1]", "[?value(@.*) < 'b']", "[?@[?@[?@.a]]]"]
)  # fmt: skip


@given(
    st.lists(STEPS, max_size=6).map("".join),
    st.recursive(
        st.none() | st.booleans() | st.decimals() | st.text("ab"),
        lambda inner: st.lists(inner) | st.dictionaries(st.text("ab", max_size=1), inner),
        max_leaves=15,
    ),
)
def test_no_path_breaks_the_sink(path: str, data: object) -> None:
    found = extract(meter(f"${path}", group=f"${path}"), [data])
    assert -BOUND < found.values[0] < BOUND
    assert len(extract(unique(f"${path}"), [data]).texts) == 1


@pytest.mark.parametrize("path", ["", "a", "$.", "$[", "$.a b", "$[?match(@.a, '(a+)+$')]", "$" + "[?(" * 2000])
def test_what_is_no_path_is_a_problem_at_its_field(path: str) -> None:
    problems = Problems()
    check_paths(path, {"x/y": path, "fine": "$.a['b'][0]"}, problems)
    assert [(problem.field, problem.code) for problem in problems._found] == [
        ("/valueProperty", "json_path"), ("/groupBy/x~1y", "json_path"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "no JSONPath: it begins with $, as $.name does"),
        ("distance", "no JSONPath: it begins with $, as $.name does"),
        ("@.distance", "no JSONPath: it begins with $, as $.name does"),
        ("$.a b", "no JSONPath: unexpected token 'b', at character 4"),
        ("$[", "no JSONPath: unexpected end of query"),
    ],
)
def test_what_is_wrong_with_a_path_is_said_in_one_line(path: str, message: str) -> None:
    problems = Problems()
    check_paths(path, {}, problems)
    assert [problem.message for problem in problems._found] == [message]


@pytest.mark.parametrize(
    "path",
    [
        "$..*..*",
        "$..a[?@..b == 1]",
        "$.a[?@..b && @..c]",
        "$.a[?count(@..b) > 1].b[?value(@..c) == 1]",
        "$" + "['a','b']" * 7,
        "$.a[?$.b[*] && @.c]",
        "$.a[?count($..*) > 1]",
        "$.a[?" + " || ".join(f"@.b == {number}" for number in range(60)) + "]",
        "$" + ".a['b']" * 60,
        "$" + "[?@" * 60 + "]" * 60,
    ],
)
def test_a_path_that_may_lead_to_the_same_parts_again_and_again_is_refused(path: str) -> None:
    problems = Problems()
    check_paths(path, {}, problems)
    assert [(problem.field, problem.code) for problem in problems._found] == [("/valueProperty", "json_path")]


@pytest.mark.parametrize(
    "path",
    ["$..a", "$.lines[?@.rate == $.rate].units", "$.lines[?count(@.parts[*]) > 1].units", "$['input','in']['n','m']",
     "$.a[?@.b[?@.c == 'd']].e", "$..a[?@.b == 1]", "$.lines[?@.a == 1 && (@.b < 2 || !@.c)].units", "$[-1:]"],
)  # fmt: skip
def test_a_path_whose_cost_a_document_s_size_bounds_is_taken(path: str) -> None:
    problems = Problems()
    check_paths(path, {"a": path}, problems)
    assert problems._found == []


@pytest.mark.parametrize(
    ("condition", "line"),
    [
        ("@.rate == 0.1", '{"rate": 0.1}'),
        ("@.rate == 0.10", '{"rate": 1e-1}'),
        ("@.rate > 0.1", '{"rate": 0.1000000000000000000000000000000000000001}'),
        ("@.id == 9007199254740993", '{"id": 9007199254740993}'),
        ("@.id != 9007199254740993", '{"id": 9007199254740992}'),
        ("@.id == -9e2", '{"id": -900}'),
        ("@.id < 1e400", '{"id": 1e399}'),
        ("@.id <= 0.30", '{"id": 0.3}'),
        ("@.id == 0", '{"id": -0.0}'),
    ],
)
def test_filters_compare_numbers_exactly(condition: str, line: str) -> None:
    data = f'{{"lines": [{line[:-1]}, "units": 7}}, {{"rate": "0.1", "id": "0", "units": 9}}]}}'
    if "!=" not in condition:
        assert read(data, f"$.lines[?{condition}].units") == (Decimal(7), "")
    assert read(data, f"$.lines[?{condition} && @.units == 7].units") == (Decimal(7), "")


@pytest.mark.parametrize("number", ["01", "-01", "01.5", "1e99999999999999999999", "-1.5e99999999999999999999"])
def test_a_filter_holds_only_numbers_that_can_be_held(number: str) -> None:
    problems = Problems()
    check_paths(f"$.a[?@.b == {number}]", {}, problems)
    assert [problem.code for problem in problems._found] == ["json_path"]
