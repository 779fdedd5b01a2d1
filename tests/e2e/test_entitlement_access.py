"""Access of many customers by the third version, and the older paths by subject, which this SDK does not call."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from urllib.request import Request, urlopen

from tests.e2e.drive_entitlements import MONTHLY, minute

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def test_many_customers_are_asked_about_at_once(sdk: Sdk, stack: dict[str, str], eventually: Eventually) -> None:
    def call(method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {stack['METERHOUSE_API_KEY']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(f"{stack['METERHOUSE_URL']}{path}", data, headers, method=method)) as answer:  # noqa: S310 - of the stack
            return json.load(answer)

    sdk.meters.create({"slug": "bulk", "eventType": "bulk", "aggregation": "COUNT"})
    sdk.features.create({"key": "bulk", "name": "Bulk", "meterSlug": "bulk"})
    for key in ("bulk_a", "bulk_b"):
        customer = sdk.customers.create({"key": key, "name": key, "usageAttribution": {"subjectKeys": [f"{key}-app"]}})
        sdk.customer_entitlements_v2.post(key, {"type": "metered", "featureKey": "bulk", "usagePeriod": MONTHLY})
        grant = {"amount": 1, "effectiveAt": minute().isoformat()}
        sdk.customer_entitlement_v2.create_customer_entitlement_grant(key, "bulk", grant)
    sdk.events.ingest_event(
        {"specversion": "1.0", "id": "1", "source": "bulk", "type": "bulk", "subject": "bulk_b-app"},
        content_type="application/cloudevents+json",
    )
    query = "/api/v3/openmeter/entitlement-access/query"
    asked = {"customer": {"keys": ["bulk_a", "bulk_b-app", "nobody"]}, "feature": {"keys": ["bulk", "none"]}}

    def codes() -> list[Any]:
        return [
            {key: access.get("reason", {}).get("code") for key, access in one["features"].items()}
            for one in call("POST", query, asked)["data"]
        ]

    eventually(
        codes,
        [
            {"bulk": None, "none": "feature_not_found"},
            {"bulk": "usage_limit_reached", "none": "feature_not_found"},
        ],
    )
    page = call("POST", f"{query}?{quote('page[size]')}=1", asked)
    assert [one["matched"] for one in page["data"]] == [["bulk_a"]]
    assert [error["customer"] for error in page["errors"]] == ["nobody"]
    following = call("POST", page["meta"]["page"]["next"], asked)
    assert [one["matched"] for one in following["data"]] == [["bulk_b-app"]]
    listed = call("GET", f"/api/v3/openmeter/customers/{customer.id}/entitlement-access")
    assert listed == {"data": [{"type": "metered", "feature_key": "bulk", "has_access": False}]}
    by_subject = "/api/v1/subjects/bulk_b-app/entitlements"
    assert call("GET", f"{by_subject}/bulk/value") == {
        "hasAccess": False,
        "balance": 0,
        "usage": 1,
        "overage": 0,
        "totalAvailableGrantAmount": 1,
    }
    [made] = call("GET", by_subject)
    history = call("GET", f"{by_subject}/{made['id']}/history?windowSize=HOUR")
    assert history["burndownHistory"][-1]["balanceAtEnd"] == 0
