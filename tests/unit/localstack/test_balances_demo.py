"""What the demo tells of two carriers' balances, and that it finds a number that is not the data set's."""

import json
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from localstack.demo.balances import burn_down, january_of, print_balances
from localstack.demo.client import Client
from localstack.demo.offer import INCLUDED

NAMES = {"UA": "United", "DL": "Delta"}
FEBRUARY = "2013-02-01T00:00:00Z"


class Told(Client):
    """Answers with what each carrier used on two days of January; what is left now is what was left then."""

    def __init__(self, **used: tuple[str, str]) -> None:
        self._used = used
        self.asked: list[tuple[str, dict[str, object]]] = []

    def get(self, path: str, **query: object) -> Any:
        self.asked.append((path, query))
        code, what = path.split("/")[4].upper(), path.rpartition("/")[2]
        first, second = map(Decimal, self._used[code])
        left = max(INCLUDED - first - second, Decimal(0))
        if what == "value":
            return json.loads(f'{{"balance": {left}}}')
        days = (("2013-01-01T00:00:00Z", first, INCLUDED), ("2013-01-02T00:00:00Z", second, INCLUDED - first))
        segments = (
            ("2013-01-01T00:00:00Z", FEBRUARY, left, max(first + second - INCLUDED, Decimal(0))),
            (FEBRUARY, FEBRUARY, Decimal(INCLUDED), Decimal(0)),
        )
        return {
            "windowedHistory": [
                {"period": {"from": at}, "usage": int(used), "balanceAtStart": int(start)} for at, used, start in days
            ],
            "burndownHistory": [
                {"period": {"from": at, "to": to}, "balanceAtEnd": int(end), "overage": int(over)}
                for at, to, end, over in segments
            ],
        }


def shown(client: Client, **departures: int) -> tuple[list[str], str]:
    """The faults found, and what was printed."""
    text = StringIO()
    console = Console(file=text, width=100, color_system=None)
    return print_balances(console, client, NAMES, departures), text.getvalue()


def test_departures_of_january_are_counted_by_carrier() -> None:
    times = ("2013-01-01T05:15:00Z", "2013-01-31T23:59:00Z", "2013-02-01T00:00:00Z", "2013-11-01T00:00:00Z")
    events = [{"subject": code, "time": time} for code in ("UA", "DL") for time in times]

    assert january_of([*events, {"subject": "UA", "time": times[0]}]) == {"UA": 3, "DL": 2}


def test_a_burn_down_ends_where_january_does() -> None:
    client = Told(UA=("3900", "300"))

    told = burn_down(client, "UA")

    assert told.days == [("2013-01-01", Decimal(INCLUDED)), ("2013-01-02", Decimal(100))]
    assert (told.used, told.left, told.beyond) == (Decimal(4200), Decimal(0), Decimal(200))
    [(path, query)] = client.asked
    assert path == "/api/v2/customers/ua/entitlements/departures/history"
    assert query == {"from": "2013-01-01T00:00:00Z", "to": FEBRUARY, "windowSize": "DAY"}


def test_balances_that_are_the_data_set_s_have_no_fault() -> None:
    faults, text = shown(Told(UA=("3900", "300"), DL=("1000", "500")), UA=4200, DL=1500)

    assert faults == []
    rows = {line.split()[0]: line.split()[1:] for line in text.splitlines() if line.split()}
    assert rows["UA"] == ["United", "4,000", "4,200", "0", "200", "0"]
    assert rows["DL"] == ["Delta", "4,000", "1,500", "2,500", "0", "2,500"]


@pytest.mark.parametrize("departures", [1499, 1501])
def test_one_departure_too_few_or_too_many_is_a_fault_of_its_carrier(departures: int) -> None:
    faults, _ = shown(Told(UA=("3900", "300"), DL=("1000", "500")), UA=4200, DL=departures)

    assert [fault.partition(":")[0] for fault in faults] == ["DL"]
    assert f"{departures} departures" in faults[0]
