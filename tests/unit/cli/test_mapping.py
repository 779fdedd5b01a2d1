"""From a CSV's row to a usage event."""

import csv
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.cli.csv_rows import csv_records
from meterhouse.cli.errors import Misused
from meterhouse.cli.mapping import RowMapping, parse_mapping
from meterhouse.cli.record import Identity, Record
from meterhouse.cli.template import parse_template
from meterhouse.client.json_text import read_json

ROW = {"carrier": "UA", "flight no": "12", "distance": "2565.10", "air_time": "NA", "late": "True", "tags": '["a"]'}
NAMED = ("type=flight.departed", "subject=@carrier")


def mapping(*maps: str, data: tuple[str, ...] = ()) -> RowMapping:
    return parse_mapping([*NAMED, *maps], data, ["NA"])


def rows(text: str | bytes, row_mapping: RowMapping, source: str | None = "f.csv") -> list[Record]:
    raw = text.encode() if isinstance(text, str) else text
    return list(csv_records(io.BytesIO(raw), row_mapping, Identity(None, source)))


def faults(records: list[Record]) -> list[tuple[int, str]]:
    return [(one.line, one.fault.field) for one in records if one.fault]


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("@carrier", "UA"),
        ("@carrier-@{flight no}", "UA-12"),
        ("@{carrier}X", "UAX"),
        ("ops@@example", "ops@example"),
        ("@@@carrier", "@UA"),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_template_puts_cells_for_columns(text: str, rendered: str) -> None:
    assert parse_template(text).render(ROW) == rendered


@pytest.mark.parametrize("text", ["@distance:numbr", "@{flight no}:int", "@late:Boolean"])
def test_a_kind_that_is_none_is_misuse(text: str) -> None:
    kind = text.rpartition(":")[2]
    with pytest.raises(Misused, match=f"'{kind}' is no kind .*text, number, boolean, json.*{text}:text"):
        mapping(data=(f"x={text}",))


@pytest.mark.parametrize(
    ("text", "value"),
    [("@carrier:@late", "UA:True"), ("@{flight no}:00", "12:00"), ("urn:x", "urn:x"), ("@late:int:text", "True:int")],
)
def test_a_colon_may_stand_in_a_text(text: str, value: str) -> None:
    assert mapping(data=(f"x={text}",)).event(ROW)["data"] == {"x": value}


@pytest.mark.parametrize("text", ["@", "a@ b", "@{}", "@-", "x@"])
def test_an_at_sign_without_a_column_is_misuse(text: str) -> None:
    with pytest.raises(Misused, match="followed by no column"):
        parse_template(text)


@given(st.text(), st.text(min_size=1).filter(lambda name: not {"{", "}"} & {*name}), st.text())
def test_any_text_can_be_written_as_a_template(text: str, column: str, cell: str) -> None:
    template = parse_template(text.replace("@", "@@") + f"@{{{column}}}")

    assert template.render({column: cell}) == text + cell


def test_every_kind_of_data_becomes_its_json() -> None:
    data = (
        "c=@carrier",
        "d=@distance:number",
        "a=@air_time:number",
        "l=@late:boolean",
        "t=@tags:json",
        "n=@{flight no}:text",
    )

    event = mapping("time=2026-01-01T00:00:00Z", data=data).event(ROW)

    assert event == {
        "specversion": "1.0",
        "type": "flight.departed",
        "subject": "UA",
        "time": "2026-01-01T00:00:00Z",
        "data": {"c": "UA", "d": Decimal("2565.10"), "a": None, "l": True, "t": ["a"], "n": "12"},
    }


def test_a_colon_that_names_no_kind_belongs_to_the_template() -> None:
    assert mapping(data=("at=@carrier:30",)).event(ROW)["data"] == {"at": "UA:30"}


@pytest.mark.parametrize(
    ("cell", "number"), [("1", "1"), ("+007", "7"), (".5", "0.5"), ("5.", "5"), ("1e3", "1E+3"), (" 2.50 ", "2.50")]
)
def test_a_number_keeps_its_digits(cell: str, number: str) -> None:
    (record,) = rows(f"v\n{cell}\n", parse_mapping(["type=t", "subject=s"], ["v=@v:number"], []))

    assert f'"v":{number}' in record.event.decode()
    json.loads(record.event)


@pytest.mark.parametrize("cell", ["x", "NaN", "inf", "1_000", "1,0", "0x1", "--1", "1e99999", "\u0661"])
def test_what_is_no_number_is_a_fault_of_its_line(cell: str) -> None:
    records = rows(f'v\n1\n"{cell}"\n', parse_mapping(["type=t", "subject=s"], ["v=@v:number"], []))

    assert faults(records) == [(3, "/data/v")]


@pytest.mark.parametrize(
    ("maps", "data", "told"),
    [
        (["type=t"], [], "--map subject"),
        ([], [], "--map type=… and --map subject"),
        ([*NAMED, "type=x"], [], "given twice"),
        ([*NAMED, "distance=@d"], [], "goes by --data"),
        ([*NAMED, "id"], [], "NAME=TEMPLATE"),
        (NAMED, ["=x"], "NAME=TEMPLATE"),
        (NAMED, ["v=@:number"], "followed by no column"),
    ],
)
def test_a_bad_mapping_is_told_before_anything_is_read(maps: list[str], data: list[str], told: str) -> None:
    with pytest.raises(Misused, match=told):
        parse_mapping(maps, data, [])


@pytest.mark.parametrize(
    ("text", "told"),
    [("carrier,x\nUA,1\n", "no column flight no"), ("", "no header"), ("carrier,x,x\n", "column x twice")],
)
def test_a_header_that_does_not_fit_is_misuse(text: str, told: str) -> None:
    with pytest.raises(Misused, match=told):
        rows(text, mapping("id=@{flight no}"))


def test_faults_carry_the_line_where_their_row_begins() -> None:
    text = b'carrier,n\nUA,"two\nlines"\n\nUA\n,1\n\xff,1\nUA,"open'

    records = rows(text, mapping())

    assert faults(records) == [(5, ""), (6, "/subject"), (7, ""), (8, "")]
    assert [one.line for one in records if not one.fault] == [2]
    assert b"".join(one.raw for one in records) == text.removeprefix(b"carrier,n\n").replace(b"\n\n", b"\n", 1)


@pytest.mark.parametrize("cell", ["", "NA"])
def test_no_identity_is_composed_of_a_missing_cell(cell: str) -> None:
    records = rows(f"carrier,date,order\nUA,2026-01-01,7\nUA,2026-01-01,{cell}\n", mapping("id=@date/@order"))

    assert faults(records) == [(3, "/id")]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)


@given(st.lists(st.tuples(CELLS, CELLS), max_size=8))
def test_every_row_of_a_sound_table_is_an_event_with_its_cells(table: list[tuple[str, str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([("a", "b"), *table])
    plan = parse_mapping(["type=t", "subject=s@a", "id=i@b"], ["a=x@a"], [])

    events = [read_json(one.event.decode()) for one in rows(text.getvalue(), plan)]

    assert [(event["subject"], event["id"], event["data"]["a"]) for event in events] == [
        (f"s{a}", f"i{b}", f"x{a}") for a, b in table
    ]


def test_a_row_without_an_id_gets_one_of_its_line_and_the_files_name() -> None:
    first, second, third = (read_json(one.event.decode()) for one in rows("carrier\nUA\nUA\nAA\n", mapping()))

    assert (second["id"], first["source"]) == (f"{first['id']}-2", "f.csv")
    assert first["id"] != third["id"]


def test_rows_of_a_stream_need_a_source() -> None:
    assert faults(rows("carrier\nUA\n", mapping(), source=None)) == [(2, "/source")]
    assert faults(rows("carrier\nUA\n", mapping("source=here", "id=@carrier"), source=None)) == []
