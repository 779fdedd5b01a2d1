"""The contract's first version by subject: other SDKs call it, the one for Python no longer does."""

import json
from typing import Any
from urllib.request import Request, urlopen

from tests.e2e.drive_entitlements import MONTHLY, minute

Sdk = Any


def test_a_subject_s_entitlement_is_managed_by_the_older_paths(sdk: Sdk, stack: dict[str, str]) -> None:
    def call(method: str, path: str, body: object = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {stack['METERHOUSE_API_KEY']}", "Content-Type": "application/json"}
        url = f"{stack['METERHOUSE_URL']}/api/v1/subjects/older-app/entitlements{path}"
        data = None if body is None else json.dumps(body).encode()
        with urlopen(Request(url, data, headers, method=method)) as answer:  # noqa: S310 - of the stack
            text = answer.read()
            return answer.status, json.loads(text) if text else None

    sdk.meters.create({"slug": "older", "eventType": "older", "aggregation": "COUNT"})
    sdk.features.create({"key": "older", "name": "Older", "meterSlug": "older"})
    sdk.customers.create({"key": "older", "name": "Older", "usageAttribution": {"subjectKeys": ["older-app"]}})
    body = {
        "type": "metered",
        "featureKey": "older",
        "usagePeriod": MONTHLY,
        "measureUsageFrom": "CURRENT_PERIOD_START",
    }

    status, made = call("POST", "", body)

    assert (status, made["subjectKey"]) == (201, "older-app")
    assert call("GET", f"/{made['id']}") == (200, made)
    assert call("GET", "?includeDeleted=true") == (200, [made])
    grant = {"amount": 5, "effectiveAt": minute().isoformat(), "expiration": {"duration": "DAY", "count": 1}}
    status, granted = call("POST", "/older/grants", grant)
    assert (status, granted["maxRolloverAmount"]) == (201, 0)
    assert call("GET", f"/{made['id']}/grants?orderBy=createdAt") == (200, [granted])
    assert call("POST", f"/{made['id']}/reset", {}) == (204, None)
    status, heir = call("PUT", "/older/override", {"type": "boolean", "featureKey": "older"})
    assert (status, heir["type"]) == (201, "boolean")
    assert call("DELETE", f"/{heir['id']}") == (204, None)
    assert call("GET", "") == (200, [])
