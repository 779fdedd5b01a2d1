"""Subscriptions in PostgreSQL: tables for each of their parts, read as one row by the view `subscriptions_in_json`."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict
from datetime import datetime
from typing import Any

from meterhouse.catalog.document import rate_card_from_document, rate_card_to_document
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.postgres_addons import PostgresAddons, PostgresPlanAddons
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.postgres_plans import PostgresPlans
from meterhouse.catalog.postgres_tax_codes import PostgresTaxCodes
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres_transaction import Row, Transaction
from meterhouse.platform.shared_parts import SharedParts
from meterhouse.platform.sql import queries
from meterhouse.subscriptions.addon_rows import addon_of, addon_values, quantity_values
from meterhouse.subscriptions.addon_service import AddonGuard
from meterhouse.subscriptions.model import CostBasisMode, CostBasisPin, PlanReference, Subscription
from meterhouse.subscriptions.offset import Offset
from meterhouse.subscriptions.phase import SubscriptionItem, SubscriptionPhase
from meterhouse.subscriptions.postgres_entitlements import ManagedEntitlements
from meterhouse.subscriptions.postgres_settings import PostgresSubscriptionSettings
from meterhouse.subscriptions.uniqueness import claims

_SQL = queries("meterhouse.subscriptions", "subscriptions.sql")
_BEFORE_ALL = ""


class PostgresSubscriptions:
    """The subscriptions of one namespace; deleted ones are never found."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, subscription_id: str) -> Subscription | None:
        return next(iter(self._all("find", id=subscription_id)), None)

    def of_customer(self, customer_id: str) -> list[Subscription]:
        """All of them, past and future, by their start."""
        return self.of_customers([customer_id])

    def of_customers(self, customer_ids: Sequence[str]) -> list[Subscription]:
        """All of them, by customer and start."""
        return self._all("of_customers", customer_ids=list(customer_ids))

    def active_of(self, customer_ids: Sequence[str], at: datetime) -> list[Subscription]:
        """Those in force at `at`, by customer."""
        return self._all("active_of", customer_ids=list(customer_ids), at=at)

    def billable(self, after_customer: str | None, up_to_customer: str) -> list[Subscription]:
        """Those of the customers in (`after_customer`, `up_to_customer`], by customer and start, in one query."""
        return self._all("billable", after_customer=after_customer or _BEFORE_ALL, up_to_customer=up_to_customer)

    def subscribers(self, plan_key: str, at: datetime) -> list[str]:
        """Ids of the customers with a subscription of this plan active at `at`."""
        rows = self._transaction.fetch_all(_SQL["subscribers"], {"plan_key": plan_key, "at": at})
        return [row["customer_id"] for row in rows]

    def add(self, subscription: Subscription) -> None:
        self._transaction.execute(_SQL["add"], _values(subscription))
        self._put("put_phase", {}, _phase_values(subscription))
        self._put("put_item", {}, _item_values(subscription))
        self._put("put_addon", {}, addon_values(subscription))
        self._put("put_quantity", {}, quantity_values(subscription))
        self._claim(subscription)

    def update(self, before: Subscription, after: Subscription) -> None:
        """Write what differs: its end, its deletion, what supersedes it; phases, items and add-ons that changed."""
        self._transaction.execute(_SQL["update"], _values(after))
        phases, items = _phase_values(before), _item_values(before)
        self._remove("remove_items", after, items.keys() - _item_values(after).keys())
        self._remove("remove_phases", after, phases.keys() - _phase_values(after).keys())
        self._put("put_phase", phases, _phase_values(after))
        self._put("put_item", items, _item_values(after))
        self._put("put_addon", addon_values(before), addon_values(after))
        self._put("put_quantity", quantity_values(before), quantity_values(after))
        if claims(before) != claims(after):
            self._transaction.execute(_SQL["give_up_claims"], {"subscription_id": after.id})
            self._claim(after)

    def _claim(self, subscription: Subscription) -> None:
        of = {"subscription_id": subscription.id, "customer_id": subscription.customer_id}
        claimed = [of | asdict(claim) | asdict(claim.span) for claim in claims(subscription)]
        if claimed:
            self._transaction.execute_many(_SQL["claim"], claimed)

    def _put(self, query: str, before: Mapping[str, Row], after: Mapping[str, Row]) -> None:
        changed = [row for row_id, row in after.items() if before.get(row_id) != row]
        if changed:
            self._transaction.execute_many(_SQL[query], changed)

    def _remove(self, query: str, subscription: Subscription, row_ids: AbstractSet[str]) -> None:
        if row_ids:
            self._transaction.execute(_SQL[query], {"subscription_id": subscription.id, "ids": sorted(row_ids)})

    def _all(self, query: str, **parameters: object) -> list[Subscription]:
        parts = SharedParts()
        return [subscription_of(row, parts) for row in self._transaction.fetch_documents(_SQL[query], parameters)]


class PostgresStore:
    """What this room's use cases touch inside one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self.subscriptions = PostgresSubscriptions(transaction)
        self.customers = PostgresCustomers(transaction)
        self.plans = PostgresPlans(transaction)
        self.features = PostgresFeatures(transaction)
        self.tax_codes = PostgresTaxCodes(transaction)
        self.currencies = PostgresCurrencies(transaction)
        self.entitlements = ManagedEntitlements(transaction)
        self.meters = PostgresMeters(transaction)
        self.addons = PostgresAddons(transaction)
        self.plan_addons = PostgresPlanAddons(transaction)
        self.settings = PostgresSubscriptionSettings(transaction)
        self.guards = (AddonGuard(self.subscriptions),)


def _values(subscription: Subscription) -> dict[str, Any]:
    plan = subscription.plan
    return {
        "id": subscription.id,
        "customer_id": subscription.customer_id,
        "plan_id": plan and plan.id,
        "plan_key": plan and plan.key,
        "plan_version": plan and plan.version,
        "name": subscription.name,
        "description": subscription.description,
        "metadata": json.dumps(dict(subscription.metadata)),
        "currency": subscription.currency,
        "billing_cadence": subscription.billing_cadence.iso(),
        "billing_anchor": subscription.billing_anchor,
        "is_prorated": subscription.is_prorated,
        "settlement_mode": subscription.settlement_mode.value,
        "active_from": subscription.active_from,
        "active_to": subscription.active_to,
        "created_at": subscription.created_at,
        "updated_at": subscription.updated_at,
        "deleted_at": subscription.deleted_at,
        "previous_id": subscription.previous_id,
        "superseding_id": subscription.superseding_id,
        "cost_basis_mode": subscription.cost_basis_mode.value,
        "pins": json.dumps([asdict(pin) for pin in subscription.pins]),
    }


def _phase_values(subscription: Subscription) -> dict[str, Row]:
    """The rows of its phases, by id."""
    return {
        phase.id: {
            "subscription_id": subscription.id,
            "id": phase.id,
            "position": position,
            "key": phase.key,
            "name": phase.name,
            "description": phase.description,
            "metadata": json.dumps(dict(phase.metadata)),
            "after_months": phase.starts_after.months,
            "after_seconds": phase.starts_after.seconds,
            "active_from": phase.active_from,
            "active_to": phase.active_to,
        }
        for position, phase in enumerate(subscription.phases)
    }


def _item_values(subscription: Subscription) -> dict[str, Row]:
    """The rows of its items, by id."""
    return {
        item.id: {
            "subscription_id": subscription.id,
            "phase_id": phase.id,
            "id": item.id,
            "position": position,
            "key": item.key,
            "version": item.version,
            "active_from": item.active_from,
            "active_to": item.active_to,
            "rate_card": json.dumps(rate_card_to_document(item.rate_card)),
            "feature_id": item.feature_id,
        }
        for phase in subscription.phases
        for position, item in enumerate(phase.items)
    }


def subscription_of(row: Row, parts: SharedParts) -> Subscription:
    plan = row["plan_id"] and PlanReference(row["plan_id"], row["plan_key"], row["plan_version"])
    copied = (
        "id",
        "customer_id",
        "name",
        "description",
        "metadata",
        "currency",
        "is_prorated",
        "previous_id",
        "superseding_id",
    )
    instants = ("billing_anchor", "active_from", "active_to", "created_at", "updated_at", "deleted_at")
    return Subscription(
        **{name: row[name] for name in (*copied, *instants)},
        plan=plan,
        billing_cadence=Cadence.parse(row["billing_cadence"]),
        settlement_mode=SettlementMode(row["settlement_mode"]),
        phases=tuple(_phase(document, parts) for document in row["phases"]),
        addons=tuple(addon_of(document) for document in row["addons"]),
        cost_basis_mode=CostBasisMode(row["cost_basis_mode"]),
        pins=tuple(CostBasisPin(**pin) for pin in row["pins"]),
    )


def _phase(document: Mapping[str, Any], parts: SharedParts) -> SubscriptionPhase:
    return SubscriptionPhase(
        id=document["id"],
        key=document["key"],
        name=document["name"],
        description=document["description"],
        metadata=document["metadata"],
        active_from=datetime.fromisoformat(document["active_from"]),
        active_to=_instant(document["active_to"]),
        starts_after=Offset(document["after_months"], document["after_seconds"]),
        items=tuple(_item(item, parts) for item in document["items"]),
    )


def _item(document: Mapping[str, Any], parts: SharedParts) -> SubscriptionItem:
    return SubscriptionItem(
        id=document["id"],
        rate_card=parts.of(document["rate_card"], rate_card_from_document),
        active_from=datetime.fromisoformat(document["active_from"]),
        active_to=_instant(document["active_to"]),
        version=document["version"],
        feature_id=document["feature_id"],
    )


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
