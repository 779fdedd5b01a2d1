"""`meterhouse backtest`: what customers would have paid for their last periods under another plan."""

import time
from typing import Annotated, Any

import typer

from meterhouse.cli.backtest_view import COLUMNS, NUMBERS, BacktestView, read_backtest
from meterhouse.cli.command import command
from meterhouse.cli.errors import Failed
from meterhouse.cli.http import STRANGER, Endpoint, Query, path_of
from meterhouse.cli.instants import read_instant
from meterhouse.cli.session import Session
from meterhouse.cli.terminal import counting_bar, ink, show_lines, show_table, width

_POLL_SECONDS = 0.5
_PAGE = 1000
_UNDER_WAY = "running"


def declare(group: typer.Typer) -> None:
    command(group, "backtest")(backtest)


def backtest(
    session: Session,
    plan: Annotated[str, typer.Argument(help="The plan's id; or its key, for its latest version, drafts too.")],
    periods: Annotated[int, typer.Option(min=1, max=36, help="So many billing periods that have ended.")] = 3,
    customer: Annotated[
        list[str] | None, typer.Option(help="Id or key; repeatable. Else all subscribers of the plan's key.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", help="Periods ended by then: instant or date; else the last full hour."),
    ] = None,
) -> None:
    """Old and new amounts a customer, quantiles and a histogram; exit status 1 when some could not be compared."""
    endpoint = session.endpoint
    asked = {"periods": periods, "customers": customer, "asOf": read_instant("--as-of", as_of)}
    body = {name: value for name, value in asked.items() if value is not None}
    try:
        plan_id = endpoint.get(path_of("plans", plan), {"includeLatest": "true"})["id"]
        # the same question is the same backtest, so that it may be asked again
        started = endpoint.post(path_of("plans", plan_id, "backtest"), body, repeatable=True)
        path = path_of("plans", plan_id, "backtests", started["id"])
        found = _finished(endpoint, path, started["customerCounts"]["chosen"])
        rows = _customers(endpoint, path, found["customerCounts"]["chosen"])
        view = None if found["state"] == "failed" else read_backtest(found, rows)
    except (KeyError, TypeError, ArithmeticError):
        raise Failed(f"the answer is no backtest: {STRANGER}") from None
    session.answer(found | {"customers": rows}, lambda: _draw(view))
    _judge(found)


def _finished(endpoint: Endpoint, path: str, customers: int) -> dict[str, Any]:
    """The backtest once it is not under way any more."""
    with counting_bar("customers", customers) as count:
        while True:
            found = endpoint.get(path, {"pageSize": 1})
            count(found["customerCounts"]["settled"])
            if found["state"] != _UNDER_WAY:
                return found
            time.sleep(_POLL_SECONDS)


def _customers(endpoint: Endpoint, path: str, count: int) -> list[dict[str, Any]]:
    """All of them, those who would pay most more first."""
    query: Query = {"orderBy": "difference", "order": "DESC", "pageSize": _PAGE}
    pages = range(1, -(-count // _PAGE) + 1)
    return [one for page in pages for one in endpoint.get(path, {**query, "page": page})["customers"]["items"]]


def _draw(view: BacktestView | None) -> None:
    if view is None:
        return
    show_table(COLUMNS, view.table, numbers=NUMBERS)
    show_lines(["", f"{view.currency} more a customer, by how many of them at most:"])
    show_table(("of customers", "difference"), view.quantiles, numbers=("of customers", "difference"))
    show_lines(["", *view.histogram(width(), ink())])


def _judge(found: dict[str, Any]) -> None:
    if found["state"] == "failed":
        raise Failed("the backtest's workflow broke before it was done: ask again with another --as-of")
    counts = found["customerCounts"]
    if counts["failed"]:
        raise Failed(f"{counts['failed']} of {counts['chosen']} customers could not be compared")
