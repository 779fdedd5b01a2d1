"""One of everything that a namespace may have an id for, made through the routes themselves."""

from collections.abc import Mapping
from typing import Any

from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from tests.integration.tenancy.house import House

V1, V3 = "/api/v1", "/api/v3/openmeter"
JANUARY = {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"}
METER = {"slug": "calls", "eventType": "call", "aggregation": "COUNT", "groupBy": {"model": "$.model"}}
CUSTOMER = {"key": "acme", "name": "Acme", "usageAttribution": {"subjectKeys": ["acme-app"]}}
FLAT = {"type": "flat", "amount": "20", "paymentTerm": "in_advance"}
FEE = {"type": "flat_fee", "key": "fee", "name": "Fee", "billingCadence": "P1M", "price": FLAT}
PHASE = {"key": "only", "name": "Only", "duration": None, "rateCards": [FEE]}
PLAN = {"key": "pro", "name": "Pro", "currency": "USD", "billingCadence": "P1M", "phases": [PHASE]}
ADDON = {"key": "seats", "name": "Seats", "currency": "USD", "instanceType": "multiple", "rateCards": [FEE]}
SALE = {"fromPlanPhase": "only", "maxQuantity": 5}
METERED = {"type": "metered", "featureKey": "calls", "usagePeriod": {"interval": "MONTH"}, "isSoftLimit": True}
GRANT = {"amount": 10, "expiration": {"duration": "YEAR", "count": 9}}
LINE = {"name": "Setup", "period": JANUARY, "invoiceAt": JANUARY["from"], "rateCard": {"price": FLAT}}
LINES = {"currency": "USD", "lines": [LINE]}
CHANNEL = {"type": "WEBHOOK", "name": "Desk", "url": "https://receiver.invalid/hook"}
RULE = {"type": "invoice.created", "name": "New invoices"}
GIFT = {"name": "Welcome", "funding_method": "external", "currency": "USD", "amount": "20"}
PURCHASE = {"purchase": {"currency": "USD", "per_unit_cost_basis": "0.5"}}
TOP_UP = {
    "name": "Again",
    "threshold": "10",
    "amount": "25",
    "limits": {"period": "P1M", "count": 3},
    "funding_method": "none",
}
TAX_CODE = {"key": "saas", "name": "Software", "app_mappings": []}
CURRENCY = {
    "code": "TOKENS",
    "name": "Tokens",
    "symbol": "T",
    "precision": 2,
    "decimal_mark": ".",
    "thousand_separator": ",",
}
BASIS = {"fiat_code": "USD", "rate": "0.01"}
PRICE = {
    "provider": "Acme",
    "model_id": "m-1",
    "pricing": {"input_per_token": "0.000001", "output_per_token": "0.000002", "cache_read_per_token": "0"},
    "currency": "USD",
    "effective_from": "2026-03-01T00:00:00Z",
}


def furnish(house: House) -> Mapping[str, str]:
    """What the namespace has now, by the parameter that names it in a path; `{id}` by what comes before it."""
    made = house.made
    found = {"meterIdOrSlug": made(f"POST {V1}/meters", body=METER)["id"], "groupByKey": "model", "meterSlug": "calls"}
    found["featureId"] = made(f"POST {V1}/features", body={"key": "calls", "name": "Calls", "meterSlug": "calls"})["id"]
    found["customerId"] = found["customerIdOrKey"] = made(f"POST {V1}/customers", body=CUSTOMER)["id"]
    subjects = {one["key"]: one["id"] for one in made(f"POST {V1}/subjects", body=[{"key": "acme-app"}])}
    found["subjectIdOrKey"] = subjects["acme-app"]
    found["subjectErasureId"] = made(f"POST {V1}/subject-erasures", body={"subject": "gone", "confirm": "gone"})["id"]
    found["apiKeyId"] = made(f"POST {V1}/api-keys", body={"name": "ci", "role": "read-only"})["id"]
    return {
        **found,
        **_offer(house),
        **_sold(house),
        **_limits(house, found),
        **_money(house, found),
        **_told(house),
    }


def _offer(house: House) -> dict[str, str]:
    made = house.made
    plan = made(f"POST {V1}/plans", body=PLAN)["id"]
    made(f"POST {V1}/plans/{{planId}}/publish", {"planId": plan})
    addon = made(f"POST {V1}/addons", body=ADDON)["id"]
    made(f"POST {V1}/addons/{{addonId}}/publish", {"addonId": addon})
    made(f"POST {V1}/plans/{{planId}}/addons", {"planId": plan}, SALE | {"addonId": addon})
    code = made(f"POST {V3}/tax-codes", body=TAX_CODE)["id"]
    currency = made(f"POST {V3}/currencies/custom", body=CURRENCY)["id"]
    made(f"POST {V3}/currencies/custom/{{currencyId}}/cost-bases", {"currencyId": currency}, BASIS)
    price = made(f"POST {V3}/llm-cost/overrides", body=PRICE)["id"]
    return {
        "planId": plan,
        "planIdOrKey": plan,
        "addonId": addon,
        "planAddonId": addon,
        "taxCodeId": code,
        "currencyId": currency,
        "currency": "USD",
        "priceId": price,
    }


def _sold(house: House) -> dict[str, str]:
    subscription = house.made(f"POST {V1}/subscriptions", body={"plan": {"key": "pro"}, "customerKey": "acme"})["id"]
    [addon] = house.made(f"GET {V1}/addons")["items"]
    body = {"name": "Seats", "quantity": 2, "timing": "immediate", "addon": {"id": addon["id"]}}
    bought = house.made(f"POST {V1}/subscriptions/{{subscriptionId}}/addons", {"subscriptionId": subscription}, body)
    return {"subscriptionId": subscription, "subscriptionAddonId": bought["id"]}


def _limits(house: House, found: Mapping[str, str]) -> dict[str, str]:
    whose = {"customerIdOrKey": found["customerIdOrKey"]}
    entitlement = house.made("POST /api/v2/customers/{customerIdOrKey}/entitlements", whose, METERED)["id"]
    which = whose | {"entitlementIdOrFeatureKey": entitlement}
    granted = house.made(
        "POST /api/v2/customers/{customerIdOrKey}/entitlements/{entitlementIdOrFeatureKey}/grants",
        which,
        GRANT | {"effectiveAt": format_rfc3339(clock.now())},
    )
    what = whose | {"featureKey": "calls"}
    reserved = house.made(
        f"POST {V1}/customers/{{customerIdOrKey}}/entitlements/{{featureKey}}/reservations", what, {"amount": "1"}
    )
    return {
        "entitlementId": entitlement,
        "entitlementIdOrFeatureKey": entitlement,
        "featureKey": "calls",
        "grantId": granted["id"],
        "reservationId": reserved["id"],
    }


def _money(house: House, found: Mapping[str, str]) -> dict[str, str]:
    made, whose = house.made, {"customerId": found["customerId"]}
    installed = made(
        f"POST {V1}/marketplace/listings/{{type}}/install", {"type": "custom_invoicing"}, {"name": "Books"}
    )["app"]["id"]
    [default] = [one for one in made(f"GET {V1}/billing/profiles")["items"] if one["default"]]
    made(f"PUT {V1}/billing/customers/{{customerId}}", whose, {"billingProfileId": default["id"]})
    made(f"POST {V1}/billing/customers/{{customerId}}/invoices/pending-lines", whose, LINES)
    [invoice] = made(f"POST {V1}/billing/invoices/invoice", body={"customerId": found["customerId"]})
    note = made(
        f"POST {V1}/billing/invoices/{{invoiceId}}/credit-notes",
        {"invoiceId": invoice["id"]},
        {"reason": "outage", "amount": "1"},
    )
    grant = made(f"POST {V3}/customers/{{customerId}}/credits/grants", whose, GIFT | PURCHASE)["id"]
    made(f"PUT {V3}/customers/{{customerId}}/credits/auto-top-up/{{currency}}", whose | {"currency": "USD"}, TOP_UP)
    line = made(f"GET {V1}/billing/invoices/{{invoiceId}}", {"invoiceId": invoice["id"]})["lines"][0]["id"]
    return {
        "/apps/{id}": installed,
        "/profiles/{id}": default["id"],
        "/credit-notes/{id}": note["id"],
        "appId": installed,
        "invoiceId": invoice["id"],
        "otherId": invoice["id"],
        "lineId": line,
        "creditGrantId": grant,
    }


def _told(house: House) -> dict[str, Any]:
    channel = house.made(f"POST {V1}/notification/channels", body=CHANNEL)["id"]
    rule = house.made(f"POST {V1}/notification/rules", body=RULE | {"channels": [channel]})["id"]
    event = house.made(f"POST {V1}/notification/rules/{{ruleId}}/test", {"ruleId": rule}, {})["id"]
    return {"channelId": channel, "ruleId": rule, "eventId": event}
