"""`meterhouse.billing.preview_ports.PreviewStore` in PostgreSQL."""

from meterhouse.billing.postgres import PostgresInvoices, PostgresLines
from meterhouse.billing.postgres_billed_usage import PostgresBilledUsage
from meterhouse.billing.postgres_credit_notes import PostgresCreditNotes
from meterhouse.billing.postgres_findings import PostgresFindings
from meterhouse.billing.postgres_overrides import PostgresOverrides
from meterhouse.billing.postgres_payment_reports import PostgresPaymentReports
from meterhouse.billing.postgres_profiles import PostgresProfiles
from meterhouse.billing.postgres_voidings import PostgresVoidings
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.metering.postgres import PostgresLateUsage
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.postgres import PostgresStore


class PostgresPreview(PostgresStore):
    """What changes subscriptions, as it is where they are changed for good, and what billing reads beside it."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.invoices = PostgresInvoices(transaction)
        self.lines = PostgresLines(transaction)
        self.profiles = PostgresProfiles(transaction)
        self.overrides = PostgresOverrides(transaction)
        self.payment_reports = PostgresPaymentReports(transaction)
        self.voidings = PostgresVoidings(transaction)
        self.billed_usage = PostgresBilledUsage(transaction)
        self.late_usage = PostgresLateUsage(transaction)
        self.credit_notes = PostgresCreditNotes(transaction)
        self.findings = PostgresFindings(transaction)
        self.credit = PostgresLedgerStore(transaction)
