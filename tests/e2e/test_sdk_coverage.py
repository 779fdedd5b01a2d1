"""Every operation that the official SDK offers for what is served, driven one by one.

What the SDK offers is read off the SDK: an operation of its next version fails here until it is driven or listed.
"""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

from tests.e2e.drive_access import ACCESS
from tests.e2e.drive_addons import ADDONS
from tests.e2e.drive_apps import APPS
from tests.e2e.drive_billing import BILLING
from tests.e2e.drive_entitlements import ENTITLEMENTS
from tests.e2e.drive_features import FEATURES
from tests.e2e.drive_invoices import INVOICES
from tests.e2e.drive_notifications import NOTIFICATIONS
from tests.e2e.drive_plans import PLANS
from tests.e2e.drive_portal import PORTAL
from tests.e2e.drive_stripe import STRIPE
from tests.e2e.drive_subscription_addons import SUBSCRIPTION_ADDONS
from tests.e2e.drive_subscriptions import SUBSCRIPTIONS
from tests.e2e.sdk_operations import DRIVEN, ELSEWHERE, Recorded, offered

Sdk = Any
JANUARY = (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 2, 1, tzinfo=dt.UTC))


def event(number: int, subject: str = "app", **data: object) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"event-{number}",
        "source": "coverage",
        "type": "page.viewed",
        "subject": subject,
        "time": f"2024-01-01T0{number}:30:00Z",
        "data": {"path": "/a", "bytes": number, **data},
    }


def meter(slug: str) -> dict[str, Any]:
    return {
        "slug": slug,
        "eventType": "page.viewed",
        "aggregation": "SUM",
        "valueProperty": "$.bytes",
        "groupBy": {"path": "$.path"},
    }


Eventually = Callable[[Callable[[], object], object], None]


@pytest.fixture(scope="module")
def sdk_of_its_own(new_namespace: Callable[[str], Sdk], eventually: Eventually) -> Sdk:
    """A namespace with a meter, two events of two subjects, a customer of both, one of them described."""
    sdk = new_namespace("coverage")
    sdk.meters.create(meter("bytes"))
    both = [event(1), event(2, "device", path="/b")]
    sdk.events.ingest_events(both, content_type="application/cloudevents-batch+json")
    eventually(lambda: stored(sdk), {"event-1", "event-2"})
    sdk.customers.create(
        {"key": "app", "name": "App", "usageAttribution": {"subjectKeys": ["device"]}, "primaryEmail": "a@app.test"}
    )
    sdk.subjects.upsert([{"key": "device", "displayName": "Device"}])
    return sdk


def stored(sdk: Sdk) -> set[str]:
    return {one.event.id for one in sdk.events.list(from_parameter=JANUARY[0], to=JANUARY[1])}


@pytest.fixture
def sdk(sdk_of_its_own: Sdk) -> Recorded:
    return Recorded(sdk_of_its_own)


Drive = Callable[[Sdk, Eventually], None]
DRIVES: dict[str, Drive] = {
    **FEATURES,
    **ENTITLEMENTS,
    **ACCESS,
    **PLANS,
    **ADDONS,
    **SUBSCRIPTION_ADDONS,
    **APPS,
    **STRIPE,
    **BILLING,
    **NOTIFICATIONS,
    **INVOICES,
    **SUBSCRIPTIONS,
    **PORTAL,
}


def drives(operation: str) -> Callable[[Drive], Drive]:
    def add(drive: Drive) -> Drive:
        DRIVES[operation] = drive
        return drive

    return add


@pytest.mark.parametrize("operation", DRIVEN)
def test_an_operation_of_the_sdk_works(sdk: Recorded, eventually: Eventually, operation: str) -> None:
    DRIVES[operation](sdk, eventually)
    assert operation in sdk.called


def test_what_is_driven_and_what_is_listed_elsewhere_is_all_there_is() -> None:
    assert set(DRIVES) == set(DRIVEN)
    assert set(ELSEWHERE) <= {part for name in offered() for part in (name, name.partition(".")[0])}


@drives("meters.create")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    created = sdk.meters.create(meter("created"))
    assert (created.slug, created.aggregation, created.group_by) == ("created", "SUM", {"path": "$.path"})


@drives("meters.get")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    found = sdk.meters.get("bytes")
    assert sdk.meters.get(found.id).slug == found.slug == "bytes"


@drives("meters.list")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    found = sdk.meters.list(page=1, page_size=1, order="ASC", order_by="createdAt", include_deleted=True)
    assert [one.slug for one in found] == ["bytes"]


@drives("meters.update")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.meters.create(meter("updated"))
    assert sdk.meters.update("updated", {"name": "New", "groupBy": {"path": "$.path"}}).name == "New"


@drives("meters.delete")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.meters.create(meter("deleted"))
    sdk.meters.delete("deleted")
    with pytest.raises(ResourceNotFoundError):
        sdk.meters.get("deleted")


@drives("meters.list_subjects")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    assert sdk.meters.list_subjects("bytes", from_parameter=JANUARY[0], to=JANUARY[1]) == ["app", "device"]


@drives("meters.list_group_by_values")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    assert sdk.meters.list_group_by_values("bytes", "path", from_parameter=JANUARY[0], to=JANUARY[1]) == ["/a", "/b"]


@drives("meters.query_json")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    customer = sdk.customers.get("app").id
    rows = sdk.meters.query_json(
        "bytes",
        client_id="coverage",
        from_parameter=JANUARY[0],
        to=JANUARY[1],
        window_size="MONTH",
        window_time_zone="UTC",
        subject=["app", "device"],
        filter_customer_id=[customer],
        advanced_meter_group_by_filters={"path": {"$like": "/%"}},
        group_by=["customer_id"],
    ).data
    found = [(row.subject, row.value, row.customer_id, row.window_start) for row in rows]
    assert found == [("app", 1, customer, JANUARY[0]), ("device", 2, customer, JANUARY[0])]
    assert [row.value for row in sdk.meters.query_json("bytes", filter_group_by={"path": "/b"}).data] == [2]


@drives("meters.query")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    request = {"clientId": "coverage", "groupBy": ["path"], "filterGroupBy": {"path": ["/b"]}}
    assert [(row.group_by["path"], row.value) for row in sdk.meters.query("bytes", request).data] == [("/b", 2)]


@drives("meters.query_csv")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    text = sdk.meters.query_csv("bytes", from_parameter=JANUARY[0], to=JANUARY[1], group_by=["path"])
    assert [line.rsplit(",", 2)[1:] for line in text.splitlines()] == [["path", "value"], ["/a", "1"], ["/b", "2"]]


@drives("meters.query_csv_post")
def _(sdk: Sdk, eventually: Eventually) -> None:
    # this version's signature takes no body, no span either: the meter has events that no other test adds to
    sdk.meters.create(meter("posted") | {"eventType": "posted"})
    both = [event(number) | {"id": f"posted-{number}", "type": "posted"} for number in (1, 2)]
    sdk.events.ingest_events(both, content_type="application/cloudevents-batch+json")
    eventually(lambda: sdk.meters.query_csv_post("posted").splitlines()[-1].rsplit(",", 1)[-1], "3")


@drives("events.ingest_event")
def _(sdk: Sdk, eventually: Eventually) -> None:
    sdk.events.ingest_event(event(3) | {"type": "other"}, content_type="application/cloudevents+json")
    eventually(lambda: {"event-3"} & stored(sdk), {"event-3"})


@drives("events.ingest_events")
def _(sdk: Sdk, eventually: Eventually) -> None:
    batch = [event(number) | {"type": "other"} for number in (4, 5)]
    sdk.events.ingest_events(batch, content_type="application/cloudevents-batch+json")
    eventually(lambda: {"event-4", "event-5"} & stored(sdk), {"event-4", "event-5"})


@drives("events.ingest_events_json")
def _(sdk: Sdk, eventually: Eventually) -> None:
    sdk.events.ingest_events_json([event(6) | {"type": "other"}], content_type="application/json")
    eventually(lambda: {"event-6"} & stored(sdk), {"event-6"})


@drives("events.list")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    customer = sdk.customers.get("app").id
    [found] = sdk.events.list(
        client_id="coverage",
        ingested_at_from=JANUARY[0],
        ingested_at_to=dt.datetime(2099, 1, 1, tzinfo=dt.UTC),
        id="event-2",
        subject="devi",
        customer_id=[customer],
        from_parameter=JANUARY[0],
        to=JANUARY[1],
        limit=1,
    )
    assert (found.event.subject, found.customer_id, found.validation_error) == ("device", customer, None)


@drives("events_v2.list")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    wanted = {
        "type": {"$eq": "page.viewed"},
        "time": {"$gte": "2024-01-01T00:00:00Z"},
        "subject": {"$in": ["app", "device"]},
    }
    pages = sdk.events_v2.list(limit=1, client_id="coverage", filter=wanted)
    assert [one.event.id for one in pages] == ["event-2", "event-1"]


@drives("subjects.upsert")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.subjects.upsert([{"key": "upserted", "displayName": "A", "metadata": {"tier": "gold"}}])
    [changed] = sdk.subjects.upsert([{"key": "upserted", "displayName": "B"}])
    assert (changed.display_name, changed.metadata) == ("B", {"tier": "gold"})


@drives("subjects.get")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    found = sdk.subjects.get("device")
    assert sdk.subjects.get(found.id).display_name == found.display_name == "Device"


@drives("subjects.list")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    assert "device" in [one.key for one in sdk.subjects.list()]


@drives("subjects.delete")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.subjects.upsert([{"key": "deleted"}])
    sdk.subjects.delete("deleted")
    with pytest.raises(ResourceNotFoundError):
        sdk.subjects.get("deleted")


@drives("customers.create")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    body = {"key": "created", "name": "Created", "currency": "EUR", "billingAddress": {"country": "DE"}}
    assert sdk.customers.create(body).billing_address.country == "DE"
    with pytest.raises(HttpResponseError) as refused:
        sdk.customers.create(io.BytesIO(json.dumps(body).encode()))
    assert refused.value.status_code == 409


@drives("customers.get")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    found = sdk.customers.get("app", expand=["subscriptions"])
    assert (found.usage_attribution.subject_keys, found.subscriptions) == (["device"], [])
    assert sdk.customers.get(found.id).key == "app"


@drives("customers.list")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    page = sdk.customers.list(
        page=1,
        page_size=10,
        order="DESC",
        order_by="createdAt",
        include_deleted=True,
        key="AP",
        name="ap",
        primary_email="APP.test",
        subject="devi",
        expand=["subscriptions"],
    )
    assert ([one.key for one in page.items_property], page.total_count) == (["app"], 1)
    assert sdk.customers.list(plan_key="none").total_count == 0


@drives("customers.update")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    sdk.customers.create({"key": "old", "name": "Old", "description": "Old"})
    updated = sdk.customers.update("old", {"key": "new", "name": "New", "metadata": {"a": "b"}})
    assert (updated.key, updated.name, updated.description, updated.metadata) == ("new", "New", None, {"a": "b"})


@drives("customers.delete")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    gone = sdk.customers.create({"key": "deleted", "name": "Deleted"})
    sdk.customers.delete("deleted")
    with pytest.raises(ResourceNotFoundError):
        sdk.customers.get("deleted")
    assert sdk.customers.get(gone.id).deleted_at
    assert sdk.customers.create({"key": "deleted", "name": "Heir"}).id != gone.id


@drives("customers.list_customer_subscriptions")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    page = sdk.customers.list_customer_subscriptions("app", page=1, page_size=10, status=["active"])
    assert (page.items_property, page.total_count) == ([], 0)


@drives("debug.metrics")
def _(sdk: Sdk, eventually: Eventually) -> None:
    counted = [event(number, "counted") | {"type": "other"} for number in (7, 8)]
    sdk.events.ingest_events(counted, content_type="application/cloudevents-batch+json")
    sample = 'openmeter_events_total{subject="counted"} 2'
    eventually(lambda: {sample} & {*sdk.debug.metrics().splitlines()}, {sample})


@drives("progress.get_progress")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    with pytest.raises(ResourceNotFoundError) as refused:
        sdk.progress.get_progress("nothing-runs")
    assert refused.value.response is not None
    # the gateway answers 404, too, where it has no such route
    assert json.loads(refused.value.response.text())["detail"] == "running query 'nothing-runs' not found"


@drives("currencies.list_currencies")
def _(sdk: Sdk, _eventually: Eventually) -> None:
    found = {one.code: (one.name, one.symbol, one.subunits) for one in sdk.currencies.list_currencies()}
    assert (found["USD"], found["JPY"], found["KWD"][2]) == (("US Dollar", "$", 2), ("Japanese Yen", "¥", 0), 3)
