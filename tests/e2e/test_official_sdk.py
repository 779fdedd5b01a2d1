"""The official `openmeter` client drives the deployed endpoint, from the first event to a paid invoice."""

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError
from openmeter.models import Event

Sdk = Any
"""`openmeter.Client`: its overloads ask for TypedDicts of its own, where plain JSON is what users send."""
Eventually = Callable[[Callable[[], object], object], None]
RunInvoices = Callable[[str, str, str], None]
JANUARY = (dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.datetime(2024, 2, 1, tzinfo=dt.UTC))


def call(number: int, **data: Any) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"call-{number}",
        "source": "e2e",
        "type": "api.called",
        "subject": "acme-app",
        "time": f"2024-01-{number:02}T10:30:00Z",
        "data": data,
    }


@pytest.fixture(scope="module")
def journey(sdk: Sdk, eventually: Eventually) -> dict[str, Any]:
    """What the journey's tests share: meters, ten events, a customer. No test adds events that these meters count."""
    sdk.meters.create(
        {"slug": "calls", "eventType": "api.called", "aggregation": "COUNT", "groupBy": {"path": "$.path"}}
    )
    sdk.meters.create(
        {
            "slug": "tokens",
            "eventType": "api.called",
            "aggregation": "SUM",
            "valueProperty": "$.tokens",
            "groupBy": {"path": "$.path"},
        }
    )
    sdk.events.ingest_event(call(1, path="/a", tokens=1.5), content_type="application/cloudevents+json")
    many = [call(n, path="/a" if n % 2 else "/b", tokens=n) for n in range(2, 9)]
    sdk.events.ingest_events(many, content_type="application/cloudevents-batch+json")
    both = [call(n, path="/b", tokens="2.25") for n in (9, 10)]
    sdk.events.ingest_events_json(Event(both[0]), content_type="application/json")
    sdk.events.ingest_events_json(both, content_type="application/json")
    eventually(lambda: sdk.meters.query_json("calls").data[0].value if sdk.meters.query_json("calls").data else 0, 10)
    sdk.features.create({"key": "tokens", "name": "Tokens", "meterSlug": "tokens"})
    customer = sdk.customers.create(
        {"key": "acme", "name": "Acme", "currency": "USD", "usageAttribution": {"subjectKeys": ["acme-app"]}}
    )
    return {"customer": customer}


def test_all_three_content_types_are_counted_once_each(sdk: Sdk, journey: dict[str, Any]) -> None:
    assert journey
    assert sdk.meters.query_json("calls").data[0].value == 10
    assert sdk.meters.query_json("tokens").data[0].value == 1.5 + sum(range(2, 9)) + 4.5


def test_the_same_batch_sent_three_times_changes_no_number(
    sdk: Sdk, journey: dict[str, Any], eventually: Eventually
) -> None:
    assert journey
    batch = [call(n, path="/a" if n % 2 else "/b", tokens=n) for n in range(2, 9)]
    for _ in range(3):
        sdk.events.ingest_events(batch, content_type="application/cloudevents-batch+json")
    sdk.meters.create({"slug": "markers", "eventType": "marker", "aggregation": "COUNT"})
    sdk.events.ingest_event(call(11) | {"type": "marker"}, content_type="application/cloudevents+json")
    # one namespace's records are sunk in their order: what is metered last tells of all before it
    eventually(lambda: [row.value for row in sdk.meters.query_json("markers").data], [1])
    assert sdk.meters.query_json("calls").data[0].value == 10


def test_usage_is_queried_by_window_and_group(sdk: Sdk, journey: dict[str, Any]) -> None:
    assert journey
    daily = sdk.meters.query_json("calls", window_size="DAY", from_parameter=JANUARY[0], to=JANUARY[1])
    assert [row.value for row in daily.data] == [1] * 10
    by_path = sdk.meters.query_json("tokens", group_by=["path", "subject"])
    found = {(row.group_by["path"], row.subject): row.value for row in by_path.data}
    assert found == {("/a", "acme-app"): 1.5 + 3 + 5 + 7, ("/b", "acme-app"): 2 + 4 + 6 + 8 + 4.5}
    posted = sdk.meters.query(
        "tokens", {"windowSize": "MONTH", "windowTimeZone": "Europe/Berlin", "filterGroupBy": {"path": ["/b"]}}
    )
    assert [row.value for row in posted.data] == [24.5]
    assert list(sdk.meters.list_subjects("tokens")) == ["acme-app"]


def test_events_are_listed_with_what_no_meter_could_read(
    sdk: Sdk, journey: dict[str, Any], eventually: Eventually
) -> None:
    assert journey
    sdk.meters.create(
        {"slug": "unread", "eventType": "unread", "aggregation": "SUM", "valueProperty": "$.tokens", "groupBy": {}}
    )
    unread = call(12, tokens="many") | {"type": "unread"}
    sdk.events.ingest_event(unread, content_type="application/cloudevents+json")
    eventually(lambda: len(list(sdk.events.list(id="call-12", from_parameter=JANUARY[0]))), 1)
    stored = next(iter(sdk.events.list(id="call-12", from_parameter=JANUARY[0])))
    assert stored.validation_error
    assert stored.event.subject == "acme-app"


def test_meters_customers_and_features_are_listed_and_read(sdk: Sdk, journey: dict[str, Any]) -> None:
    assert {meter.slug for meter in sdk.meters.list()} >= {"calls", "tokens"}
    assert sdk.meters.get("tokens").aggregation == "SUM"
    assert sdk.customers.get("acme").id == journey["customer"].id
    assert [customer.key for customer in sdk.customers.list(key="acme").items_property] == ["acme"]
    assert sdk.features.get("tokens").meter_slug == "tokens"


def test_a_plan_is_sold_used_and_paid(
    sdk: Sdk,
    journey: dict[str, Any],
    relayed: Callable[[], None],
    backfilled: Callable[[str], object],
    run_invoices: RunInvoices,
) -> None:
    usage_card = {
        "type": "usage_based",
        "key": "tokens",
        "name": "Tokens",
        "featureKey": "tokens",
        "billingCadence": "P1M",
        "price": {
            "type": "tiered",
            "mode": "graduated",
            "tiers": [
                {"upToAmount": "10", "flatPrice": None, "unitPrice": {"type": "unit", "amount": "1"}},
                {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.5"}},
            ],
        },
    }
    fee = {
        "type": "flat_fee",
        "key": "fee",
        "name": "Fee",
        "billingCadence": "P1M",
        "price": {"type": "flat", "amount": "20", "paymentTerm": "in_arrears"},
    }
    phase = {"key": "only", "name": "Only", "duration": None, "rateCards": [fee, usage_card]}
    plan = sdk.plans.create(
        {"key": "starter", "name": "Starter", "currency": "USD", "billingCadence": "P1M", "phases": [phase]}
    )
    assert sdk.plans.publish(plan.id).status == "active"
    subscription = sdk.subscriptions.create(
        {"customerId": journey["customer"].id, "plan": {"key": "starter"}, "timing": "2024-01-01T00:00:00Z"}
    )
    assert [s.id for s in sdk.customers.list_customer_subscriptions("acme").items_property] == [subscription.id]
    assert sdk.subscriptions.get_expanded(subscription.id).phases[0].items_property

    relayed()
    backfilled("tokens")
    run_invoices("january", "2024-02-01T02:00:00Z", "default")
    before = _invoices(sdk, journey)
    assert [(invoice["status"], invoice["total"]) for invoice in before] == [("paid", "45.5")]

    run_invoices("january-again", "2024-02-01T02:00:00Z", "default")
    assert _invoices(sdk, journey) == before


def _invoices(sdk: Sdk, journey: dict[str, Any]) -> list[dict[str, Any]]:
    page = sdk.invoices.list(customers=[journey["customer"].id], statuses=["paid", "draft", "issued"])
    return [
        {"id": i.id, "number": i.number, "status": i.status, "total": i.totals.total.rstrip("0").rstrip(".")}
        for i in page.items_property
    ]


def test_faults_come_back_as_problems_with_pointers(sdk: Sdk) -> None:
    with pytest.raises(HttpResponseError) as refused:
        sdk.meters.create(io.BytesIO(json.dumps({"slug": "Bad Slug", "eventType": "x"}).encode()))
    assert refused.value.status_code == 400
    assert refused.value.response is not None
    problem = json.loads(refused.value.response.text())
    assert {fault["field"] for fault in problem["extensions"]["validationErrors"]} == {"/slug", "/aggregation"}


def test_another_namespace_finds_nothing_of_this_one(
    sdk: Sdk, journey: dict[str, Any], new_namespace: Callable[[str], Sdk]
) -> None:
    other = new_namespace("other")
    assert list(other.meters.list()) == []
    for read, key in (
        (other.meters.get, "calls"),
        (other.customers.get, journey["customer"].id),
        (other.features.get, "tokens"),
    ):
        with pytest.raises(HttpResponseError) as refused:
            read(key)
        assert refused.value.status_code == 404
    assert list(other.events.list(from_parameter=JANUARY[0])) == []
    assert sdk.meters.get("calls")
