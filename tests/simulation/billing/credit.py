"""Grants and the ledger in memory, as their SQL finds and writes them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency
from meterhouse.catalog.tax_code import TaxCode
from meterhouse.customers.model import Customer
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.ledger.account import Account, CostBasis
from meterhouse.ledger.charge import Allocation, Charge
from meterhouse.ledger.credit_grant import CreditGrant
from meterhouse.ledger.ports import Holding, Owner
from meterhouse.ledger.position import Advance, Position
from meterhouse.ledger.top_up import Made, TopUp
from meterhouse.ledger.transaction import Entry
from meterhouse.ledger.transaction import Transaction as Booking
from tests.simulation.billing.tables import Transaction

_NOTHING = Decimal(0)
Charged = tuple[str, Charge]


class MemoryGrants:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, grant_id: str) -> CreditGrant | None:
        self._transaction.statement("find grant")
        found: CreditGrant | None = self._transaction.get("grants", grant_id)
        return found

    def by_ids(self, grant_ids: Collection[str]) -> Mapping[str, CreditGrant]:
        return {grant.id: grant for grant in self._all("grants by ids") if grant.id in grant_ids}

    def find_by_key(self, customer_id: str, key: str) -> CreditGrant | None:
        found = (grant for grant in self._all("grant by key") if (grant.customer_id, grant.key) == (customer_id, key))
        return next(found, None)

    def holders(self, customer_ids: Collection[str]) -> set[str]:
        return {grant.customer_id for grant in self._all("holders") if grant.customer_id in customer_ids}

    def add(self, grant: CreditGrant) -> None:
        self._transaction.statement("add grant")
        if not self._transaction.insert("grants", grant.id, grant):
            raise InvariantBroken(f"grant {grant.id} is there already")

    def save(self, *grants: CreditGrant) -> None:
        self._transaction.statement("save grants")
        for grant in grants:
            self._transaction.put("grants", grant.id, grant)

    def over(self, until: datetime, after_customer: str, up_to_customer: str) -> list[CreditGrant]:
        found = [one for one in self._over(until) if after_customer < one.customer_id <= up_to_customer]
        return sorted(found, key=lambda one: (one.customer_id, one.currency, one.id))

    def edges(self, until: datetime, size: int) -> Sequence[str]:
        concerned = sorted({grant.customer_id for grant in self._over(until)})
        return [one for number, one in enumerate(concerned, 1) if number % size == 0 or number == len(concerned)]

    def mark_expired(self, grant_ids: Collection[str]) -> None:
        self._transaction.statement("mark expired")
        for grant_id in grant_ids:
            self._transaction.put("booked expiries", grant_id, True)  # noqa: FBT003 - a mark

    def _over(self, until: datetime) -> Iterator[CreditGrant]:
        for grant in self._all("grants that are over"):
            is_over = grant.available_at is not None and grant.expires_at is not None and grant.expires_at <= until
            if is_over and not self._transaction.get("booked expiries", grant.id):
                yield grant

    def _all(self, name: str) -> Iterable[CreditGrant]:
        self._transaction.statement(name)
        return self._transaction.rows("grants")


class MemoryLedger:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def lock_customers(self, customer_ids: Iterable[str]) -> None:
        for customer_id in sorted(set(customer_ids)):
            self._transaction.statement(f"lock {customer_id}")
            self._transaction.lock("advisory", "customer", customer_id)

    def holdings(
        self, customer_ids: Collection[str], currency: str | None = None, as_of: datetime | None = None
    ) -> Mapping[Owner, Holding]:
        self._transaction.statement("holdings")
        positions = {
            grant.id: Position(grant)
            for grant in sorted(self._transaction.rows("grants"), key=lambda one: one.id)
            if grant.customer_id in customer_ids and currency in {None, grant.currency}
        }
        advances: dict[str, Decimal] = defaultdict(Decimal)
        for booking, entry in self._entries():
            if booking.customer_id in customer_ids and (as_of is None or booking.booked_at <= as_of):
                if entry.account is Account.CREDIT and entry.grant_id in positions:
                    positions[entry.grant_id] = positions[entry.grant_id].moved(booking.kind, entry.amount)
                elif entry.account is Account.ADVANCE and currency in {None, entry.route.currency}:
                    advances[booking.charge or ""] -= entry.amount
        found: dict[Owner, Holding] = {}
        for one in positions.values():
            found.setdefault((one.grant.customer_id, one.grant.currency), Holding([], [])).positions.append(one)
        for key, amount in advances.items():
            if amount:
                owner, charge = self._transaction.get("charges", key)
                advance = Advance(key, charge.feature, charge.at, amount, charge.name)
                found.setdefault((owner, charge.currency), Holding([], [])).advances.append(advance)
        return found

    def book(self, transactions: Sequence[Booking]) -> None:
        if not transactions:
            return
        self._transaction.statement("book")
        for one in transactions:
            if not self._transaction.insert("ledger", one.key, one):
                raise InvariantBroken("a business key of the ledger was to be booked twice")

    def add_charges(self, charges: Iterable[Charged], _at: datetime) -> None:
        self._transaction.statement("add charges")
        for customer_id, charge in charges:
            if not self._transaction.insert("charges", charge.key, (customer_id, charge)):
                raise InvariantBroken(f"{charge.key} was charged already")

    def charges(self, keys: Collection[str]) -> Mapping[str, Charged]:
        self._transaction.statement("charges")
        found = {key: self._transaction.get("charges", key) for key in keys}
        return {key: charged for key, charged in found.items() if charged is not None}

    def realised(self, keys: Collection[str]) -> Mapping[str, Sequence[Allocation]]:
        sums: dict[str, dict[tuple[str | None, datetime], Decimal]] = defaultdict(dict)
        for booking, entry in self._of_charges("realised", keys, Account.CREDIT, Account.ADVANCE):
            key = booking.charge or ""
            at = booking.booked_at if entry.grant_id else self._transaction.get("charges", key)[1].at
            of_key = sums[key]
            of_key[entry.grant_id, at] = of_key.get((entry.grant_id, at), _NOTHING) - entry.amount
        found = {
            key: [Allocation(grant_id, amount, at) for (grant_id, at), amount in of_key.items() if amount]
            for key, of_key in sums.items()
        }
        return {key: allocations for key, allocations in found.items() if allocations}

    def burnt_at_first(self, keys: Collection[str]) -> Mapping[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for booking, entry in self._of_charges("burnt at first", keys, Account.CREDIT):
            if booking.key == f"charge/{booking.charge}":
                found[booking.charge or ""] -= entry.amount
        return found

    def accrued(self, keys: Collection[str]) -> Mapping[str, Mapping[CostBasis | None, Decimal]]:
        sums = self._accrued("accrued", keys)
        found = {key: {basis: amount for basis, amount in of.items() if amount} for key, of in sums.items()}
        return {key: of for key, of in found.items() if of}

    def unearned(self, customer_ids: Collection[str]) -> set[str]:
        keys = [
            charge.key
            for owner, charge in self._transaction.rows("charges")
            if owner in customer_ids and charge.mode.value == "credit_only"
        ]
        return {key for key, of in self._accrued("unearned", keys).items() if any(of.values())}

    def written(self, keys: Collection[str]) -> set[str]:
        self._transaction.statement("written")
        return {key for key in keys if self._transaction.get("ledger", key) is not None}

    def _accrued(self, name: str, keys: Collection[str]) -> Mapping[str, Mapping[CostBasis | None, Decimal]]:
        found: dict[str, dict[CostBasis | None, Decimal]] = defaultdict(dict)
        for booking, entry in self._of_charges(name, keys, Account.ACCRUED):
            of_key, basis = found[booking.charge or ""], entry.route.cost_basis
            of_key[basis] = of_key.get(basis, _NOTHING) + entry.amount
        return found

    def _of_charges(self, name: str, keys: Collection[str], *accounts: Account) -> Iterator[tuple[Booking, Entry]]:
        self._transaction.statement(name)
        for booking, entry in self._entries():
            if booking.charge in keys and entry.account in accounts:
                yield booking, entry

    def _entries(self) -> Iterator[tuple[Booking, Entry]]:
        for booking in self._transaction.rows("ledger"):
            for entry in booking.entries:
                yield booking, entry


class MemoryTopUps:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_customers(self, customer_ids: Collection[str]) -> list[TopUp]:
        self._transaction.statement("top-ups of customers")
        found = [one for one in self._transaction.rows("top ups") if one.customer_id in customer_ids]
        return sorted(found, key=lambda one: (one.customer_id, one.currency))

    def made(self, customer_id: str, currency: str) -> list[Made]:
        self._transaction.statement("top-ups made")
        found = [row for row in self._transaction.rows("top ups made") if row[:2] == (customer_id, currency)]
        return [self._made(number, grant_id) for _, _, number, grant_id in sorted(found)]

    def add_made(self, top_up: TopUp, number: int, grant_id: str) -> None:
        self._transaction.statement("add top-up made")
        key = (top_up.customer_id, top_up.currency, number)
        if not self._transaction.insert("top ups made", key, (*key, grant_id)):
            raise InvariantBroken(f"top-up {number} was made already")

    def _made(self, number: int, grant_id: str) -> Made:
        grant: CreditGrant = self._transaction.get("grants", grant_id)
        is_waiting = grant.available_at is None and grant.voided_at is None
        return Made(number, grant_id, grant.amount, grant.created_at, is_waiting)


class MemoryCredit:
    """The statements of `meterhouse.ledger.ports.LedgerStore` that the simulated use cases send."""

    def __init__(self, transaction: Transaction) -> None:
        self.grants = MemoryGrants(transaction)
        self.ledger = MemoryLedger(transaction)
        self.customers = _Customers(transaction)
        self.currencies = MemoryCurrencies(transaction)
        self.tax_codes = NoTaxCodes()
        self.top_ups = MemoryTopUps(transaction)


class _Customers:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, id_or_key: str) -> Customer | None:
        self._transaction.statement("find customer")
        found: Customer | None = self._transaction.get("customers", id_or_key)
        return found


class MemoryCurrencies:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def by_codes(self, codes: Collection[str]) -> Mapping[str, CustomCurrency]:
        self._transaction.statement("currencies by codes")
        return {one.spec.code: one for one in self._transaction.rows("currencies") if one.spec.code in codes}

    def cost_bases(self, currency_ids: Collection[str]) -> list[CurrencyCostBasis]:
        self._transaction.statement("cost bases")
        return [one for one in self._transaction.rows("cost bases") if one.currency_id in currency_ids]


class NoTaxCodes:
    def by_ids(self, _code_ids: Collection[str]) -> Mapping[str, TaxCode]:
        return {}

    def defaults(self) -> None:
        return None
