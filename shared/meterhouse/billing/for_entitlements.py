"""What checks of access ask of credit, less what billing will still charge to it."""

from meterhouse.billing.metered_usage import MeteredUsage, MeterUsage
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.ledger.left_credit import LeftCredit
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres import Database, begins


def left_credit(database: Database, usage: MeterUsage) -> LeftCredit:
    """`meterhouse.entitlements.check_access.CreditLeft` on these stores."""
    metered = MeteredUsage(begins(database, PostgresMeters), usage)
    return LeftCredit(begins(database, PostgresLedgerStore), OpenLines(begins(database, PostgresBilling), metered))
