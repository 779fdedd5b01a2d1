"""Files to ingest, and endpoints that do not take them."""

import json

from tests.integration.cli.endpoint import EVENTS, Answer

BUSY: Answer = (503, {"retry-after": "0"}, "")
GONE: Answer = (0, {}, "")
FLIGHTS = "carrier,origin,n,date,miles\nUA,EWR,1,2026-01-01,2565\nAA,JFK,2,2026-01-01,NA\n"
MAPPING = (
    *("--map", "type=flight.departed", "--map", "subject=@carrier", "--map", "id=@carrier@n-@date"),
    *("--map", "time=@{date}T00:00:00Z", "--data", "miles=@miles:number", "--missing", "NA"),
)


def lines(count: int, **more: object) -> str:
    return "".join(
        json.dumps({"type": "t", "subject": f"s{n}", "time": "2026-01-01T00:00:00Z", **more}) + "\n"
        for n in range(count)
    )


def first(answers: list[Answer]) -> object:
    return lambda asked: answers.pop(0) if answers and (asked.method, asked.path) == EVENTS else None
