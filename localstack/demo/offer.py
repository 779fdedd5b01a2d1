"""What the airports sell in the demo: two meters, two features, one plan, sixteen customers, what each has."""

from typing import Any

from localstack.demo.client import Client
from localstack.demo.flights import EVENT_TYPE

PLAN_KEY = "new_york_airports"
DRAFT_KEY = "new_york_airports_one_price"
ONE_PRICE = "3.10"
SUBSCRIBED_FROM = "2013-01-01T00:00:00Z"
INCLUDED = 4_000
"""Departures a month that each carrier may have; more is possible and counted."""
METERS: tuple[dict[str, Any], ...] = (
    {
        "slug": "departures",
        "name": "Departures",
        "eventType": EVENT_TYPE,
        "aggregation": "COUNT",
        "groupBy": {"origin": "$.origin"},
    },
    {
        "slug": "miles",
        "name": "Miles flown",
        "eventType": EVENT_TYPE,
        "aggregation": "SUM",
        "valueProperty": "$.distance",
        "groupBy": {"origin": "$.origin", "dest": "$.dest"},
    },
)
FEATURES: tuple[dict[str, Any], ...] = (
    {"key": "departures", "name": "Departures", "meterSlug": "departures"},
    {"key": "miles", "name": "Miles flown", "meterSlug": "miles"},
)


def _unit(amount: str) -> dict[str, str]:
    return {"type": "unit", "amount": amount}


PLAN: dict[str, Any] = {
    "key": PLAN_KEY,
    "name": "New York airports",
    "currency": "USD",
    "billingCadence": "P1M",
    "phases": [
        {
            "key": "standard",
            "name": "Standard",
            "duration": None,
            "rateCards": [
                {
                    "type": "flat_fee",
                    "key": "airport_fee",
                    "name": "Airport fee",
                    "billingCadence": "P1M",
                    "price": {"type": "flat", "amount": "500", "paymentTerm": "in_arrears"},
                },
                {
                    "type": "usage_based",
                    "key": "departures",
                    "name": "Departures",
                    "featureKey": "departures",
                    "billingCadence": "P1M",
                    "price": {
                        "type": "tiered",
                        "mode": "graduated",
                        "tiers": [
                            {"upToAmount": "1000", "flatPrice": None, "unitPrice": _unit("4.00")},
                            {"upToAmount": "3000", "flatPrice": None, "unitPrice": _unit("3.25")},
                            {"flatPrice": None, "unitPrice": _unit("2.75")},
                        ],
                    },
                },
                {
                    "type": "usage_based",
                    "key": "miles",
                    "name": "Miles flown",
                    "featureKey": "miles",
                    "billingCadence": "P1M",
                    "price": _unit("0.0015"),
                },
            ],
        }
    ],
}


def ensure_meters(client: Client) -> None:
    for meter in METERS:
        client.create("/api/v1/meters", meter)


def ensure_catalog(client: Client) -> str:
    """The id of the plan that is sold."""
    for feature in FEATURES:
        client.create("/api/v1/features", feature)
    plan = _ensure_plan(client, PLAN)
    if plan["status"] == "draft":
        client.post(f"/api/v1/plans/{plan['id']}/publish", {})
    return str(plan["id"])


def ensure_draft(client: Client) -> str:
    """The id of a plan that nobody is sold: every departure at one price."""
    phase = PLAN["phases"][0]
    cards = [card | {"price": _unit(ONE_PRICE)} if card["key"] == "departures" else card for card in phase["rateCards"]]
    draft = {**PLAN, "key": DRAFT_KEY, "name": "One price a departure", "phases": [{**phase, "rateCards": cards}]}
    return str(_ensure_plan(client, draft)["id"])


def _ensure_plan(client: Client, plan: dict[str, Any]) -> dict[str, Any]:
    found = client.get("/api/v1/plans", key=plan["key"])["items"]
    made: dict[str, Any] = found[0] if found else client.post("/api/v1/plans", plan)
    return made


ALLOWANCE: dict[str, Any] = {
    "type": "metered",
    "featureKey": "departures",
    "isSoftLimit": True,
    "issue": {"amount": INCLUDED},
    "usagePeriod": {"interval": "MONTH", "anchor": SUBSCRIBED_FROM},
    "measureUsageFrom": SUBSCRIBED_FROM,
}


def ensure_customer(client: Client, carrier: str, name: str) -> str:
    """The customer's id; a carrier's subscription and its allowance are created with it."""
    key = carrier.lower()
    body = {"key": key, "name": name, "currency": "USD", "usageAttribution": {"subjectKeys": [carrier]}}
    customer = client.create("/api/v1/customers", body) or client.get(f"/api/v1/customers/{key}")
    subscription = {"customerId": customer["id"], "plan": {"key": PLAN_KEY}, "timing": SUBSCRIBED_FROM}
    client.create("/api/v1/subscriptions", subscription)
    client.create(f"/api/v2/customers/{key}/entitlements", ALLOWANCE)
    identity: str = customer["id"]
    return identity
