"""Events onto Amazon EventBridge: in calls that it takes, and whatever it does not take is told."""

from datetime import UTC, datetime
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.platform import aws
from meterhouse.platform.eventbridge import LARGEST_CALL, EventBridge

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Bus:
    def __init__(self) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self.refused: set[int] = set()
        self.is_silent = False

    def __call__(self, service: str, target: str, payload: dict[str, Any]) -> dict[str, Any]:
        assert (service, target) == ("events", "AWSEvents.PutEvents")
        if self.is_silent:
            raise Unavailable("no answer")
        self.calls.append(payload["Entries"])
        answers = [{"ErrorCode": "InternalFailure"} if n in self.refused else {"EventId": "x"} for n in range(10)]
        entries = answers[: len(payload["Entries"])]
        return {"FailedEntryCount": sum("ErrorCode" in one for one in entries), "Entries": entries}


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Bus:
    made = Bus()
    monkeypatch.setattr(aws, "call", made)
    return made


def event(number: int, letters: int = 1) -> dict[str, Any]:
    known = {"namespace": "acme", "id": f"E{number}", "type": "t", "subject": "s", "occurred_at": AT}
    return known | {"data": {"text": "x" * letters}}


def size(entry: dict[str, Any]) -> int:
    """As https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html counts."""
    return 14 + sum(len(entry[name].encode()) for name in ("Source", "DetailType", "Detail"))


def test_few_small_events_are_one_call(bus: Bus) -> None:
    assert EventBridge("bus").put([event(number) for number in range(10)]) == []
    assert [len(entries) for entries in bus.calls] == [10]


def test_calls_have_at_most_ten_events_and_256_kb(bus: Bus) -> None:
    events = [event(number, letters) for number, letters in enumerate([1] * 12 + [100_000] * 5 + [200_000, 62_000, 1])]
    assert EventBridge("bus").put(events) == []
    assert [len(entries) for entries in bus.calls] == [10, 4, 2, 1, 1, 2]
    assert all(sum(map(size, entries)) <= LARGEST_CALL for entries in bus.calls)


def test_an_event_that_no_call_holds_is_refused_and_the_others_go(bus: Bus) -> None:
    assert EventBridge("bus").put([event(1), event(2, LARGEST_CALL), event(3)]) == ["E2"]
    assert [len(entries) for entries in bus.calls] == [2]


def test_what_the_bus_refused_is_told_by_its_id(bus: Bus) -> None:
    bus.refused = {1}
    assert EventBridge("bus").put([event(number) for number in range(12)]) == ["E1", "E11"]


def test_a_bus_that_does_not_answer_is_unavailable(bus: Bus) -> None:
    bus.is_silent = True
    with pytest.raises(Unavailable):
        EventBridge("bus").put([event(1)])
