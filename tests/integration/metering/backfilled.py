"""A usage house whose meters are those of PostgreSQL, and its backfills."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.backfill import Backfill
from meterhouse.metering.backfill_meter import BackfillMeter, BackfillPorts, BackfillRun
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.clickhouse_stored_events import ClickHouseStoredEvents
from meterhouse.metering.event import EARLIEST
from meterhouse.metering.model import Meter, MeterChange, MeterSpec
from meterhouse.metering.postgres import AllMeters, PostgresMeters
from meterhouse.metering.postgres_backfills import PostgresBackfills
from meterhouse.metering.service import MeterService
from meterhouse.metering.sink import MeterValueWriter, UsageStore
from meterhouse.metering.usage import UsageQuery
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.metering.house import T0, House

FAR = T0 + timedelta(days=1000)


def ports(transaction: Transaction) -> BackfillPorts:
    return BackfillPorts(PostgresMeters(transaction), PostgresBackfills(transaction))


class Slow(ClickHouseStoredEvents):
    """Calls back after each page is read and before it is written."""

    def __init__(self, house: "BackfilledHouse", meanwhile: Callable[[int], object]) -> None:
        super().__init__(house.store)
        self._meanwhile, self._pages = meanwhile, count()

    def page(self, *arguments: object) -> object:  # type: ignore[override] # passed through
        found = super().page(*arguments)  # type: ignore[arg-type] # as above
        self._meanwhile(next(self._pages))
        return found


@dataclass
class BackfilledHouse(House):
    database: Database = field(kw_only=True)

    def of(self, namespace: str, since: datetime = EARLIEST) -> Sequence[Meter]:
        return AllMeters(self.database).of(namespace, since)

    @property
    def service(self) -> MeterService:
        return MeterService(begins(self.database, PostgresMeters))

    def create(self, slug: str = "calls", **changes: object) -> Meter:
        """A new meter, summing `$.value` of `call` events, grouped by nothing."""
        spec = {"slug": slug, "name": slug, "aggregation": Aggregation.SUM, "event_type": "call"}
        return self.service.create(self.namespace, MeterSpec(**(spec | {"value_property": "$.value"} | changes)))  # type: ignore[arg-type] # fields by name

    def regroup(self, meter: Meter, **group_by: str) -> Meter:
        return self.service.change(self.namespace, meter.id, MeterChange(group_by=group_by))

    def backfills(
        self,
        meanwhile: Callable[[int], object] = lambda _: None,
        *,
        store: UsageStore | None = None,
        page_events: int = 2,
        page_bytes: int | None = None,
    ) -> BackfillMeter:
        events = Slow(self, meanwhile) if page_bytes is None else ClickHouseStoredEvents(self.store, page_bytes)
        write = MeterValueWriter(AllMeters(self.database), store or ClickHouseSink(self.store), self, new_id)
        return BackfillMeter(begins(self.database, ports), events, write, now=self.now, page_events=page_events)

    def run(self, meter: Meter) -> BackfillRun:
        return BackfillRun(self.namespace, meter.id, meter.revision)

    def backfill(self, meter: Meter, meanwhile: Callable[[int], object] = lambda _: None) -> None:
        assert self.backfills(meanwhile)(self.run(meter), FAR)

    def progress(self, meter: Meter) -> Backfill:
        return self.service.backfill(self.namespace, meter.id)

    def usage(self, meter: Meter, *group_by: str) -> dict[str, Decimal]:
        """Usage by the texts of the groups, joined."""
        rows = ClickHouseUsage(self.store).query(self.namespace, UsageQuery(meter, group_by=group_by))
        return {
            ",".join(str({"subject": row.subject, **row.group_by}[name]) for name in group_by): row.value
            for row in rows
        }

    def values(self, meter: Meter) -> list[str]:
        """All rows of values, as FINAL shows them; when a row was superseded is of no matter."""
        text = (
            "SELECT * EXCEPT stored_at, version, if(superseded, NULL, stored_at) FROM meter_values FINAL"
            " WHERE namespace = {ns:String} AND meter_id = {id:String}"
        )
        return sorted(map(repr, self.store.query(text, {"ns": self.namespace, "id": meter.id})))


def hours_after(hours: float) -> datetime:
    return T0 + timedelta(hours=hours)
