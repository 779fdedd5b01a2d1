"""A namespace of many customers with a subscription each, multiplied from one, and the steps of an invoice run."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.audit_ports import Named
from meterhouse.billing.batch import Batch, Outcome, batch_of
from meterhouse.billing.bill_customers import BillCustomers
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.list_customer_batches import ListCustomerBatches, Page
from meterhouse.billing.ports import UsageReader
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.postgres_audit import PostgresInvoiceAudit
from meterhouse.billing.run_sizes import LARGEST, Sizes
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.kernel.period import Period
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.payments.sandbox import Sandbox
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from meterhouse.subscriptions.spec import Terms, pinned, subscribe
from tests.integration.billing.launched import Launched
from tests.unit.billing.samples import OneApp, metered
from tests.unit.subscriptions.samples import at, fee, phase, spec

AS_OF = at("2024-02-01T02:00:00Z")
START = at("2024-01-01")
METER = new_meter("METER", MeterSpec("usage", Aggregation.SUM, "usage", "Usage", "$.value"), START)
_TABLES = ("customers", "subscriptions", "subscription_phases", "subscription_items", "subscription_claims")
_COUNTED = slice(2, 10)
"""What copies do not keep of an id: its time, so that each was made after the other, a thousand in half a minute."""
_COPIED = """
INSERT INTO {table} SELECT copied.* FROM {table} source, generate_series(1, %(many)s) AS number,
LATERAL jsonb_populate_record(NULL::{table}, {text}::jsonb) AS copied WHERE source.namespace = %(namespace)s
"""
_PAID = """
SELECT count(DISTINCT i.id) AS invoices, sum(l.quantity) FILTER (WHERE l.feature_id IS NOT NULL) AS units
FROM invoices i JOIN invoice_lines l ON l.namespace = i.namespace AND l.invoice_id = i.id
WHERE i.namespace = %(namespace)s AND i.state = 'paid'
"""


class Used:
    """Everybody used the same, without a usage store."""

    def is_progressive(self, _namespace: str, _feature: Feature) -> bool:
        return True

    def quantities(
        self, _namespace: str, _feature: Feature, _period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        return dict.fromkeys(subjects, Decimal(12))


_USED = Used()


class InvoiceHouse:
    """Subjects of customers but the first are numbers of eight digits, from 1 on, with `around_number` around them."""

    def __init__(
        self, database: Database, customers: int, batch: int = LARGEST.customers, usage: UsageReader = _USED
    ) -> None:
        self.namespace = f"bench-{new_id().lower()}"
        self.customers = customers
        self.usage = usage
        self._batch_size = batch
        self._begin = begins(database, PostgresBilling)
        add_namespace(database, self.namespace)
        with database.transaction(self.namespace) as transaction:
            PostgresMeters(transaction).add(METER)
            self.feature = Feature(new_id(), FeatureSpec("usage", "Usage", METER.slug), START, START, meter_id=METER.id)
            PostgresFeatures(transaction).add(self.feature)
            key = new_id().lower()
            self.around_number = key[: _COUNTED.start], key[_COUNTED.stop :]
            first = Customer(new_id(), CustomerDetails(name="Bench", key=key), START, START)
            PostgresCustomers(transaction).add(first)
            agreed = subscribe(
                spec(phase("default", None, fee(), metered())),
                Terms(id=new_id(), customer_id=first.id, active_from=START, created_at=START),
            )
            agreed = pinned(agreed, PostgresFeatures(transaction).by_keys(agreed.feature_keys()))
            PostgresSubscriptions(transaction).add(agreed)
            ids = [first.id, key, agreed.id]
            ids += [one.id for one in agreed.phases] + [item.id for one in agreed.phases for item in one.items]
            for table in _TABLES:
                statement = _COPIED.format(table=table, text=_renamed("to_jsonb(source)::text", ids))
                transaction.execute(statement, {"many": customers - 1})
            transaction.commit()

    def batches(self) -> Iterator[Batch]:
        sizes = Sizes(self._batch_size, LARGEST.batches)
        page = self._listing(None, sizes)
        while page.batches:
            for edges in page.batches:
                yield batch_of({"batch": edges.document()}, self._begin)
            page = self._listing(page.after, sizes) if page.after else Page((), None)

    @property
    def _listing(self) -> ListCustomerBatches:
        return ListCustomerBatches(self._begin, lambda: [self.namespace])

    def rate(self, batch: Batch) -> None:
        """The drafts of a batch, with their quantities."""
        self._taken(SyncSubscriptions(self._begin, _now)(batch, AS_OF))
        self._taken(CollectInvoices(self._begin, self.usage, _now)(batch, AS_OF))

    def bill(self, batch: Batch) -> None:
        """One child of the distributed map."""
        sync, collect = SyncSubscriptions(self._begin, _now), CollectInvoices(self._begin, self.usage, _now)
        advance = AdvanceInvoices(self._begin, OneApp(Sandbox()), Launched(), Dunning(), _now)
        self._taken(BillCustomers(self._begin, sync, collect, advance)(batch, AS_OF))

    def invoices(self, transaction: Transaction) -> list[Invoice]:
        """Those of the first batch, with their lines."""
        audit = PostgresInvoiceAudit(transaction)
        named = audit.named_after(next(self.batches()).ids, Named("", ""), self._batch_size)
        return audit.by_ids([one.invoice_id for one in named])

    @staticmethod
    def _taken(outcome: Outcome) -> None:
        if outcome.failed:
            raise AssertionError("a customer was not billed")

    def paid(self, database: Database) -> tuple[int, Decimal]:
        """How many paid invoices there are, and of how many units."""
        with database.transaction(self.namespace) as transaction:
            [row] = transaction.fetch_all(_PAID)
        return row["invoices"], row["units"]


def _renamed(text: str, ids: Collection[str]) -> str:
    """Each id with its time counted up: another one of the same form."""
    for one in ids:
        before, after = one[: _COUNTED.start], one[_COUNTED.stop :]
        text = f"replace({text}, '{one}', '{before}' || lpad(number::text, 8, '0') || '{after}')"
    return text


def _now() -> datetime:
    return AS_OF
