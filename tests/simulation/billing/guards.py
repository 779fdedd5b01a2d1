"""Guards of billing, each with a patch that takes it away: the simulation must notice every one."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.billing import burn_credit, burn_lines, edit_invoice, record_payment, saving
from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.drive import Driven
from meterhouse.billing.void import Voiding
from meterhouse.billing.void_invoice import void_invoice
from meterhouse.ledger import book
from meterhouse.ledger.book import Book
from meterhouse.ledger.transaction import Kind
from meterhouse.platform import relay
from meterhouse.rating import amounts
from tests.simulation.billing.credit import MemoryLedger
from tests.simulation.billing.invoices import MemoryInvoices, MemoryLines, MemoryReports
from tests.simulation.billing.tables import Transaction
from tests.simulation.guards import Guard


def _nothing(*_given: Any, **_named: Any) -> None: ...


def _publishes_at_once(self: Transaction, *events: Any) -> None:
    for event in events:
        self.tables.committed["outbox"].setdefault(event.id, event)


def _takes_for_good(self: MemoryInvoices, scope: str, count: int) -> range:
    taken = self._transaction.tables.committed["taken numbers"]
    last = taken[scope] = taken.get(scope, 0) + count
    return range(last - count + 1, last + 1)


def _publishes_what_is_marked(database: Any, bus: Any, namespace: str) -> int:
    with database.transaction(namespace) as transaction:
        waiting = transaction.fetch_all(relay._SQL["waiting_events"], {"limit": 10})
        relay._mark(transaction, waiting, ())
        transaction.commit()
    if waiting:
        bus.put(waiting)
    return len(waiting)


def _voids_alone(self: InvoiceActions, namespace: str, invoice_id: str, voiding: Voiding) -> Any:
    return self._act(namespace, invoice_id, lambda work, invoice, at: void_invoice(work, Driven(invoice), voiding, at))


def _of_what_remains(self: Book, *given: Any) -> Iterable[Any]:
    for grant, part, at in _TAKEN(self, *given):
        if min(part, self._positions[grant.id].remaining) > 0:
            yield grant, min(part, self._positions[grant.id].remaining), at


_TAKEN: Callable[..., Iterable[Any]] = Book._taken


def _ends_by_the_clock(grant: Any, at: datetime) -> tuple[Kind, datetime] | None:
    end = _END(grant, at)
    return None if end is None else (end[0], at)


_END = book._end_of


def _as_floats(value: Decimal, exponent: int) -> Decimal:
    return Decimal(round(float(value), exponent))


def _writes_again(self: MemoryReports, invoice_id: str, report: Any, _at: Any, *, is_applied: bool) -> None:
    self._transaction.put("reports", (invoice_id, report.key), (report, is_applied))


GUARDS: Mapping[str, Guard] = {
    # the database's own
    "outbox-outside-the-transaction": Guard([(Transaction, "publish", _publishes_at_once)]),
    "numbers-outside-the-transaction": Guard([(MemoryInvoices, "take_numbers", _takes_for_good)]),
    "no-lock-on-a-grant": Guard([(MemoryLedger, "lock_customers", _nothing)]),
    "no-lock-on-an-invoice": Guard([(MemoryInvoices, "lock_customers", _nothing)]),
    # money
    "float-in-money": Guard([(amounts, "round_half_away", _as_floats)]),
    "parts-of-a-period-not-asked": Guard([(MemoryLines, "related", lambda *_: [])]),
    # credit
    "expiry-before-late-usage": Guard([(Book, "_taken", _of_what_remains)]),
    "expiry-by-the-clock": Guard([(book, "_end_of", _ends_by_the_clock)]),
    "expiry-left-out": Guard([(Book, "expire", _nothing)]),
    "correct-without-reversal": Guard([(burn_credit, "give_back", _nothing)]),
    "edit-without-reversal": Guard([(edit_invoice, "return_credit", _nothing)]),
    "end-without-reversal": Guard([(saving, "settle_credit", _nothing)]),
    "units-left-by-credit-not-invoiced": Guard([(burn_lines, "_leave", _nothing)]),
    "advances-not-covered": Guard([(Book, "_cover", _nothing)]),
    "paid-credit-not-there": Guard([(saving, "settle_purchases", _nothing)]),
    # apps and consumers
    "void-without-the-app": Guard([(InvoiceActions, "void", _voids_alone)]),
    "outrun-reports-count": Guard([(record_payment, "is_outrun", lambda *_: False)]),
    "no-business-key-on-a-report": Guard(
        [(MemoryReports, "has", lambda *_: False), (MemoryReports, "add", _writes_again)]
    ),
    "marked-before-it-is-published": Guard([(relay, "_relay_namespace", _publishes_what_is_marked)]),
}
