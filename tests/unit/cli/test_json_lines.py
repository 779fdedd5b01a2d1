"""JSON lines, the identities they get, and exact numbers."""

import json
from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.json_lines import json_line_records
from meterhouse.cli.record import Identity, Record, line_faults
from meterhouse.client.json_text import read_json, write_json
from meterhouse.client.problem import FieldFault, Refusal

EVENT = b'{"id":"1","source":"s","type":"t","subject":"u","data":{"v":0.10000000000000000001}}\r\n'


def records(*lines: bytes, source: str | None = "events.jsonl") -> list[Record]:
    return list(json_line_records(lines, Identity(None, source)))


def test_a_whole_event_travels_byte_by_byte() -> None:
    (record,) = records(EVENT)

    assert record.event == EVENT.strip()


def test_a_missing_id_and_source_are_put_before_the_rest() -> None:
    (record,) = records(b'  {"type":"t","data":{"v":1.50}}\n')

    assert record.event.endswith(b',"type":"t","data":{"v":1.50}}')
    document = json.loads(record.event)
    assert (len(document["id"]), document["source"]) == (32, "events.jsonl")


def test_an_object_without_members_is_still_json() -> None:
    (record,) = records(b"{}")

    assert json.loads(record.event).keys() == {"id", "source"}


@pytest.mark.parametrize(
    "line", [b"{", b"[]", b"1", b"null", b"{} {}", b"\xff", b'{"a":NaN}', b"[" * 100_000, b"{'a':1}"]
)
def test_a_line_that_is_no_object_is_told_by_its_number(line: bytes) -> None:
    first, second = records(b"\n", EVENT, b"  \r\n", line)

    assert (first.line, first.fault) == (2, None)
    assert second.fault is not None
    assert second.fault.line == 4
    assert str(second.fault).startswith("line 4: ")


@pytest.mark.parametrize(
    "number", ["9" * 4_301, "-" + "9" * 4_301, "1e400", "1e1000000000000000000", "-0.5E-9000000000000000000"]
)
def test_a_number_past_what_any_type_holds_is_read_and_written_digit_by_digit(number: str) -> None:
    (record,) = records(f'{{"id":"1","data":{{"v":{number}}}}}'.encode())

    assert record.fault is None
    written = write_json(read_json(f'{{"v":[{number}]}}'))
    assert json.loads(written, parse_int=str, parse_float=str)["v"][0].upper().replace("+", "") == number.upper()


def test_a_byte_order_mark_is_no_fault() -> None:
    assert records(b"\xef\xbb\xbf" + EVENT)[0].event == EVENT.strip()


def test_a_stream_has_no_name_to_be_a_source() -> None:
    assert [one.fault is None for one in records(b'{"id":"1"}', EVENT, source=None)] == [False, True]


@pytest.mark.parametrize(
    ("line", "given", "is_fault"),
    [
        (b'{"type":"t"}', None, True),
        (b'{"type":"t","time":null}', None, True),
        (b'{"type":"t","source":"app"}', "f-1", True),
        (b'{"type":"t"}', "f-1", False),
        (b'{"type":"t","time":"2026-01-01T00:00:00Z"}', None, False),
        (b'{"type":"t","id":"1"}', None, False),
    ],
)
def test_a_line_that_an_equal_one_elsewhere_would_swallow_is_a_fault(
    line: bytes, given: str | None, *, is_fault: bool
) -> None:
    (record,) = json_line_records([line], Identity("events.jsonl", given))

    assert (record.fault is not None) is is_fault
    assert not record.fault or record.fault.field == "/id"


LINES = st.lists(st.sampled_from([b'{"a":%d}' % number for number in range(4)]))


@given(LINES, st.randoms(use_true_random=False))
def test_equal_lines_are_different_events_and_their_order_does_not_matter(lines: list[bytes], random: object) -> None:
    shuffled = sorted(lines, key=lambda _: random.random())  # type: ignore[attr-defined]

    ids = [json.loads(one.event)["id"] for one in records(*lines)]
    again = [json.loads(one.event)["id"] for one in records(*(line + b"\n" for line in shuffled))]

    assert len({*ids}) == len(lines)
    assert Counter(ids) == Counter(again)


@given(LINES, LINES)
def test_lines_that_are_added_change_no_identity(lines: list[bytes], added: list[bytes]) -> None:
    before = [one.event for one in records(*lines)]

    assert [one.event for one in records(*lines, *added)][: len(lines)] == before


def test_pointers_of_a_refusal_become_lines() -> None:
    batch = [Record(10, b"", b"{}"), Record(12, b"", b"{}")]
    refusal = Refusal(400, "Bad Request", faults=(FieldFault("/1/time", "late"), FieldFault("/0", "no object")))

    assert [str(one) for one in line_faults(refusal, batch)] == ["line 12: /time: late", "line 10: no object"]


@pytest.mark.parametrize("field", ["", "/", "/2/time", "/x", "query:limit", "/1x"])
def test_a_fault_that_names_no_event_of_the_batch_is_no_lines(field: str) -> None:
    refusal = Refusal(400, "Bad Request", faults=(FieldFault("/0/id", "empty"), FieldFault(field, "?")))

    assert line_faults(refusal, [Record(1, b"", b"{}"), Record(2, b"", b"{}")]) == []


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
    max_leaves=10,
)


@given(DOCUMENTS)
def test_json_comes_back_with_every_digit(document: object) -> None:
    assert read_json(write_json(document)) == document


def test_a_number_is_written_as_it_was_read() -> None:
    text = '{"sum":12345678901234567890.123456789012345678,"small":0.10}'

    assert write_json(read_json(text)) == text


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), object()])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        write_json(value)
