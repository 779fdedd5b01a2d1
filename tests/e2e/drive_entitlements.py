"""The official SDK manages entitlements and grants, in the namespace of `test_sdk_coverage` with its meter `bytes`.

What may be of several types, as an entitlement may, this version of the SDK leaves as it is on the wire.
"""

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from corehttp.exceptions import HttpResponseError, ResourceNotFoundError

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]


def minute() -> dt.datetime:
    return minute_of(clock.now())


def minute_of(at: dt.datetime) -> dt.datetime:
    return at.replace(second=0, microsecond=0)


MONTHLY = {"interval": "MONTH", "anchor": format_rfc3339(minute() - dt.timedelta(days=10))}
"""None of these months begins or ends while a journey lasts."""


def metered(sdk: Sdk, key: str, **fields: Any) -> Any:
    """A customer, a feature and its metered entitlement, all of one key, measured from where the period began."""
    sdk.customers.create({"key": key, "name": key, "usageAttribution": {"subjectKeys": [f"{key}-app"]}})
    sdk.features.create({"key": key, "name": key, "meterSlug": "bytes"})
    body = {
        "type": "metered",
        "featureKey": key,
        "usagePeriod": MONTHLY,
        "measureUsageFrom": "CURRENT_PERIOD_START",
    }
    return sdk.customer_entitlements_v2.post(key, body | fields)


def grant(sdk: Sdk, key: str, **fields: Any) -> Any:
    body = {"amount": 10.5, "effectiveAt": minute().isoformat(), "metadata": {"order": "1"}}
    return sdk.customer_entitlement_v2.create_customer_entitlement_grant(key, key, body | fields)


def post(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "posted", issue={"amount": 1000, "priority": 2}, isSoftLimit=True, metadata={"a": "b"})
    assert (made["type"], made["customerKey"], made["featureKey"]) == ("metered", "posted", "posted")
    assert (made["issue"], made["isSoftLimit"]) == ({"amount": 1000, "priority": 2}, True)
    assert made["usagePeriod"] == MONTHLY | {"intervalISO": "P1M"}
    sdk.features.create({"key": "posted_config", "name": "Config"})
    static = {"type": "static", "featureKey": "posted_config", "config": '{"models": ["a"]}'}
    assert sdk.customer_entitlements_v2.post("posted", static)["config"] == static["config"]
    with pytest.raises(HttpResponseError) as refused:
        sdk.customer_entitlements_v2.post("posted", static)
    assert refused.value.status_code == 409
    with pytest.raises(HttpResponseError) as refused:
        sdk.customers.delete("posted")
    assert refused.value.status_code == 409


def get(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "shown")
    assert sdk.customer_entitlements_v2.get("shown", "shown") == made
    assert sdk.customer_entitlements_v2.get(made["customerId"], made["id"]) == made


def list_of_customer(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "of_customer")
    page = sdk.customer_entitlements_v2.list(
        "of_customer", include_deleted=True, page=1, page_size=10, order="DESC", order_by="updatedAt"
    )
    assert ([one["id"] for one in page.items_property], page.total_count) == ([made["id"]], 1)


def override(sdk: Sdk, _eventually: Eventually) -> None:
    old = metered(sdk, "overridden", issue={"amount": 1})
    body = {"type": "metered", "featureKey": "overridden", "usagePeriod": MONTHLY, "issue": {"amount": 2}}
    new = sdk.customer_entitlements_v2.override("overridden", "overridden", body)
    assert (new["issue"]["amount"], sdk.customer_entitlements_v2.get("overridden", "overridden")["id"]) == (
        2,
        new["id"],
    )
    assert sdk.customer_entitlements_v2.get("overridden", old["id"])["activeTo"] == new["activeFrom"]


def delete(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "ended")
    sdk.customer_entitlements_v2.delete("ended", "ended")
    for name in ("ended", made["id"]):
        with pytest.raises(ResourceNotFoundError):
            sdk.customer_entitlements_v2.delete("ended", name)
    assert sdk.customer_entitlements_v2.get("ended", made["id"])["deletedAt"]
    sdk.customers.delete("ended")


def create_grant(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "granted")
    granted = grant(
        sdk,
        "granted",
        priority=3,
        expiration={"duration": "MONTH", "count": 2},
        recurrence={"interval": "WEEK"},
        maxRolloverAmount=5,
    )
    assert (granted.amount, granted.priority, granted.entitlement_id) == (10.5, 3, made["id"])
    assert (granted.max_rollover_amount, granted.metadata) == (5, {"order": "1"})
    assert granted.next_recurrence == minute_of(granted.effective_at) + dt.timedelta(weeks=1)
    assert granted.expires_at > granted.next_recurrence
    with pytest.raises(HttpResponseError) as refused:
        grant(sdk, "granted", amount=0)
    assert refused.value.status_code == 400


def list_of_entitlement(sdk: Sdk, _eventually: Eventually) -> None:
    metered(sdk, "grants", issue={"amount": 1})
    grant(sdk, "grants")
    ask = sdk.customer_entitlement_v2.get_grants
    page = ask("grants", "grants", include_deleted=True, page=2, page_size=1, order="ASC", order_by="createdAt")
    assert ([one.amount for one in page.items_property], page.total_count) == ([10.5], 2)
    assert [one.amount for one in ask("grants", "grants", limit=1, offset=1).items_property] == [10.5]


def reset(sdk: Sdk, _eventually: Eventually) -> None:
    metered(sdk, "reset")
    at = minute() - dt.timedelta(minutes=1)
    sdk.customer_entitlement_v2.reset_customer_entitlement(
        "reset", "reset", {"effectiveAt": at.isoformat(), "retainAnchor": True, "preserveOverage": True}
    )
    assert dt.datetime.fromisoformat(sdk.customer_entitlements_v2.get("reset", "reset")["lastReset"]) == at
    with pytest.raises(HttpResponseError, match="must be after last reset"):
        sdk.customer_entitlement_v2.reset_customer_entitlement("reset", "reset", {"effectiveAt": at.isoformat()})


def get_by_id(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "by_id")
    found = sdk.entitlements.get(made["id"])
    assert (found["subjectKey"], found["featureKey"]) == ("by_id", "by_id")


def list_all(sdk: Sdk, _eventually: Eventually) -> None:
    metered(sdk, "listed_of_subject")
    wanted = {
        "feature": ["listed_of_subject", "none"],
        "subject": ["listed_of_subject-app"],
        "entitlement_type": ["metered"],
        "exclude_inactive": True,
        "order": "DESC",
        "order_by": "createdAt",
    }
    page = sdk.entitlements.list(**wanted, page=1, page_size=1)
    assert (page["totalCount"], page["items"][0]["featureKey"]) == (1, "listed_of_subject")
    assert sdk.entitlements.list(**wanted, offset=0, limit=1) == page["items"]


def get_by_id_v2(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "by_id_v2")
    assert sdk.entitlements_v2.get(made["id"]) == made


def list_all_v2(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "listed_v2")
    wanted = {
        "feature": ["listed_v2", "none"],
        "customer_keys": ["listed_v2"],
        "customer_ids": [made["customerId"]],
        "entitlement_type": ["metered", "static"],
        "exclude_inactive": True,
        "order": "ASC",
        "order_by": "updatedAt",
    }
    page = sdk.entitlements_v2.list(**wanted, page=1, page_size=10)
    assert ([one["id"] for one in page.items_property], page.total_count) == ([made["id"]], 1)
    assert sdk.entitlements_v2.list(**wanted, limit=1, offset=1).items_property == []


def void_grant(sdk: Sdk, _eventually: Eventually) -> None:
    metered(sdk, "voided")
    granted = grant(sdk, "voided")
    sdk.grants.delete(granted.id, at=granted.effective_at)
    [shown] = sdk.customer_entitlement_v2.get_grants("voided", "voided", include_deleted=True).items_property
    assert shown.voided_at == granted.effective_at
    assert sdk.customer_entitlement_v2.get_grants("voided", "voided").items_property == []
    with pytest.raises(HttpResponseError) as refused:
        sdk.grants.delete(granted.id)
    assert refused.value.status_code == 400


def list_grants(sdk: Sdk, _eventually: Eventually) -> None:
    metered(sdk, "listed_grants")
    granted = grant(sdk, "listed_grants")
    wanted = {"feature": ["listed_grants"], "subject": ["listed_grants-app"], "include_deleted": True}
    [shown] = sdk.grants.list(**wanted, offset=0, limit=10, order="DESC", order_by="id")
    page = sdk.grants.list(**wanted, page=1, page_size=1, order_by="createdAt")
    assert (page["totalCount"], page["items"][0]["id"], shown["id"]) == (1, granted.id, granted.id)


def list_grants_v2(sdk: Sdk, _eventually: Eventually) -> None:
    made = metered(sdk, "listed_grants_v2")
    granted = grant(sdk, "listed_grants_v2")
    wanted = {"feature": ["listed_grants_v2"], "customer": ["listed_grants_v2", made["customerId"]]}
    page = sdk.grants_v2.list(**wanted, include_deleted=True, page=1, page_size=10, order="ASC", order_by="updatedAt")
    assert ([one.id for one in page.items_property], page.total_count) == ([granted.id], 1)
    assert sdk.grants_v2.list(**wanted, limit=1, offset=1).items_property == []


ENTITLEMENTS = {
    "customer_entitlements_v2.post": post,
    "customer_entitlements_v2.get": get,
    "customer_entitlements_v2.list": list_of_customer,
    "customer_entitlements_v2.override": override,
    "customer_entitlements_v2.delete": delete,
    "customer_entitlement_v2.create_customer_entitlement_grant": create_grant,
    "customer_entitlement_v2.get_grants": list_of_entitlement,
    "customer_entitlement_v2.reset_customer_entitlement": reset,
    "entitlements.get": get_by_id,
    "entitlements.list": list_all,
    "entitlements_v2.get": get_by_id_v2,
    "entitlements_v2.list": list_all_v2,
    "grants.delete": void_grant,
    "grants.list": list_grants,
    "grants_v2.list": list_grants_v2,
}
