"""CloudEvents as a producer sends them: departures, as in the demo."""

import json
from random import Random
from typing import Any
from uuid import UUID

_DESTINATIONS = ("IAH", "MIA", "BQN", "ATL", "ORD")
_ORIGINS = ("EWR", "LGA", "JFK")
_CARRIERS = ("AA", "B6", "DL", "EV", "MQ", "UA", "US", "WN")


def departures(count: int) -> list[dict[str, Any]]:
    return [_departure(number) for number in range(count)]


def distinct_departures(count: int, seed: int) -> list[dict[str, Any]]:
    """Of one hour, as they come: with random ids, no two alike for different seeds, and readings that vary."""
    chance = Random(seed)  # noqa: S311 - nothing is secret
    return [_varied(event, chance) for event in departures(count)]


def body_of(events: list[dict[str, Any]]) -> bytes:
    """A request body: the one event, or the array of many."""
    return json.dumps(events[0] if len(events) == 1 else events, separators=(",", ":")).encode()


def _varied(event: dict[str, Any], chance: Random) -> dict[str, Any]:
    data = {
        "origin": chance.choice(_ORIGINS),
        "dest": chance.choice(_DESTINATIONS),
        "distance": chance.randrange(80, 5000),
        "air_time": chance.randrange(20, 700),
        "tailnum": f"N{chance.randrange(10_000, 100_000)}",
    }
    at = f"2013-01-01T00:{chance.randrange(60):02}:{chance.randrange(60):02}Z"
    subject = chance.choice(_CARRIERS)
    return event | {"id": str(UUID(int=chance.getrandbits(128))), "subject": subject, "time": at, "data": data}


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
