"""The demo under faults compares the year when nothing is on its way any more, and stops at no kill too few."""

from typing import Any

import pytest
from rich.progress import Progress

from localstack.demo import __main__ as demo
from localstack.demo.__main__ import keep_sending, settled_year
from localstack.demo.client import Client, Refused
from localstack.demo.flights import CarrierYear

EXPECTED = {"UA": CarrierYear(departures=1, miles=1)}


class Endpoint(Client):
    """Answers of one moment after another: usage, and what is pending, which a busy house does not say."""

    def __init__(self, *moments: tuple[int, int | None]) -> None:
        self._moments = list(moments)
        self.sent = 0

    def post(self, path: str, body: object, content_type: str = "application/json") -> Any:
        del body, content_type
        self.sent += path.endswith("/events")
        return {"data": [{"subject": "UA", "value": self._moments[0][0]}]}

    def get(self, path: str, **query: object) -> Any:
        del path, query
        pending = self._moments[0][1]
        if len(self._moments) > 1:
            self._moments.pop(0)
        if pending is None:
            raise Refused(502, "timed out")
        return {"totals": {"accepted": 2, "pending": pending, "astray": 0}}


class Killer:
    """Kills once for every third batch."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    @property
    def killed(self) -> int:
        return self._endpoint.sent // 3


def test_what_is_still_on_its_way_is_waited_for_and_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "BETWEEN_REPORTS_SECONDS", 0)
    endpoint = Endpoint((1, 5), (1, None), (1, 2), (2, 0))

    year, account = settled_year(endpoint, EXPECTED, Progress())

    assert year == {"UA": CarrierYear(departures=2, miles=2)}
    assert account["pending"] == 0


def test_batches_are_sent_again_until_the_last_kill(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "BETWEEN_BATCHES_SECONDS", 0)
    endpoint = Endpoint((1, 0))

    keep_sending(endpoint, [[{}], [{}]], Killer(endpoint), 4, Progress())

    assert endpoint.sent == 12
