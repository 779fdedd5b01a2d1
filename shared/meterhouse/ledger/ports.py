"""What the use cases of this room need inside one transaction."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency
from meterhouse.catalog.tax_code import TaxCode
from meterhouse.customers.model import Customer
from meterhouse.kernel.rounding import EXACT
from meterhouse.ledger.account import CostBasis
from meterhouse.ledger.balance import EVERYTHING, OpenCharge, Scope
from meterhouse.ledger.charge import Allocation, Charge
from meterhouse.ledger.credit_grant import CreditGrant, GrantStatus
from meterhouse.ledger.position import Advance, Position
from meterhouse.ledger.top_up import Made, TopUp
from meterhouse.ledger.transaction import Kind, Transaction, Words
from meterhouse.platform.text_filter import ANY_TEXT, TextFilter


@dataclass(frozen=True, slots=True)
class GrantFilter:
    """None means any; a status is that at `at`."""

    customer_id: str
    at: datetime
    status: GrantStatus | None = None
    currency: str | None = None
    key: TextFilter = ANY_TEXT


@dataclass(frozen=True, slots=True)
class Place:
    """Where a movement stands among a customer's, the earliest first."""

    booked_at: datetime
    rank: int
    recorded_at: datetime
    id: str


@dataclass(frozen=True, slots=True)
class Movement:
    """What a transaction did to the credit asked for, and the balance before and after, of its currency."""

    place: Place
    kind: Kind
    currency: str
    amount: Decimal
    after: Decimal
    words: Words

    @property
    def before(self) -> Decimal:
        return EXACT.subtract(self.after, self.amount)


@dataclass(frozen=True, slots=True)
class MovementFilter:
    """Movements that were booked by `at`; `after` and `before` exclude: the list runs from the newest to the oldest."""

    customer_id: str
    at: datetime
    scope: Scope = EVERYTHING
    kind: Kind | None = None
    currency: str | None = None
    after: Place | None = None
    before: Place | None = None
    limit: int = 100


Owner = tuple[str, str]
"""A customer's id and a currency."""


@dataclass(frozen=True, slots=True)
class Holding:
    """A customer's credit in one currency, and what was burnt in advance of it."""

    positions: list[Position]
    advances: list[Advance]


NOTHING_HELD = Holding([], [])


class Grants(Protocol):
    def find(self, grant_id: str) -> CreditGrant | None: ...

    def by_ids(self, grant_ids: Collection[str]) -> Mapping[str, CreditGrant]: ...

    def find_by_key(self, customer_id: str, key: str) -> CreditGrant | None: ...

    def page(self, wanted: GrantFilter, number: int, size: int) -> tuple[list[CreditGrant], int]:
        """One page by creation, and how many there are on all; `number` counts from 1."""

    def holders(self, customer_ids: Collection[str]) -> AbstractSet[str]:
        """Those of the customers who were ever granted credit."""

    def add(self, grant: CreditGrant) -> None: ...

    def save(self, *grants: CreditGrant) -> None:
        """Write what may change of it: how far its payment is, and that it is voided."""

    def over(self, until: datetime, after_customer: str, up_to_customer: str) -> list[CreditGrant]:
        """Those that expired by `until`, which nobody booked; of customers in (`after_customer`, `up_to_customer`]."""

    def edges(self, until: datetime, size: int) -> Sequence[str]:
        """Every `size`-th customer of whom `over` finds a grant, and the last."""

    def mark_expired(self, grant_ids: Collection[str]) -> None:
        """Their expiry is booked."""


class Ledger(Protocol):
    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        """Wait until nobody else works on these customers; held until the transaction ends."""

    def holdings(
        self, customer_ids: Collection[str], currency: str | None = None, as_of: datetime | None = None
    ) -> Mapping[Owner, Holding]:
        """Where the credit of the customers stands, in one currency or in each, by what was booked until `as_of`."""

    def book(self, transactions: Sequence[Transaction]) -> None:
        """Write them.

        Raises:
            InvariantBroken: one of a business key that is written already.
        """

    def add_charges(self, charges: Iterable[tuple[str, Charge]], at: datetime) -> None:
        """Write charges of customers, by their ids."""

    def charges(self, keys: Collection[str]) -> Mapping[str, tuple[str, Charge]]:
        """The customer's id and the charge of each key that was charged."""

    def realised(self, keys: Collection[str]) -> Mapping[str, Sequence[Allocation]]:
        """What bears each charge now, in the order in which it came to; charges that nothing bears are left out."""

    def burnt_at_first(self, keys: Collection[str]) -> Mapping[str, Decimal]:
        """What credit bore of each charge when it was charged; where it bore nothing the charge is left out."""

    def accrued(self, keys: Collection[str]) -> Mapping[str, Mapping[CostBasis | None, Decimal]]:
        """What was burnt for each charge and is not earned, by what it cost; charges without such are left out."""

    def receivables(self, invoice_ids: Collection[str]) -> Mapping[str, Decimal]:
        """What each invoice was to be paid, as booked when it was issued; those of which nothing was are left out."""

    def unearned(self, customer_ids: Collection[str]) -> AbstractSet[str]:
        """Keys of the customers' charges to credit alone of which something is accrued, by one cost or another."""

    def written(self, keys: Collection[str]) -> AbstractSet[str]:
        """Those of the business keys of which a transaction is written."""

    def movements(self, wanted: MovementFilter, unwritten: Sequence[Transaction]) -> list[Movement]:
        """Movements from the newest to the oldest; `unwritten`: what will be booked once somebody does."""


class Customers(Protocol):
    def find(self, id_or_key: str) -> Customer | None: ...


class Currencies(Protocol):
    """The custom currencies of the namespace."""

    def by_codes(self, codes: Collection[str]) -> Mapping[str, CustomCurrency]: ...

    def cost_bases(self, currency_ids: Collection[str]) -> Sequence[CurrencyCostBasis]: ...


class TaxCodes(Protocol):
    def by_ids(self, code_ids: Collection[str]) -> Mapping[str, TaxCode]:
        """Codes by id, deleted ones too."""


class TopUps(Protocol):
    def of_customers(self, customer_ids: Collection[str]) -> list[TopUp]:
        """By customer and currency."""

    def save(self, top_up: TopUp) -> TopUp:
        """Add it, or put it in place of the one of its customer and currency, removed or not, whose periods go on."""

    def remove(self, customer_id: str, currency: str, at: datetime) -> bool:
        """Whether there was one."""

    def made(self, customer_id: str, currency: str) -> list[Made]:
        """All that were made, in order."""

    def add_made(self, top_up: TopUp, number: int, grant_id: str) -> None: ...


class LedgerStore(Protocol):
    @property
    def grants(self) -> Grants: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def customers(self) -> Customers: ...
    @property
    def currencies(self) -> Currencies: ...
    @property
    def tax_codes(self) -> TaxCodes: ...
    @property
    def top_ups(self) -> TopUps: ...


@dataclass(frozen=True, slots=True)
class InvoiceReference:
    """The invoice on which a grant is paid, and its line there."""

    invoice_id: str
    line_id: str


class Purchases(Protocol):
    """How a room above lets invoices pay for credit; called inside the transaction that grants it."""

    def bill(self, namespace: str, grant: CreditGrant) -> None:
        """Put the purchase of a new grant onto an invoice."""

    def invoices_of(self, namespace: str, grant_ids: Collection[str]) -> Mapping[str, InvoiceReference]:
        """Where each grant is paid, by its id; those that no invoice pays for are left out."""

    def given_up(self, namespace: str, grant_ids: Collection[str]) -> AbstractSet[str]:
        """Those whose invoice nobody is expected to pay any more."""


class OpenCharges(Protocol):
    """What a room above will charge to a customer's credit, and has not yet."""

    def __call__(self, namespace: str, customer_id: str, at: datetime, /) -> Iterable[OpenCharge]: ...
