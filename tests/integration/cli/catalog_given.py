"""A catalog in files, and someone who edits it."""

from pathlib import Path
from typing import Any

from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.conftest import Terminal

METER = """\
eventType: flight
aggregation: SUM
valueProperty: $.miles
groupBy: {origin: $.origin}   # where it started
"""
FEATURE = """\
name: Miles
meterSlug: miles
meterGroupByFilters: {origin: EWR}
"""
PLAN = """\
# what most customers buy
name: Pro
currency: USD
billingCadence: P1M
phases:
  - key: default
    name: Default
    rateCards:
      - type: flat_fee
        key: fee
        name: Fee
        billingCadence: P1M
        price: {type: flat, amount: 10.00}
      - type: usage_based
        key: miles
        name: Miles
        featureKey: miles
        billingCadence: P1M
        price:
          type: tiered
          mode: graduated
          tiers:
            - {upToAmount: 100, unitPrice: {type: unit, amount: 0.10}}
            - {unitPrice: {type: unit, amount: 0.05}}
"""
ADDON = """\
name: Extra seats
currency: USD
instanceType: multiple
rateCards:
  - type: flat_fee
    key: seats
    name: Seats
    billingCadence: P1M
    price: {type: flat, amount: 3}
"""
SELLING = PLAN + "addons:\n  seats: {fromPlanPhase: default, maxQuantity: 10}\n"
CATALOG = {"meters/miles": METER, "features/miles": FEATURE, "plans/pro": PLAN}
SUPPORT = "      - {type: flat_fee, key: support, name: Support, price: {type: flat, amount: 5}}\n"


def write(folder: Path, things: dict[str, str]) -> None:
    for name, text in things.items():
        file = folder / "catalog" / f"{name}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def remove(folder: Path, *names: str) -> None:
    for name in names:
        (folder / "catalog" / f"{name}.yaml").unlink()


def apply(terminal: Terminal) -> list[dict[str, Any]]:
    """What was done."""
    done: list[dict[str, Any]] = terminal.reads("catalog", "apply", "--yes")["done"]
    return done


def subscribe(shop: CatalogHouse, customer: str, plan: str) -> dict[str, Any]:
    """A subscription to what is on sale of a plan, by a new customer."""
    customer_id = shop.customer(customer)
    made = shop.call("POST", "/api/v1/subscriptions", {"plan": {"key": plan}, "customerId": customer_id})
    return {"id": made["id"], "customerId": customer_id}


def versions(shop: CatalogHouse) -> list[tuple[str, int, str]]:
    """Of every plan there ever was: key, version, status."""
    query = "&".join(f"status={status}" for status in ("draft", "active", "archived", "scheduled"))
    found = shop.call("GET", "/api/v1/plans", query=query)["items"]
    return sorted((plan["key"], plan["version"], plan["status"]) for plan in found)
