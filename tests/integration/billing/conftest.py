"""The steps of an invoice run on the real database, with usage from a dict and instants the test sets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.app import Apps, InvoicingApp
from meterhouse.billing.batch import Batch, Outcome, batch_of
from meterhouse.billing.bill_customers import BillCustomers, RunStore
from meterhouse.billing.collect_invoices import CollectInvoices
from meterhouse.billing.dunning import Dunning
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.list_customer_batches import Edges
from meterhouse.billing.metered_usage import MeteredUsage
from meterhouse.billing.ports import InvoiceFilter, InvoiceOrder, PageOf
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.run_sizes import MOST_LINES
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.rate_card import RateCard
from meterhouse.customers.model import Customer, CustomerDetails
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Row
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.postgres import PostgresSubscriptions
from meterhouse.subscriptions.spec import Terms, pinned, subscribe
from tests.integration.billing.audited import Break
from tests.integration.billing.given import Api
from tests.integration.billing.launched import Launched
from tests.integration.billing.purse import Purse
from tests.integration.ledger.conftest import Till
from tests.integration.metering.house import House
from tests.unit.billing.samples import NOW, FakeUsage, OneApp, metered
from tests.unit.subscriptions.samples import at, fee, phase, spec

if TYPE_CHECKING:
    from meterhouse.platform.work import Begin

LAST = "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"
"""The greatest id."""
AFTER_JANUARY = at("2024-02-01T02:00:00Z")
AFTER_MAY = at("2024-06-01T02:00:00Z")
AUDITED_AT = at("2024-06-03T03:35:00Z")
AFTER_FEBRUARY = at("2024-03-01T02:00:00Z")


@dataclass
class Run:
    """A namespace whose feature "usage" is metered; its customers subscribe to a fee and usage by the month."""

    database: Database
    namespace: str
    usage: FakeUsage = field(default_factory=FakeUsage)
    app: InvoicingApp | None = None
    """Takes every invoice; None: each goes to the app it names."""
    now: datetime = NOW
    lifecycles: Launched = field(default_factory=Launched)
    edges: Edges | None = None
    meter_id: str = field(default_factory=new_id)
    most_lines: int = MOST_LINES

    def __post_init__(self) -> None:
        self.begin: Begin[RunStore] = begins(self.database, PostgresBilling)
        self.feature("usage")

    def feature(self, key: str) -> None:
        with self.database.transaction(self.namespace) as transaction:
            made = Feature(new_id(), FeatureSpec(key, key.title(), "meter"), NOW, NOW, meter_id=self.meter_id)
            PostgresFeatures(transaction).add(made)
            transaction.commit()

    @property
    def apps(self) -> Apps:
        return self.directory if self.app is None else OneApp(self.app)

    @property
    def directory(self) -> InstalledApps:
        return InstalledApps(begins(self.database, PostgresApps), now=lambda: self.now)

    def customer(self, key: str, **details: object) -> str:
        with self.database.transaction(self.namespace) as transaction:
            made = Customer(new_id(), CustomerDetails(name=key.title(), key=key, **details), NOW, NOW)  # type: ignore[arg-type] # any of its fields
            PostgresCustomers(transaction).add(made)
            transaction.commit()
        return made.id

    def subscribe(
        self,
        customer_id: str,
        *cards: RateCard,
        start: str = "2024-01-01",
        anchor: str | None = None,
        previous_id: str | None = None,
        settlement: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE,
    ) -> Subscription:
        terms = Terms(
            id=new_id(),
            customer_id=customer_id,
            active_from=at(start),
            created_at=NOW,
            billing_anchor=None if anchor is None else at(anchor),
            previous_id=previous_id,
        )
        sold = replace(spec(phase("default", None, *(cards or (fee(), metered())))), settlement_mode=settlement)
        made = subscribe(sold, terms)
        with self.database.transaction(self.namespace) as transaction:
            made = pinned(made, PostgresFeatures(transaction).by_keys(made.feature_keys()))
            PostgresSubscriptions(transaction).add(made)
            transaction.commit()
        return made

    def change(self, changed: Subscription) -> None:
        with self.database.transaction(self.namespace) as transaction:
            subscriptions = PostgresSubscriptions(transaction)
            before = subscriptions.find(changed.id)
            assert before is not None
            subscriptions.update(before, changed)
            transaction.commit()

    def used(self, customer_id: str, start: str, quantity: str, feature: str = "usage") -> None:
        self.usage.used[feature, at(start), customer_id] = Decimal(quantity)

    def batch(self) -> Batch:
        edges = self.edges or Edges(self.namespace, "", LAST)
        return batch_of({"batch": edges.document()}, self.begin)

    def sync(self, as_of: datetime = AFTER_JANUARY) -> Outcome:
        return self._sync(self.batch(), as_of)

    def collect(self, as_of: datetime = AFTER_JANUARY) -> Outcome:
        return self._collect(self.batch(), as_of)

    def advance(self, as_of: datetime = AFTER_JANUARY) -> Outcome:
        return self._advance(self.batch(), as_of)

    def all(self, as_of: datetime = AFTER_JANUARY) -> Outcome:
        """One invoice run, at once."""
        bill = BillCustomers(self.begin, self._sync, self._collect, self._advance, lambda: self.now)
        return bill(self.batch(), as_of)

    def step_by_step(self, as_of: datetime = AFTER_JANUARY) -> list[Outcome]:
        """One that could not be done at once: nothing new is collected of who failed to be synced."""
        synced = self.sync(as_of)
        collected = self._collect(self.batch(), as_of, synced.failed.keys())
        return [synced, collected, self.advance(as_of)]

    @property
    def _sync(self) -> SyncSubscriptions:
        return SyncSubscriptions(self.begin, lambda: self.now)

    @property
    def _collect(self) -> CollectInvoices:
        return CollectInvoices(self.begin, self.usage, lambda: self.now, self.most_lines)

    @property
    def _advance(self) -> AdvanceInvoices:
        return AdvanceInvoices(self.begin, self.apps, self.lifecycles, Dunning(), lambda: self.now)

    def invoices(self, *statuses: str) -> list[Invoice]:
        """Standard invoices, or those of `statuses`, by creation."""
        wanted = InvoiceFilter(statuses=statuses or None, include_deleted=True)
        with self.begin(self.namespace) as work:
            found, _ = work.store.invoices.page(wanted, PageOf(size=1000), InvoiceOrder.PERIOD_START)
        return [invoice for invoice in found if statuses or invoice.state.value != "gathering"]

    def pending(self) -> list[Line]:
        with self.begin(self.namespace) as work:
            return work.store.lines.pending(self.batch().ids)

    def rows(self, query: str) -> list[Row]:
        with self.database.transaction(self.namespace) as transaction:
            return transaction.fetch_all(query)

    def everything(self) -> dict[str, Sequence[Row]]:
        """All that billing stores in the namespace, to see whether a step changed anything."""
        return {
            table: self.rows(f"SELECT * FROM {table} WHERE namespace = %(namespace)s ORDER BY 1, 2, 3")
            for table in ("invoices", "invoice_lines", "invoice_transitions", "invoice_numbers", "outbox")
        }


@pytest.fixture
def run(database: Database, namespace: str) -> Run:
    return Run(database, namespace)


@pytest.fixture
def api(run: Run) -> Api:
    return Api(run)


@pytest.fixture
def purse(run: Run) -> Purse:
    return Purse(run)


@pytest.fixture
def books(run: Run) -> Run:
    """Two customers, of whom one has paid invoices, and prepaid credit of which some was burnt."""
    run.now = AFTER_MAY
    ann = run.customer("ann")
    run.subscribe(ann)
    run.used(ann, "2024-01-01", "3")
    assert run.all(AFTER_MAY).failed == {}
    till = Till(run.database, run.namespace, at("2024-01-05"))
    till.customer = ann
    till.grant(100, expires_after=None, key="kept")
    till.buy(50)
    till.collect(30)
    run.now = AUDITED_AT
    return run


@pytest.fixture
def broken(run: Run, unguarded: Database) -> Break:
    """Runs a statement as the superuser, with no trigger and no key in its way."""

    def execute(statement: str) -> None:
        with unguarded.transaction(run.namespace) as transaction:
            transaction.execute("SET LOCAL session_replication_role = replica")
            assert transaction.execute(statement)
            transaction.commit()

    return execute


@pytest.fixture
def new_run(database: Database) -> Callable[[str], Run]:
    return lambda namespace: Run(database, namespace)


@pytest.fixture
def house(run: Run, usage_store: ClickHouse) -> House:
    return metered_house(run, usage_store)


def metered_house(run: Run, usage_store: ClickHouse) -> House:
    """The run's namespace in the usage store, with a feature "eu" that counts calls of two regions."""
    house = House(run.namespace, usage_store)
    meter = house.meter()
    with run.database.transaction(run.namespace) as transaction:
        PostgresMeters(transaction).add(meter)
        spec = FeatureSpec("eu", "Europe", meter.slug, {"region": {"$in": ["de", "fr"]}})
        PostgresFeatures(transaction).add(Feature(new_id(), spec, NOW, NOW, meter_id=meter.id))
        transaction.commit()
    usage = MeteredUsage(begins(run.database, PostgresMeters), ClickHouseUsage(usage_store))
    run.usage = usage  # type: ignore[assignment] # the real one in the place of the fake
    return house
