"""`meterhouse conservation`: a report in which something is astray ends badly."""

import pytest

from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import House

REPORT = ("GET", "/api/v1/debug/conservation")
HOUR = {
    "accepted": 9,
    "counted": 9,
    "unmatched": 0,
    "invalid": 0,
    "duplicate": 0,
    "conflict": 0,
    "dead": 0,
    "pending": 0,
    "astray": 0,
}


def test_conservation_that_holds_is_status_0(terminal: Terminal, house: House) -> None:
    hour = HOUR | {"duplicate": 2, "unexplained": 0}
    house.documents[REPORT] = {
        "hours": [{"hour": "2026-01-01T00:00:00Z", **hour}],
        "totals": hour,
    }

    told = terminal.types("conservation", "--meter", "miles", "--from", "2026-01-01").stdout

    assert [line.split() for line in told.splitlines()] == [
        ["hour", "accepted", "counted", "duplicate", "unexplained", "astray"],
        ["2026-01-01T00Z", "9", "9", "2", "0", "0"],
        ["total", "9", "9", "2", "0", "0"],
    ]
    assert house.asked[0].query == {"meter": ["miles"], "from": ["2026-01-01T00:00:00Z"]}


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_an_unexplained_event_stands_out_though_the_total_is_sound(
    terminal: Terminal, house: House, options: list[str]
) -> None:
    hours = [{"hour": f"2026-01-01T0{n}:00:00Z", **HOUR, "unexplained": n, "astray": abs(n)} for n in (-1, 0, 1)]
    house.documents[REPORT] = {"hours": hours, "totals": HOUR | {"unexplained": 0}}

    ended = terminal.types("conservation", *options, status=1)

    assert "events astray: 2026-01-01T0-1:00:00Z, 2026-01-01T01:00:00Z\n" in ended.stderr
    assert ("!! -1" in ended.stdout) is not bool(options)


def test_a_lost_and_a_doubled_event_of_one_hour_do_not_cancel_out(terminal: Terminal, house: House) -> None:
    hour = HOUR | {"unexplained": 0, "astray": 2}
    house.documents[REPORT] = {
        "hours": [{"hour": "2026-01-01T00:00:00Z", **hour}],
        "totals": hour,
    }

    ended = terminal.types("conservation", status=1)

    assert "events astray: 2026-01-01T00:00:00Z, total\n" in ended.stderr
    assert ended.stdout.splitlines()[-1].split() == ["total", "9", "9", "0", "!!", "2"]
