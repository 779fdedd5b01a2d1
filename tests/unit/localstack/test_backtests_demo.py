"""What the demo tells of its backtests: the carriers' invoices again, and a carrier whose do not come out."""

import io
from typing import Any

import pytest
from rich.console import Console

from localstack.demo.backtests import BacktestFailedError, backtest, print_backtests

INVOICES = {"UA": [{"totals": {"total": "100.50"}}, {"totals": {"total": "99.50"}}], "AA": [{"totals": {"total": "7"}}]}
NAMES = {"UA": "United", "AA": "American"}


class Endpoint:
    """Answers with a backtest of each plan: the plan that is sold, and the draft."""

    def __init__(self, again: str = "200.00", state: str = "complete") -> None:
        self.again = again
        self.state = state
        self.asked: dict[str, Any] = {}

    def get(self, path: str, **_: object) -> Any:
        if path == "/api/v1/plans":
            return {"items": [{"id": "draft", "status": "draft"}]}
        is_draft = "/plans/draft/" in path
        united, american = ("210.00", "6.00") if is_draft else (self.again, "7.00")
        rows = [_row("ua", "200.00", united), _row("aa", "7.00", american)]
        totals = {"old": "207.00", "new": "216.00" if is_draft else "207.00", "difference": "9.00" if is_draft else "0"}
        quantiles = [{"percent": 0, "difference": "-1.00"}, {"percent": 50, "difference": "-1.00"}]
        found = {"id": "b", "state": self.state, "currency": "USD", "totals": totals, "customers": {"items": rows}}
        return {**found, "quantiles": [*quantiles, {"percent": 100, "difference": "10.00"}]}

    def post(self, path: str, body: dict[str, Any]) -> Any:
        self.asked[path] = body
        return {"id": "b"}


def _row(key: str, old: str, new: str) -> dict[str, Any]:
    return {"customerKey": key, "old": old, "new": new, "difference": f"{float(new) - float(old):.2f}"}


def told(endpoint: Endpoint) -> tuple[list[str], str]:
    page = io.StringIO()
    console = Console(file=page, width=120)
    faults = print_backtests(console, endpoint, "sold", NAMES, INVOICES)  # type: ignore[arg-type] # all that is called
    return faults, page.getvalue()


def test_the_plan_again_and_the_draft_stand_beside_the_invoices() -> None:
    endpoint = Endpoint()

    faults, page = told(endpoint)

    assert faults == []
    assert "come to the same cent" in page
    rows = [line.split() for line in page.splitlines()]
    assert ["UA", "United", "200.00", "200.00", "0.00", "210.00", "10.00"] in rows
    assert ["all", "207.00", "207.00", "0", "216.00", "9.00"] in rows
    assert "customers" not in endpoint.asked["/api/v1/plans/sold/backtest"]
    assert endpoint.asked["/api/v1/plans/draft/backtest"]["customers"] == ["aa", "ua"]


def test_a_carrier_whose_invoices_do_not_come_out_is_a_fault() -> None:
    faults, page = told(Endpoint(again="200.01"))

    assert [fault.partition(":")[0] for fault in faults] == ["ua"]
    assert "come to the same cent" not in page


def test_a_backtest_that_does_not_compare_everybody_ends_the_demo() -> None:
    with pytest.raises(BacktestFailedError, match="incomplete"):
        backtest(Endpoint(state="incomplete"), "sold")  # type: ignore[arg-type] # all that is called
