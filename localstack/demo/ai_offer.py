"""What the second act's product sells: tokens of four types and a seat, to three customers; one of them tries it."""

from datetime import datetime
from typing import Any

from localstack.demo.client import Client
from localstack.demo.model_calls import Seat
from meterhouse.client.client import LLM_CALL

PLAN_KEY = "writing_assistant"
CALLS = "model_calls"
TOKENS = {
    "input_tokens": ("input", "0.000006"),
    "cache_read_tokens": ("cache_read", "0.000001"),
    "output_tokens": ("output", "0.00003"),
    "reasoning_tokens": ("reasoning", "0.00003"),
}
"""Features, each with its type of token and what one is sold for, in US dollars."""
VOLUME = {"input_tokens": ("1000000", "0.000005")}
"""From how many a month on one is sold for less, and for how much."""
FEE = "20"
GIFT = "5"
"""Credit, in US dollars, that comes with the trial."""
TRIAL = "sandpit"
TRIAL_CALLS = 400
THRESHOLDS = (80, 100)
_GROUPS = {"provider": "$.provider", "model": "$.model"}


def add_catalog(client: Client) -> None:
    """Meters, features with what their tokens cost, and the plan."""
    client.post(
        "/api/v1/meters",
        {"slug": CALLS, "name": "Calls", "eventType": LLM_CALL, "aggregation": "COUNT", "groupBy": _GROUPS},
    )
    client.post("/api/v1/features", {"key": CALLS, "name": "Calls of models", "meterSlug": CALLS})
    for key, (token_type, _) in TOKENS.items():
        name = key.replace("_", " ").capitalize()
        meter = {"slug": key, "name": name, "eventType": LLM_CALL, "aggregation": "SUM", "valueProperty": f"$.{key}"}
        client.post("/api/v1/meters", meter | {"groupBy": _GROUPS})
        cost = {"providerProperty": "provider", "modelProperty": "model", "tokenType": token_type}
        feature = {"key": key, "name": name, "meterSlug": key, "unitCost": {"type": "llm", **cost}}
        client.post("/api/v1/features", feature)
    plan = client.post("/api/v1/plans", _plan())
    client.post(f"/api/v1/plans/{plan['id']}/publish", {})


def _plan() -> dict[str, Any]:
    fee = {"type": "flat", "amount": FEE, "paymentTerm": "in_arrears"}
    cards = [{"type": "flat_fee", "key": "seat", "name": "Seat", "billingCadence": "P1M", "price": fee}]
    for key, (_, amount) in TOKENS.items():
        name = key.replace("_", " ").capitalize()
        card = {"type": "usage_based", "key": key, "name": name, "featureKey": key, "billingCadence": "P1M"}
        cards.append(card | {"price": _price(key, amount)})
    phase = {"key": "standard", "name": "Standard", "duration": None, "rateCards": cards}
    sold = {"key": PLAN_KEY, "name": "Writing assistant", "currency": "USD", "billingCadence": "P1M"}
    return sold | {"phases": [phase]}


def _price(key: str, amount: str) -> dict[str, Any]:
    unit = {"type": "unit", "amount": amount}
    if key not in VOLUME:
        return unit
    most, less = VOLUME[key]
    tiers = [{"upToAmount": most, "unitPrice": unit}, {"unitPrice": {"type": "unit", "amount": less}}]
    return {"type": "tiered", "mode": "graduated", "tiers": tiers}


def add_customer(client: Client, seat: Seat, began: datetime, trial_calls: int = TRIAL_CALLS) -> str:
    """The customer's id; its subscription began with the calls, and who only tries the product may call so often."""
    since = f"{began:%Y-%m-%dT%H:%M:%SZ}"
    body = {"key": seat.key, "name": seat.name, "currency": "USD", "usageAttribution": {"subjectKeys": [seat.key]}}
    customer = client.post("/api/v1/customers", body)
    subscription = {"customerId": customer["id"], "plan": {"key": PLAN_KEY}, "timing": since}
    client.post("/api/v1/subscriptions", subscription)
    if seat.key == TRIAL:
        limit = {
            "type": "metered",
            "featureKey": CALLS,
            "isSoftLimit": False,
            "issue": {"amount": trial_calls},
            "usagePeriod": {"interval": "YEAR", "anchor": since},
            "measureUsageFrom": since,
        }
        client.post(f"/api/v2/customers/{seat.key}/entitlements", limit)
        gift = {"name": "Welcome credit", "funding_method": "none", "currency": "USD", "amount": GIFT}
        client.post(f"/api/v3/openmeter/customers/{customer['id']}/credits/grants", gift)
    identity: str = customer["id"]
    return identity


def add_alert(client: Client, url: str) -> str:
    """A webhook that is told when the trial is used up to a threshold; its signing secret."""
    webhook = {"type": "WEBHOOK", "name": "Support desk", "url": url}
    channel = client.post("/api/v1/notification/channels", webhook)
    rule = {
        "type": "entitlements.balance.threshold",
        "name": "The trial is nearly used up",
        "thresholds": [{"type": "usage_percentage", "value": percent} for percent in THRESHOLDS],
        "features": [CALLS],
        "channels": [channel["id"]],
    }
    client.post("/api/v1/notification/rules", rule)
    secret: str = channel["signingSecret"]
    return secret
