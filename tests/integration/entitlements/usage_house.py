"""A namespace with customers, a meter and a feature on real stores: usage is sunk, balances are read as served."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import msgspec

from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.entitlements.balances import Balances, EntitlementBalance, KeepSnapshots, MeterUsage, keep_none
from meterhouse.entitlements.entitlement import Entitlement, EntitlementType, floor_minute
from meterhouse.entitlements.grant import Grant
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.management import Management, management
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.entitlements.postgres_standings import PostgresSnapshots, PostgresStandings
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec, GrantSpec, RecurrenceSpec, ResetSpec
from meterhouse.entitlements.standing import Standing
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.cloud_event import CloudEvent
from meterhouse.metering.model import Meter, MeterSpec
from meterhouse.metering.record import encode_record
from meterhouse.metering.sink import LogRecord
from meterhouse.metering.usage import UsageQuery, UsageRow
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_read import glances
from tests.integration.sinking import sink
from tests.integration.stored import Stored

ACME = Holder("acme")
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
MONTHLY = Cadence.parse("P1M")


@dataclass
class Asked:
    """The usage store, and what it was asked."""

    usage: MeterUsage
    queries: list[UsageQuery] = field(default_factory=list)

    def query_many(self, namespace: str, asked: Sequence[UsageQuery]) -> list[list[UsageRow]]:
        self.queries += asked
        return self.usage.query_many(namespace, asked)


@dataclass
class UsageHouse(Stored):
    """The customer "acme" (subjects "acme", "app"), the feature "tokens" on a meter of `call` events.

    Attributes:
        now: the clock of those who manage; usage is stored now.
        today: the real now, when the house was built.
    """

    store: ClickHouse
    aggregation: Aggregation = Aggregation.SUM
    filters: dict[str, Any] = field(default_factory=dict)
    today: datetime = field(default_factory=lambda: floor_minute(clock.now()))
    offsets: "count[int]" = field(default_factory=count)

    def __post_init__(self) -> None:
        self.now = self.begun = self.today.replace(hour=0, minute=0) - 20 * DAY
        self.usage = Asked(ClickHouseUsage(self.store))
        self.snapshots = PostgresSnapshots(self.database)
        self.customer = self.add_customer("acme", "app")
        self.meter = self.add_meter("tokens")
        self.feature = self.add_feature("tokens", self.meter, self.filters)

    @property
    def use(self) -> Management:
        return management(begins(self.database, PostgresStore), lambda: self.now)

    # what there is

    def add_customer(self, key: str | None, *subjects: str) -> Customer:
        return self.put_customer(CustomerDetails("Name", key, subjects), self.begun)

    def resubject(self, *subjects: str) -> None:
        details = replace(self.customer.details, subject_keys=subjects)
        changed = self.customer.replaced(details, clock.now())
        self.write(lambda transaction: PostgresCustomers(transaction).update(changed))

    def add_meter(self, slug: str, aggregation: Aggregation | None = None) -> Meter:
        kind = aggregation or self.aggregation
        path = "$.value" if kind.reads_value else None
        return self.put_meter(MeterSpec(slug, kind, "call", slug, path, {"region": "$.region"}), self.begun)

    def add_feature(self, key: str, meter: Meter | None = None, filters: dict[str, Any] | None = None) -> Feature:
        spec = FeatureSpec(key, key.title(), None if meter is None else meter.slug, filters or {})
        return self.put_feature(spec, self.begun, None if meter is None else meter.id)

    def entitled(
        self,
        feature: str = "tokens",
        *grants: GrantSpec,
        holder: Holder = ACME,
        cadence: Cadence = MONTHLY,
        **terms: Any,
    ) -> Entitlement:
        """A metered entitlement, measured from now on."""
        spec = EntitlementSpec(
            EntitlementType.METERED,
            feature_key=feature,
            usage_period=RecurrenceSpec(cadence),
            allowance=AllowanceSpec(grants=grants, **terms),
        )
        return self.use.entitle(self.namespace, holder, spec).entitlement

    def granted(self, amount: float | str = 100, at: datetime | None = None, **fields: Any) -> Grant:
        spec = GrantSpec(Decimal(str(amount)), at or self.now, **fields)
        return self.use.grant(self.namespace, ACME, "tokens", spec)

    def reset(self, at: datetime | None = None, **fields: Any) -> None:
        self.use.reset(self.namespace, ACME, "tokens", ResetSpec(at, **fields))

    # usage

    def call(self, at: datetime, value: object = 1, subject: str = "app", **data: object) -> CloudEvent:
        body = msgspec.Raw(msgspec.json.encode({"value": value, **data}))
        return CloudEvent(id=new_id(), source="test", type="call", subject=subject, time=at, data=body)

    def sink(self, *events: CloudEvent) -> None:
        body = msgspec.Raw(msgspec.json.encode(events))
        record = LogRecord("events", 0, next(self.offsets), None, encode_record(self.namespace, body, clock.now()))
        sink(self.database, self.store, clock.now, [record])

    def used(self, at: datetime, value: object = 1, **more: Any) -> None:
        self.sink(self.call(at, value, **more))

    # balances

    def standings(self, *ids: str, at: datetime | None = None) -> list[Standing]:
        return glances(self.database, PostgresStandings)(self.namespace).of_entitlements(ids, at or clock.now())

    def balance(
        self, entitlement: Entitlement, at: datetime | None = None, keep: KeepSnapshots = keep_none
    ) -> EntitlementBalance:
        at = at or clock.now()
        standings = self.standings(entitlement.id, at=at)
        return Balances(self.usage, keep).at(self.namespace, standings, at)[entitlement.id]

    def reckoned_anew(self, entitlement: Entitlement, at: datetime | None = None) -> EntitlementBalance:
        """As if no snapshot were there."""
        at = at or clock.now()
        standings = [
            replace(standing, metered=standing.metered and replace(standing.metered, snapshot=None))
            for standing in self.standings(entitlement.id, at=at)
        ]
        return Balances(self.usage).at(self.namespace, standings, at)[entitlement.id]

    def keep(self, entitlement: Entitlement, at: datetime | None = None) -> EntitlementBalance:
        """Read a balance, and keep a snapshot of it where one is worth it."""
        return self.balance(entitlement, at, self.snapshots.keep)

    def began_at(self, entitlement: Entitlement, at: datetime | None = None) -> datetime | None:
        """Where the reckoning of a balance begins; None: no usage was asked for."""
        self.usage.queries.clear()
        self.balance(entitlement, at)
        return self.usage.queries[0].from_ if self.usage.queries else None
