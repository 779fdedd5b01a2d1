"""`meterhouse backtest` against documents of the endpoint."""

from typing import Any

import pytest

from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import Asked, House

PLANS = "/api/v1/plans"
COUNTS = {"chosen": 3, "settled": 3, "compared": 2, "failed": 1, "raised": 1, "lowered": 0, "unchanged": 1}
FOUND: dict[str, Any] = {
    "id": "01B",
    "state": "incomplete",
    "currency": "USD",
    "customerCounts": COUNTS,
    "totals": {"old": "205.98", "new": "246.00", "difference": "40.02"},
    "quantiles": [{"percent": 50, "difference": "0"}, {"percent": 100, "difference": "40.02"}],
}
ROWS = [
    {
        "customerId": "01D",
        "customerKey": "bob",
        "state": "compared",
        "periods": 3,
        "old": "124.98",
        "new": "165.00",
        "difference": "40.02",
    },
    {"customerId": "01C", "state": "compared", "periods": 3, "old": "81.00", "new": "81.00", "difference": "0"},
    {
        "customerId": "01E",
        "customerKey": "cid",
        "state": "failed",
        "periods": 0,
        "reason": {"code": "currency_mismatch", "message": "it is in EUR"},
    },
]


def serve(house: House, *answers: dict[str, Any], rows: list[dict[str, Any]] = ROWS) -> None:
    """The endpoint's answers to one question after the other; the last to all that follow."""
    waiting = list(answers)

    def shown(asked: Asked) -> dict[str, Any]:
        if "orderBy" in asked.query:
            return {**answers[-1], "customers": {"items": rows}}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    house.documents |= {
        ("GET", f"{PLANS}/flights"): {"id": "01P", "key": "flights"},
        ("POST", f"{PLANS}/01P/backtest"): {**FOUND, "state": "running"},
        ("GET", f"{PLANS}/01P/backtests/01B"): shown,
    }


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("meterhouse.cli.backtest_command._POLL_SECONDS", 0)


def test_the_plan_s_latest_version_is_asked_for_what_was_typed(terminal: Terminal, house: House) -> None:
    serve(house, FOUND)
    words = ("--periods", "2", "--customer", "ann", "--customer", "bob", "--as-of", "2026-04-01")

    terminal.types("backtest", "flights", *words, status=1)

    plan, started = house.asked[:2]
    assert plan.query == {"includeLatest": ["true"]}
    assert started.json == {"periods": 2, "customers": ["ann", "bob"], "asOf": "2026-04-01T00:00:00Z"}


def test_it_waits_and_draws_customers_quantiles_and_a_histogram(terminal: Terminal, house: House) -> None:
    running = {**FOUND, "state": "running", "customerCounts": {"chosen": 3, "settled": 1}}
    serve(house, running, running, FOUND)

    ended = terminal.types("backtest", "flights", status=1)

    lines = [line.split() for line in ended.stdout.splitlines()]
    assert lines[0] == ["customer", "periods", "old", "new", "difference", "reason"]
    assert lines[1] == ["bob", "3", "124.98", "165.00", "40.02"]
    assert lines[2] == ["01C", "3", "81.00", "81.00", "0"]
    assert lines[3] == ["cid", "0", "it", "is", "in", "EUR"]
    assert lines[4] == ["total", "205.98", "246.00", "40.02"]
    assert ["100", "%", "40.02"] in lines
    assert next(line[:4] for line in lines if line[1:2] == ["…"]) == ["0", "…", "5", "1"]
    assert "1 of 3 customers could not be compared" in ended.stderr


def test_for_programs_it_is_one_document_with_all_customers(terminal: Terminal, house: House) -> None:
    serve(house, FOUND)

    assert terminal.reads("backtest", "flights", status=1) == {**FOUND, "customers": ROWS}


def test_all_compared_is_a_success(terminal: Terminal, house: House) -> None:
    counts = COUNTS | {"failed": 0, "chosen": 2}
    serve(house, {**FOUND, "state": "complete", "customerCounts": counts}, rows=ROWS[:2])

    terminal.types("backtest", "flights", status=0)


def test_more_customers_than_a_page_holds_are_asked_for_page_by_page(terminal: Terminal, house: House) -> None:
    counts = COUNTS | {"failed": 0, "chosen": 2001}
    serve(house, {**FOUND, "state": "complete", "customerCounts": counts}, rows=ROWS[:1])

    assert len(terminal.reads("backtest", "flights")["customers"]) == 3
    assert [asked.query["page"] for asked in house.asked if "orderBy" in asked.query] == [["1"], ["2"], ["3"]]


def test_a_workflow_that_broke_is_told(terminal: Terminal, house: House) -> None:
    serve(house, {name: value for name, value in FOUND.items() if name != "totals"} | {"state": "failed"})

    assert "broke before it was done" in terminal.types("backtest", "flights", status=1).stderr


def test_an_answer_of_something_else_is_no_backtest(terminal: Terminal, house: House) -> None:
    serve(house, {"state": "complete", "customerCounts": {"chosen": 1, "settled": 1}})

    assert "no backtest" in terminal.types("backtest", "flights", status=1).stderr


def test_periods_out_of_range_are_refused_before_anything_is_asked(terminal: Terminal, house: House) -> None:
    terminal.types("backtest", "flights", "--periods", "0", status=2)
    assert house.asked == []
