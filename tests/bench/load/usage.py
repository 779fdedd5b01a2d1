"""What the deployed meters count of a load test's events, asked for as any customer would."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from localstack.demo.client import Client
from tests.bench.load.accounting import Counted
from tests.bench.load.firing import CHUNK
from tests.bench.load.outcomes import Step

_EVENTS, _DISTINCT = "load_events", "load_distinct_events"
_PAUSE_SECONDS = 1.0


class Meters:
    def __init__(self, client: Client) -> None:
        self._client = client

    def create(self) -> None:
        common = {"eventType": "load", "groupBy": {"request": "$.request"}}
        self._client.post("/api/v1/meters", {"slug": _EVENTS, "aggregation": "COUNT", **common})
        distinct = {"slug": _DISTINCT, "aggregation": "UNIQUE_COUNT", "valueProperty": "$.event"}
        self._client.post("/api/v1/meters", {**distinct, **common})

    def wait_for(self, accepted: int, patience_seconds: float) -> None:
        """Until as many events are counted, or no more were for so long: what is amiss then, the account says."""
        seen, since = -1, time.monotonic()
        while (now := self._total()) < accepted:
            if now > seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > patience_seconds:
                return
            time.sleep(_PAUSE_SECONDS)

    def counted(self, steps: Iterable[Step]) -> Mapping[str, Counted]:
        """By request."""
        found: dict[str, Counted] = {}
        for step in steps:
            for chunk in range(1 + max((one.number for one in step.requests), default=0) // CHUNK):
                subject = f"{step.name}-{chunk}"
                distinct = self._by_request(_DISTINCT, subject)
                events = self._by_request(_EVENTS, subject)
                found |= {name: Counted(events.get(name, 0), distinct.get(name, 0)) for name in events | distinct}
        return found

    def _total(self) -> int:
        return sum(int(row["value"]) for row in self._query(_EVENTS))

    def _by_request(self, meter: str, subject: str) -> dict[str, int]:
        rows = self._query(meter, subject=subject, groupBy="request")
        return {row["groupBy"]["request"]: int(row["value"]) for row in rows}

    def _query(self, meter: str, **query: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self._client.get(f"/api/v1/meters/{meter}/query", **query)["data"]
        return rows
