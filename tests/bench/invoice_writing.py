"""P10: writing what a batch of an invoice run makes: invoices, lines, steps, bookings, domain events."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.events import step_events
from meterhouse.billing.invoice import Line
from meterhouse.billing.postgres import PostgresBilling, PostgresLines
from meterhouse.billing.rows import Texts, Values, invoice_values, line_values, step_values
from meterhouse.kernel.collector import without_collector
from meterhouse.ledger.rows import entry_values, transaction_values
from meterhouse.payments.sandbox import Sandbox
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Transaction
from tests.bench.invoice_house import AS_OF, InvoiceHouse
from tests.bench.measurement import Effort, Figure, Kind, Run, best

_INVOICES = {Effort.FULL: 500, Effort.SMALL: 4, Effort.PROCESSOR: 500}
_ROUNDS = {Effort.FULL: 15, Effort.SMALL: 1, Effort.PROCESSOR: 5}
_FLOOR = "COPY the lines"


def measure(run: Run) -> list[Figure]:
    many = _INVOICES[run.effort]
    guarded = Database(lambda: run.engines.postgres)
    unguarded = Database(lambda: run.engines.unguarded_postgres)
    try:
        house = InvoiceHouse(guarded, many, many)
        house.rate(next(house.batches()))
        with guarded.transaction(house.namespace) as transaction:
            rated = house.invoices(transaction)
        # of invoices that are not there yet; every round is rolled back, so the next writes them anew
        driven = [_of_another(drive(Driven(one), Sandbox(), AS_OF), new_id()) for one in rated]
        lines = [line for one in driven for line in one.invoice.lines]
        works = (
            _rolled_back(guarded, house, lambda inside: copy_lines(inside, lines)),
            _rolled_back(guarded, house, lambda inside: _write(inside, driven)),
            _rolled_back(guarded, house, *(partial(_write_each, one) for one in driven)),
            _rolled_back(unguarded, house, lambda inside: _write(inside, driven)),
        )
        rounds = run.track(range(_ROUNDS[run.effort]), "P10 write invoices")
        floor, bulk, each, free = best(*works, rounds=rounds, clock=run.clock(guarded, unguarded))
    finally:
        guarded.close()
        unguarded.close()
    return [
        Figure("P10", f"write {many} invoices of {len(lines)} lines", Kind.RATIO, bulk, _FLOOR, floor, 8),
        Figure("P10", "the same, in bulk", Kind.FASTER, bulk, "row by row", each, 15),
        Figure("P10", "the same, under row level security", Kind.RATIO, bulk, "without", free, 1.25),
    ]


@without_collector()
def copy_lines(transaction: Transaction, lines: Sequence[Line]) -> None:
    """A bare COPY into a table without index or key."""
    texts = Texts()
    transaction.stage("lines", "invoice_lines", (line_values(line, texts) for line in lines))


def _rolled_back(database: Database, house: InvoiceHouse, *writes: Callable[[Transaction], None]) -> Callable[[], None]:
    """Each in a transaction of its own, which comes as far as its commit: what is checked then is checked."""

    def run() -> None:
        for write in writes:
            with database.transaction(house.namespace) as transaction:
                write(transaction)
                transaction.execute("SET CONSTRAINTS ALL IMMEDIATE")

    return run


def _of_another(driven: Driven, invoice_id: str) -> Driven:
    lines = [replace(line, id=new_id(), key=new_id(), invoice_id=invoice_id) for line in driven.invoice.lines]
    invoice = replace(driven.invoice, id=invoice_id, number=invoice_id, lines=tuple(lines))
    bookings = [replace(one, key=f"{invoice_id}/{one.key}", invoice=invoice_id) for one in driven.bookings]
    return replace(driven, invoice=invoice, bookings=tuple(bookings))


@without_collector()
def _write(transaction: Transaction, driven: Sequence[Driven]) -> None:
    """As the steps of a run write."""
    store = PostgresBilling(transaction)
    store.invoices.save(driven)
    PostgresLines(transaction).add([line for one in driven for line in one.invoice.lines])
    store.credit.ledger.book([booking for one in driven for booking in one.bookings])
    transaction.publish(*(event for one in driven for event in step_events(one)))


def _write_each(one: Driven, transaction: Transaction) -> None:
    """The same rows of an invoice, a statement each, of which a repeat changes nothing."""
    texts = Texts()
    _insert(transaction, "invoices", invoice_values(one.invoice, texts))
    for line in one.invoice.lines:
        _insert(transaction, "invoice_lines", line_values(line, texts))
    for step in one.transitions:
        _insert(transaction, "invoice_transitions", step_values(one.invoice.id, step))
    for booking in one.bookings:
        written = transaction_values(booking)
        _insert(transaction, "ledger_transactions", written)
        shared = {name: written[name] for name in ("entries", "kind", "customer_id", "booked_at")}
        for number, entry in enumerate(booking.entries, 1):
            values = {"transaction_id": booking.id} | shared | entry_values(number, entry)
            _insert(transaction, "ledger_entries", values)
    for event in step_events(one):
        transaction.publish(event)


def _insert(transaction: Transaction, table: str, values: Values) -> None:
    row = {"namespace": transaction.namespace} | values
    named = ", ".join(f"%({name})s" for name in row)
    transaction.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({named}) ON CONFLICT DO NOTHING", row)
