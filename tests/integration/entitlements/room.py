"""A namespace with a meter, a feature and customers that are entitled to it, written as the stores write it."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.entitlements.entitlement import Allowance, Entitlement, EntitlementType
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.postgres import PostgresEntitlements, PostgresGrants
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import Meter, MeterSpec
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres_transaction import Row
from tests.integration.stored import Stored

T0 = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Room(Stored):
    spec: MeterSpec = field(
        default_factory=lambda: MeterSpec("tokens", Aggregation.SUM, "llm", "Tokens", "$.tokens", {"model": "$.model"})
    )
    filters: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.meter: Meter = self.put_meter(self.spec, T0)
        spec = FeatureSpec("tokens", "Tokens", self.spec.slug, self.filters)
        self.feature: Feature = self.put_feature(spec, T0, self.meter.id)

    def customer(self, key: str = "acme", *subjects: str) -> Customer:
        return self.put_customer(CustomerDetails(key.title(), key, subjects or (f"{key}-1",)), T0)

    def entitled(self, customer: Customer, *, is_soft: bool = False, **changes: Any) -> Entitlement:
        """A metered entitlement to the feature, by months from `T0`."""
        periods = UsagePeriods(Cadence.parse("P1M"), T0, T0)
        made = Entitlement(
            new_id(), customer.id, self.feature.id, "tokens", EntitlementType.METERED, T0, T0, T0,
            allowance=Allowance(periods, is_soft), meter_id=self.meter.id,
        )  # fmt: skip
        made = replace(made, **changes)
        self.write(lambda transaction: PostgresEntitlements(transaction).add(made))
        return made

    def granted(self, entitlement: Entitlement, amount: str = "100", **changes: Any) -> Grant:
        made = replace(Grant(new_id(), entitlement.id, Decimal(amount), T0, T0, T0), **changes)
        self.write(lambda transaction: PostgresGrants(transaction).add([made]))
        return made

    def told(self, *types: str) -> list[Row]:
        """The domain events of these types, or all, in the order in which they were written."""
        query = (
            "SELECT id, type, subject, occurred_at, data FROM outbox"
            " WHERE namespace = %(namespace)s AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s))"
            " ORDER BY position"
        )
        return self.rows(query, types=list(types) or None)
