"""What customers used in the month that is invoiced: in the usage store, rolled up as it is every day."""

from datetime import timedelta
from decimal import Decimal

from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.kernel.period import Period
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.sql import queries
from tests.bench.invoice_house import METER, START, InvoiceHouse
from tests.bench.usage_month import roll_up

_SQL = queries("tests.bench", "invoiced_month.sql")
_DAYS = 31
MONTH = Period(START, START + timedelta(days=_DAYS))


def metered_house(database: Database, store: ClickHouse, customers: int, batch: int) -> InvoiceHouse:
    """Every customer but the first has a unit a day."""
    usage = MeteredUsage(begins(database, PostgresMeters), ClickHouseUsage(store))
    house = InvoiceHouse(database, customers, batch, usage)
    before, after = house.around_number
    known = {"namespace": house.namespace, "meter_id": METER.id, "customers": customers - 1}
    known |= {"before": before, "after": after}
    for day in range(_DAYS):
        store.command(_SQL["usage"], known | {"day": str((START + timedelta(days=day)).date())})
    roll_up(store, lambda steps, _text: steps, "")
    return house


def check(house: InvoiceHouse, database: Database) -> None:
    """Every customer has a paid invoice, and all together were charged for what they used."""
    if house.paid(database) != (house.customers, Decimal(_DAYS * (house.customers - 1))):
        raise AssertionError("not every customer has a paid invoice of what was used")
