"""A meter created after its events: nobody but the deployed house does anything for it."""

import datetime as dt
from collections.abc import Callable
from typing import Any

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


def test_a_meter_created_after_its_events_counts_them_and_groups_them_by_what_is_added(
    sdk: Sdk, backfilled: Callable[[str], dict[str, Any]], relayed: Callable[[], None], eventually: Eventually
) -> None:
    sdk.events.ingest_events([event(n) for n in range(20)], content_type="application/cloudevents-batch+json")
    eventually(lambda: len(list(sdk.events.list(subject="subject-1", from_parameter=MORNING))), 7)
    sdk.meters.create(
        {"slug": "earlier", "eventType": "earlier", "aggregation": "SUM", "valueProperty": "$.tokens", "groupBy": {}}
    )
    told = backfilled("earlier")
    assert (told["readEvents"], told["totalEvents"]) == (20, 20)
    assert [row.value for row in sdk.meters.query_json("earlier").data] == [190]

    sdk.meters.update("earlier", {"groupBy": {"model": "$.model"}})
    relayed()  # that the minute's schedule does so is shown above
    backfilled("earlier")
    grouped = sdk.meters.query_json("earlier", group_by=["model"]).data
    assert {row.group_by["model"]: row.value for row in grouped} == {"a": 100, "b": 90}
