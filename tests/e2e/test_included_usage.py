"""What a plan includes, through the deployed house: subscribed, used up, refused, canceled, over."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from tests.e2e.drive_access import use
from tests.e2e.drive_subscription_addons import on_sale

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
METER = {"slug": "bytes", "eventType": "page.viewed", "aggregation": "SUM", "valueProperty": "$.bytes"}


def test_what_a_plan_includes_can_be_used_up_and_ends_with_the_subscription(
    new_namespace: Callable[[str], Sdk], eventually: Eventually
) -> None:
    sdk = new_namespace("included")
    sdk.meters.create(METER)
    sdk.features.create({"key": "traffic", "name": "Traffic", "meterSlug": "bytes"})
    sdk.customers.create({"key": "site", "name": "Site", "usageAttribution": {"subjectKeys": ["site-app"]}})
    card = {
        "type": "usage_based",
        "key": "traffic",
        "name": "Traffic",
        "featureKey": "traffic",
        "billingCadence": "P1M",
        "price": {"type": "unit", "amount": "0.01"},
        "entitlementTemplate": {"type": "metered", "issueAfterReset": 10},
    }
    on_sale(sdk, "with_traffic", card)
    value = sdk.customer_entitlement_v2.get_customer_entitlement_value

    subscription = sdk.subscriptions.create({"plan": {"key": "with_traffic"}, "customerKey": "site"})

    entitlement = sdk.customer_entitlements_v2.get("site", "traffic")
    assert (entitlement["type"], entitlement["issueAfterReset"]) == ("metered", 10)
    [item] = sdk.subscriptions.get_expanded(subscription.id).phases[0].items_property
    assert item.included.entitlement["id"] == entitlement["id"]
    assert (value("site", "traffic").has_access, value("site", "traffic").balance) == (True, 10)

    use(sdk, "site", 10)
    eventually(lambda: (value("site", "traffic").has_access, value("site", "traffic").balance), (False, 0))

    ended = sdk.subscriptions.cancel(subscription.id, {"timing": "immediate"})
    over = sdk.customer_entitlements_v2.get("site", entitlement["id"])
    assert dt.datetime.fromisoformat(over["activeTo"]) == ended.active_to
    assert sdk.customer.get_customer_access("site").entitlements == {}
