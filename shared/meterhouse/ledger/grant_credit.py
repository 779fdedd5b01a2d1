"""A customer is granted credit."""

from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from meterhouse.kernel.errors import Conflict, Problem
from meterhouse.kernel.ids import derived_ulid
from meterhouse.ledger.credit_grant import CreditGrant, Funding, Settlement
from meterhouse.ledger.customer_book import lock_customer, open_book
from meterhouse.ledger.events import grant_created, grant_paid
from meterhouse.ledger.grant_rules import CreditGrantSpec, Known, new_credit_grant
from meterhouse.ledger.ports import InvoiceReference, LedgerStore, Purchases
from meterhouse.platform import clock, ids
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Begin, Work


class Unbilled:
    """`Purchases` where no room above has invoices."""

    def bill(self, _namespace: str, _grant: CreditGrant) -> None:
        """Nobody is asked to pay."""

    def invoices_of(self, _namespace: str, _grant_ids: Collection[str]) -> Mapping[str, InvoiceReference]:
        return {}

    def given_up(self, _namespace: str, _grant_ids: Collection[str]) -> AbstractSet[str]:
        return frozenset()


UNBILLED = Unbilled()


class GrantCredit:
    def __init__(
        self,
        begin: Begin[LedgerStore],
        now: Callable[[], datetime] = clock.now,
        new_id: Callable[[], str] = ids.new_id,
        purchases: Purchases = UNBILLED,
    ) -> None:
        self._begin = begin
        self._purchases = purchases
        self._now = now
        self._new_id = new_id

    def __call__(self, namespace: str, customer_id: str, spec: CreditGrantSpec) -> CreditGrant:
        """Add a grant; one that an invoice pays for is funded once it is paid.

        Raises:
            NotFound: there is no such customer.
            InvalidInput: see `new_credit_grant`.
            Conflict: `credit_grant_key_conflict`: the customer has a grant of this key.
        """
        with self._begin(namespace) as work:
            customer = lock_customer(work, customer_id)
            grant = new_credit_grant(self._new_id(), customer.id, spec, known_of(work.store, spec), self._now())
            _refuse_second(work.store, grant)
            add_grant(work, grant)
            if grant.funding is Funding.INVOICE:
                self._purchases.bill(namespace, grant)
            work.commit()
        return grant


def grant_for_money(
    store: LedgerStore, customer_id: str, spec: CreditGrantSpec, at: datetime
) -> tuple[CreditGrant, list[DomainEvent]]:
    """A grant with a key and a price that a locked customer has paid already; written, and to be told of."""
    grant = new_credit_grant(derived_ulid(at, "credit_grant", spec.key or ""), customer_id, spec, Known(), at)
    settled = grant.settled(Settlement.SETTLED, at)
    book = open_book(store, customer_id, grant.currency, at)
    book.pay(grant, Settlement.SETTLED)
    book.fund(settled)
    store.grants.add(settled)
    store.ledger.book(book.booked)
    return settled, [grant_created(settled), grant_paid(settled, at)]


def add_grant(work: Work[LedgerStore], grant: CreditGrant) -> None:
    """Write a grant of a locked customer, and fund it unless its invoice is to be paid."""
    work.store.grants.add(grant)
    if grant.available_at is not None:
        book = open_book(work.store, grant.customer_id, grant.currency, grant.created_at)
        book.fund(grant)
        work.store.ledger.book(book.booked)
    work.publish(grant_created(grant))


def known_of(store: LedgerStore, spec: CreditGrantSpec) -> Known:
    """What there is of all that the grant names."""
    currencies = store.currencies.by_codes([spec.currency])
    bases = store.currencies.cost_bases([one.id for one in currencies.values()])
    named = [] if spec.taxation is None or spec.taxation.code_id is None else [spec.taxation.code_id]
    codes = [code.id for code in store.tax_codes.by_ids(named).values() if code.deleted_at is None]
    return Known(currencies, bases, codes)


def _refuse_second(store: LedgerStore, grant: CreditGrant) -> None:
    other = None if grant.key is None else store.grants.find_by_key(grant.customer_id, grant.key)
    if other is not None:
        message = f"credit grant {other.id} has the key {grant.key!r}"
        raise Conflict(message, "credit_grant_key_conflict", [Problem("/key", "credit_grant_key_conflict", message)])
