"""Buying add-ons over HTTP, on the plan of the fixture `sold`."""

from typing import TYPE_CHECKING, Any

from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.catalog.rate_card import RateCard
from tests.unit.subscriptions.samples import fee

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api
SUBSCRIPTIONS = "/api/v1/subscriptions"
ANN = "/api/v2/customers/ann/entitlements"
START, FEBRUARY, MARCH = "2021-01-10T00:00:00Z", "2021-02-10T00:00:00Z", "2021-03-10T00:00:00Z"
NOW = "2021-01-20T00:00:00Z"
ANY = PlanAddonTerms("trial")
SEAT = fee(amount="5")


def subscribed(api: "Api") -> str:
    subscription_id: str = api.subscribe(plan={"key": "sold"})["id"]
    return subscription_id


def sell(api: "Api", *cards: RateCard, terms: PlanAddonTerms | None = ANY, **fields: Any) -> str:
    return api.addon(*cards, terms=terms, plan="sold", **fields)


def path(subscription_id: str, addon: Any = None) -> str:
    return f"{SUBSCRIPTIONS}/{subscription_id}/addons" + (f"/{addon['id']}" if addon else "")


def wanted(addon_id: str, **fields: object) -> dict[str, object]:
    return {"name": "Seats", "quantity": 1, "timing": "immediate", "addon": {"id": addon_id}} | fields


def bought(api: "Api", subscription_id: str, addon_id: str, **fields: object) -> Any:
    return api.ok("POST", path(subscription_id), wanted(addon_id, **fields))


def faults(api: "Api", method: str, url: str, body: object) -> tuple[int, set[tuple[str, str]]]:
    status, problem = api.call(method, url, body)
    errors = problem.get("extensions", {}).get("validationErrors", [])
    return status, {(one["field"], one["code"]) for one in errors} or {("", problem.get("code", ""))}


def fees(api: "Api", subscription_id: str, key: str = "fee") -> list[tuple[str, str]]:
    """Begin and price of each item of a key, in order of time."""
    phases = api.ok("GET", f"{SUBSCRIPTIONS}/{subscription_id}")["phases"]
    items = [item for phase in phases for item in phase["itemTimelines"].get(key, [])]
    return [(item["activeFrom"], item["price"]["amount"]) for item in items]


def events(api: "Api") -> list[str]:
    with api.database.transaction(api.namespace) as transaction:
        rows = transaction.fetch_all("SELECT type FROM outbox WHERE namespace = %(namespace)s ORDER BY position")
    return [row["type"] for row in rows]
