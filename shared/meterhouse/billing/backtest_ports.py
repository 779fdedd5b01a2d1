"""What backtests need inside one transaction, beside what an invoice run needs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from meterhouse.billing.backtest import Backtest, BacktestRow
from meterhouse.billing.comparison import Summary, Sums
from meterhouse.billing.invoice import Line
from meterhouse.billing.ports import BilledFeatures, Overrides, PageOf, Profiles
from meterhouse.billing.rests import Known
from meterhouse.catalog.known_currencies import Currencies
from meterhouse.catalog.known_features import Meters
from meterhouse.catalog.plan import Plan
from meterhouse.customers.model import Customer
from meterhouse.subscriptions.model import Subscription


class RowOrder(StrEnum):
    CUSTOMER_ID = "customerId"
    DIFFERENCE = "difference"


class Backtests(Protocol):
    def find(self, plan_id: str, backtest_id: str) -> Backtest | None: ...

    def page(self, plan_id: str, page: PageOf) -> tuple[list[Backtest], int]:
        """One page in the order of their requests, and how many there are on all."""

    def add(self, backtest: Backtest, customer_ids: Collection[str]) -> None:
        """Add it with a pending row for each customer; one of this id that exists stays as it is."""

    def renew(self, backtest_id: str, at: datetime, lost: datetime) -> None:
        """Ask for it again at `at` if it was asked for at `lost` or before and has not finished; rows stay."""

    def pending(self, backtest_id: str, after: str, up_to: str | None = None) -> list[str]:
        """The customers in (`after`, `up_to`], or of all after, that are still to be compared, in order."""

    def edges(self, backtest_id: str, size: int) -> list[str]:
        """The last customer of each batch of at most `size` of them, in order."""

    def settle(self, backtest_id: str, rows: Collection[BacktestRow]) -> None:
        """Write what became of customers; those that are settled already keep what they have."""

    def sums(self, backtest_id: str) -> list[Sums]:
        """Of every customer that was compared."""

    def finish(self, backtest_id: str, summary: Summary, at: datetime) -> None:
        """Write the summary; one that is finished already keeps what it has."""

    def settled(self, backtest_ids: Collection[str]) -> Mapping[str, int]:
        """How many customers are not pending any more, by backtest; those without any are left out."""

    def rows(self, backtest_id: str, page: PageOf, order: RowOrder) -> list[BacktestRow]:
        """One page, without lines."""

    def row(self, backtest_id: str, customer_id: str) -> BacktestRow | None:
        """One customer with its lines."""


class BacktestedPlans(Protocol):
    def find(self, plan_id: str) -> Plan | None: ...


class BacktestedCustomers(Protocol):
    def by_ids(self, customer_ids: Collection[str]) -> Mapping[str, Customer]:
        """Deleted ones too."""

    def by_keys(self, keys: Collection[str]) -> Mapping[str, str]:
        """Ids of live customers by key."""


class BacktestedSubscriptions(Protocol):
    def of_customers(self, customer_ids: Sequence[str]) -> list[Subscription]:
        """All of them, by customer and start."""

    def subscribers(self, plan_key: str, at: datetime) -> Sequence[str]:
        """Ids of the customers with a subscription of this plan active at `at`."""


class BacktestedLines(Protocol):
    def pending(self, customer_ids: Collection[str]) -> list[Line]: ...

    def known_of(self, subscription_ids: Collection[str]) -> Known: ...

    def standing_of(self, subscription_ids: Collection[str], since: datetime, *, is_issued: bool) -> list[Line]:
        """Lines whose service starts at `since` or later on invoices that count, issued or not, or on none."""

    def given_back(self, line_ids: Collection[str]) -> Mapping[str, Decimal]:
        """What billing gave back of lines by itself, in money and to credit, without taxes; of units in units."""


class BacktestStore(Protocol):
    @property
    def backtests(self) -> Backtests: ...
    @property
    def plans(self) -> BacktestedPlans: ...
    @property
    def customers(self) -> BacktestedCustomers: ...
    @property
    def subscriptions(self) -> BacktestedSubscriptions: ...
    @property
    def lines(self) -> BacktestedLines: ...
    @property
    def profiles(self) -> Profiles: ...
    @property
    def overrides(self) -> Overrides: ...
    @property
    def features(self) -> BilledFeatures: ...
    @property
    def currencies(self) -> Currencies: ...
    @property
    def meters(self) -> Meters: ...
