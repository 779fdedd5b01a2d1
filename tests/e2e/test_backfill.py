"""A meter created after its events: nobody but the deployed house does anything for it."""

import datetime as dt
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.request import Request, urlopen

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
MORNING = dt.datetime(2024, 3, 1, 8, tzinfo=dt.UTC)


def event(number: int) -> dict[str, Any]:
    at = MORNING + dt.timedelta(hours=7 * number)
    return {
        "specversion": "1.0",
        "id": f"earlier-{number}",
        "source": "e2e",
        "type": "earlier",
        "subject": f"subject-{number % 3}",
        "time": at.isoformat(),
        "data": {"tokens": number, "model": "a" if number % 2 else "b"},
    }


def backfill_of(stack: dict[str, str], slug: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {stack['METERHOUSE_API_KEY']}"}
    request = Request(f"{stack['METERHOUSE_URL']}/api/v1/meters/{slug}/backfill", headers=headers)  # noqa: S310 - of the stack
    with urlopen(request) as answer:  # noqa: S310 - as above
        told: dict[str, Any] = json.load(answer)
    return told


def test_a_meter_created_after_its_events_counts_them_and_groups_them_by_what_is_added(
    sdk: Sdk, stack: dict[str, str], eventually: Eventually
) -> None:
    def wait_for(status: str) -> None:
        """Twice as long as usual: the relay alone begins only within a minute."""
        with suppress(AssertionError):
            eventually(lambda: backfill_of(stack, "earlier")["status"], status)
        eventually(lambda: backfill_of(stack, "earlier")["status"], status)

    sdk.events.ingest_events([event(n) for n in range(20)], content_type="application/cloudevents-batch+json")
    eventually(lambda: len(list(sdk.events.list(subject="subject-1", from_parameter=MORNING))), 7)
    sdk.meters.create(
        {"slug": "earlier", "eventType": "earlier", "aggregation": "SUM", "valueProperty": "$.tokens", "groupBy": {}}
    )
    wait_for("complete")
    told = backfill_of(stack, "earlier")
    assert (told["readEvents"], told["totalEvents"]) == (20, 20)
    assert [row.value for row in sdk.meters.query_json("earlier").data] == [190]

    sdk.meters.update("earlier", {"groupBy": {"model": "$.model"}})
    assert backfill_of(stack, "earlier")["status"] in {"pending", "running", "complete"}
    wait_for("complete")
    grouped = sdk.meters.query_json("earlier", group_by=["model"]).data
    assert {row.group_by["model"]: row.value for row in grouped} == {"a": 100, "b": 90}
