"""Every other command against documents of the contract."""

import json
from typing import Any

import pytest

from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import KEY, Answer, Asked, House

EXACT = "12345678901234567890.123456789012345678"
METER = {"id": "01A", "slug": "miles", "aggregation": "SUM", "eventType": "flight", "groupBy": {"origin": "$.origin"}}
LETTER = {
    "topic": "events",
    "partition": 0,
    "offset": 7,
    "reason": "no JSON",
    "deadAt": "2026-01-01T00:00:00Z",
    "bytes": 3,
}
V1, DEBUG = "/api/v1/", "/api/v1/debug/"


def row(value: str, day: int = 1, **group: str) -> str:
    start, end = f"2026-01-{day:02}T00:00:00Z", f"2026-01-{day + 1:02}T00:00:00Z"
    return (
        f'{{"value":{value},"windowStart":"{start}","windowEnd":"{end}","subject":null,"groupBy":{json.dumps(group)}}}'
    )


def result(*rows: str) -> str:
    return f'{{"data":[{",".join(rows)}]}}'


def paged(items: list[Any]) -> object:
    """A list by cursor, two items a page."""

    def answer(asked: Asked) -> dict[str, Any]:
        start = int(asked.query.get("cursor", ["0"])[0])
        following = {"nextCursor": str(start + 2)} if start + 2 < len(items) else {}
        return {"items": items[start : start + 2], **following}

    return answer


def test_meters_are_listed(terminal: Terminal, house: House) -> None:
    house.documents["GET", V1 + "meters"] = [METER]

    assert terminal.reads("meters", "list") == [METER]
    told = terminal.types("meters", "list").stdout
    assert told.splitlines()[1].split() == ["miles", "SUM", "flight", "origin=$.origin", "01A"]


def test_every_page_of_a_long_list_is_asked_for(terminal: Terminal, house: House) -> None:
    pages = {"1": [METER] * 1000, "2": [METER] * 3}
    house.documents["GET", V1 + "meters"] = lambda asked: pages[asked.query["page"][0]]

    assert len(terminal.reads("meters", "list")) == 1003


def test_a_meter_is_shown_with_its_backfill(terminal: Terminal, house: House) -> None:
    backfill = {"meterId": "01A", "status": "running", "readEvents": 5, "totalEvents": 20}
    house.documents |= {("GET", V1 + "meters/miles"): METER, ("GET", V1 + "meters/miles/backfill"): backfill}

    assert terminal.reads("meters", "show", "miles") == METER | {"backfill": backfill}
    assert "running, 5 of 20 events read" in terminal.types("meters", "show", "miles").stdout


def test_a_backfill_that_nobody_tells_of_is_unknown(terminal: Terminal, house: House) -> None:
    house.documents["GET", V1 + "meters/miles"] = METER

    assert terminal.reads("meters", "show", "miles")["backfill"] is None
    assert "unknown" in terminal.types("meters", "show", "miles").stdout


def test_a_meter_is_created_updated_and_deleted(terminal: Terminal, house: House) -> None:
    house.documents |= {
        ("POST", V1 + "meters"): METER,
        ("PUT", V1 + "meters/miles"): METER,
        ("DELETE", V1 + "meters/miles"): lambda _: None,
    }
    options = ("--aggregation", "sum", "--value-property", "$.distance", "--group-by", "origin=$.origin")

    assert terminal.reads("meters", "create", "miles", "--event-type", "flight", *options) == METER
    assert terminal.reads("meters", "update", "miles", "--name", "Miles", "--metadata", "a=b=c") == METER
    assert terminal.reads("meters", "delete", "miles") == {"deleted": "miles"}
    created, updated, _ = house.asked
    assert created.json == {
        "slug": "miles",
        "eventType": "flight",
        "aggregation": "SUM",
        "valueProperty": "$.distance",
        "groupBy": {"origin": "$.origin"},
    }
    assert updated.json == {"name": "Miles", "metadata": {"a": "b=c"}}


def test_what_may_not_be_repeated_is_not(terminal: Terminal, house: House) -> None:
    house.before = lambda _: (0, {}, "")

    ended = terminal.types("meters", "create", "miles", "--event-type", "flight", status=3)

    assert len(house.asked) == 1
    assert "whether the request was carried out is not known" in ended.stderr


def test_a_query_is_drawn_with_every_digit(terminal: Terminal, house: House) -> None:
    exact = row("12345678901234567000", origin="EWR").replace("{", f'{{"exactValue":"{EXACT}",', 1)
    house.documents["POST", V1 + "meters/miles/query"] = result(exact, row("1.10", origin="JFK"))

    told = terminal.types("query", "miles", "--group-by", "origin").stdout.splitlines()
    document = terminal.types("query", "miles", "--group-by", "origin", "--json").stdout

    assert told[0].startswith(f"EWR {EXACT}  █")
    assert all(len(line) <= 80 for line in told[:2])
    assert told[-2].split()[2:] == ["EWR", EXACT]
    assert f'"exactValue":"{EXACT}"' in document
    assert '"value":1.10' in document


def test_a_query_asks_what_was_typed(terminal: Terminal, house: House) -> None:
    house.documents["POST", V1 + "meters/miles/query"] = result()
    zone = ("--window", "day", "--zone", "Europe/Berlin", "--from", "2026-07-01", "--to", "2026-08-01T00:00:00Z")
    filters = ("--filter", "origin=EWR", "--filter", "origin=JFK", "--subject", "UA", "--customer", "01C")

    told = terminal.types("query", "miles", *zone, *filters, "--group-by", "origin", "--group-by", "subject")

    assert told.stdout == "no usage\n"
    assert house.asked[0].json == {
        "from": "2026-06-30T22:00:00Z",
        "to": "2026-08-01T00:00:00Z",
        "windowSize": "DAY",
        "windowTimeZone": "Europe/Berlin",
        "subject": ["UA"],
        "filterCustomerId": ["01C"],
        "groupBy": ["origin", "subject"],
        "filterGroupBy": {"origin": ["EWR", "JFK"]},
    }


def test_windows_of_groups_are_lines_and_no_name_commands_the_terminal(terminal: Terminal, house: House) -> None:
    rows = [row(str(day), day, origin=origin) for origin in ("E\x1b[31mWR", "JFK") for day in (1, 2)]
    house.documents["POST", V1 + "meters/miles/query"] = result(*rows)

    told = terminal.types("query", "miles", "--window", "DAY", "--group-by", "origin").stdout

    assert "▁█  1 … 2" in told.splitlines()[0]
    assert "\x1b" not in told


def test_a_query_gives_csv(terminal: Terminal, house: House) -> None:
    house.before = lambda asked: (200, {}, "window_start,value\r\n") if asked.headers["accept"] == "text/csv" else None

    assert terminal.types("query", "miles", "--csv").stdout_bytes == b"window_start,value\r\n"


def test_events_are_listed_with_what_kept_a_meter_from_reading_one(terminal: Terminal, house: House) -> None:
    event = {"id": "1", "source": "s", "type": "t", "subject": "UA", "time": "2026-01-01T00:00:00Z", "data": {"v": "x"}}
    found = {"event": event, "validationError": "miles: no number", "ingestedAt": "2026-01-01T00:00:00Z"}
    house.documents["GET", "/api/v2/events"] = paged([found] * 5)

    assert len(terminal.reads("events", "list", "--limit", "3")) == 3
    told = terminal.types("events", "list", "--subject", "UA", "--id", "1", "--from", "2026-01-01").stdout
    assert "miles: no number" in told
    assert json.loads(house.asked[-1].query["filter"][0]) == {
        "subject": {"$eq": "UA"},
        "id": {"$eq": "1"},
        "time": {"$gte": "2026-01-01T00:00:00Z"},
    }


@pytest.mark.parametrize("number", ["9" * 5_000, "1e1000000000000000000"])
def test_an_event_whose_number_nothing_holds_is_listed_beside_the_others(
    terminal: Terminal, house: House, number: str
) -> None:
    event = {"id": "1", "source": "s", "type": "t", "subject": "UA", "time": "2026-01-01T00:00:00Z", "data": {"v": "?"}}
    page = json.dumps({"items": [{"event": event}] * 2}).replace('"?"', number)
    house.before = lambda _: (200, {"content-type": "application/json"}, page)

    assert number in terminal.types("events", "list").stdout
    assert f'{{"v":{number}}}' in terminal.types("events", "list", "--json").stdout


def test_subjects_and_customers_are_listed(terminal: Terminal, house: House) -> None:
    customer = {"id": "01C", "name": "United", "key": "ua", "usageAttribution": {"subjectKeys": ["UA", "UAX"]}}
    house.documents["GET", V1 + "subjects"] = [{"id": "01S", "key": "UA", "displayName": "United"}]
    house.documents["GET", V1 + "customers"] = {"items": [customer], "totalCount": 1, "page": 1, "pageSize": 1000}

    assert terminal.types("subjects", "list").stdout.splitlines()[1].split() == ["UA", "United", "01S"]
    assert terminal.reads("customers", "list") == [customer]
    assert "UA, UAX" in terminal.types("customers", "list").stdout


def test_dead_letters_are_listed_and_shown(terminal: Terminal, house: House) -> None:
    letters = [{"id": f"0-{n}", **LETTER} for n in range(5)]
    house.documents["GET", DEBUG + "dead-letters"] = paged(letters)
    house.documents["GET", DEBUG + "dead-letters/0-1"] = letters[1] | {"preview": "{\x07\n[", "recordBase64": "e1s="}

    assert terminal.reads("dead-letters", "list") == letters
    assert "no JSON" in terminal.types("dead-letters", "list", "--limit", "1").stdout
    assert terminal.types("dead-letters", "show", "0-1").stdout.splitlines()[-2:] == ["{\\u0007", "["]


def test_all_that_were_not_replayed_are_replayed(terminal: Terminal, house: House) -> None:
    letters = [
        {"id": f"0-{n}", **LETTER, **({"replayedAt": "2026-01-02T00:00:00Z"} if n == 1 else {})} for n in range(4)
    ]
    house.documents["GET", DEBUG + "dead-letters"] = paged(letters)
    for letter in letters[:3]:
        house.documents["POST", f"{DEBUG}dead-letters/{letter['id']}/replay"] = letter

    done = terminal.reads("dead-letters", "replay", "--all", status=1)

    assert [one["id"] for one in done["replayed"]] == ["0-0", "0-2"]
    assert [one["id"] for one in done["refused"]] == ["0-3"]
    assert terminal.types("dead-letters", "replay", "0-1").stdout == "1 replayed\n"


def test_conflicts_show_both_writings(terminal: Terminal, house: House) -> None:
    written = {"type": "t", "subject": "UA", "time": "2026-01-01T00:00:00Z", "ingestedAt": "2026-01-01T00:00:01Z"}
    conflict = {"id": "1", "source": "s", "first": written, "later": written | {"subject": "AA"}}
    house.documents["GET", DEBUG + "conflicts"] = paged([conflict] * 3)

    assert terminal.reads("conflicts", "--limit", "2") == [conflict] * 2
    assert [line.split()[-3] for line in terminal.types("conflicts", "--limit", "1").stdout.splitlines()[1:]] == [
        "UA",
        "AA",
    ]


@pytest.mark.parametrize(
    ("words", "path"),
    [
        (("events", "list"), "/api/v2/events"),
        (("dead-letters", "list"), DEBUG + "dead-letters"),
        (("conflicts",), DEBUG + "conflicts"),
        (("audit",), V1 + "audit-log"),
    ],
)
def test_a_limit_past_all_there_is_gives_all_there_is(
    terminal: Terminal, house: House, words: tuple[str, ...], path: str
) -> None:
    house.documents["GET", path] = paged([{"id": str(number)} for number in range(5)])

    assert len(terminal.reads(*words, "--limit", "9" * 30)) == 5
    assert len(house.asked) == 3
    assert len(terminal.reads(*words, "--limit", "4")) == 4
    assert len(house.asked) == 3 + 2


def test_findings_of_the_audit_are_listed_and_let_be(terminal: Terminal, house: House) -> None:
    found = {
        "id": "01F",
        "kind": "grant_overdrawn",
        "customerId": "01C",
        "detail": "remaining -1",
        "foundAt": "2026-01-01",
    }
    pages = {"1": [found], "2": []}
    house.documents["GET", V1 + "billing/audit-findings"] = lambda asked: {
        "items": pages[asked.query["page"][0]] if asked.query.get("open") == ["true"] else [found, found]
    }
    house.documents["POST", V1 + "billing/audit-findings/01F/resolve"] = lambda asked: (
        found | {"resolvedAt": "2026-01-02", "reason": asked.json["reason"]}
    )

    assert terminal.reads("findings", "list") == [found]
    assert terminal.reads("findings", "list", "--all") == [found, found]
    assert terminal.reads("findings", "resolve", "01F", "--reason", "agreed")["reason"] == "agreed"
    assert "grant_overdrawn" in terminal.types("findings", "list").stdout


def test_nothing_found_is_said(terminal: Terminal, house: House) -> None:
    house.documents["GET", V1 + "meters"] = []

    assert terminal.types("meters", "list").stdout == "nothing found\n"


PROBLEM: Answer = (
    400,
    {"content-type": "application/problem+json"},
    (
        '{"title":"Bad Request","detail":"1 fault(s)",'
        '"extensions":{"validationErrors":[{"field":"query:to","message":"late"}]}}'
    ),
)


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_problem_is_told_with_its_fields_beside_stdout(terminal: Terminal, house: House, options: list[str]) -> None:
    house.before = lambda _: PROBLEM

    ended = terminal.types("meters", "list", *options, status=1)

    assert ended.stdout == ""
    assert ended.stderr == "root meters list: 400 Bad Request: 1 fault(s)\n  query:to: late\n"


def test_options_may_stand_before_the_command(terminal: Terminal, house: House) -> None:
    house.documents["GET", V1 + "subjects"] = []
    words = ("--url", house.url, "--json", "--api-key", KEY, "subjects", "list")

    told = terminal.types(*words, METERHOUSE_URL=None, METERHOUSE_API_KEY=None)

    assert told.stdout == "[]\n"


def test_the_local_stacks_file_is_enough(terminal: Terminal, house: House) -> None:
    house.documents["GET", V1 + "subjects"] = []
    (terminal.folder / ".local").mkdir()
    (terminal.folder / ".local/stack.env").write_text(f"METERHOUSE_URL={house.url}\nMETERHOUSE_API_KEY={KEY}\n")

    terminal.types("subjects", "list", METERHOUSE_URL=None, METERHOUSE_API_KEY=None)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["meters", "list", "--url", "http://127.0.0.1:1"], 3, "no answer from http://127.0.0.1:1: "),
        (["meters", "list", "--url", "here"], 2, "is no address"),
        (["meters", "list", "--api-key", "wrong"], 1, "401 Unauthorized"),
        (["meters", "show", "none"], 1, "404 Not Found: thing '/api/v1/meters/none' not found"),
        (["meters", "show", ".."], 2, "names nothing"),
        (["meters", "update", "miles"], 2, "nothing to change"),
        (["meters", "create", "miles", "--event-type", "t", "--group-by", "x"], 2, "write NAME=TEXT"),
        (["query", "miles", "--csv", "--json"], 2, "choose one"),
        (["query", "miles", "--filter", "x"], 2, "write KEY=VALUE"),
        (["query", "miles", "--from", "noon"], 2, "neither a date nor an RFC 3339 instant"),
        (["query", "html"], 1, "is no JSON"),
        (["query", "list"], 1, "is no object"),
        (["query", "other"], 1, "is no usage"),
        (["conservation"], 1, "is no report"),
        (["subjects", "list"], 1, "404 Not Found"),
        (["customers", "list"], 1, "is no list"),
        (["dead-letters", "replay"], 2, "name the dead letters, or give --all"),
        (["dead-letters", "replay", "--all", "0-1"], 2, "name the dead letters, or give --all"),
        (["nonsense"], 2, "nonsense"),
        (["meters", "list", "--nonsense"], 2, "--nonsense"),
    ],
)
def test_every_bad_end_has_its_status_and_its_sentence(
    terminal: Terminal, house: House, words: list[str], status: int, told: str
) -> None:
    house.documents |= {
        ("POST", V1 + "meters/html/query"): "<html>",
        ("POST", V1 + "meters/list/query"): "[1]",
        ("POST", V1 + "meters/other/query"): {"data": [{"value": "x"}]},
        ("GET", DEBUG + "conservation"): {"hours": []},
        ("GET", V1 + "customers"): {"hello": "world"},
    }

    ended = terminal.types(*words, status=status)

    assert ended.stdout == ""
    assert told in " ".join(ended.stderr.split())


def test_a_number_of_retries_that_is_none_is_misuse(terminal: Terminal) -> None:
    assert "is no number of retries" in terminal.types("meters", "list", status=2, METERHOUSE_RETRIES="x").stderr
