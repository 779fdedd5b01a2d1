"""P9: a whole invoice run; per invoice beside that of a small one, and beside its arithmetic and the COPY of its lines.

Usage comes from memory: how it is queried is P5 and P6.
"""

import resource
import time

from meterhouse.billing.collection import rated
from meterhouse.ledger.transaction import NOTHING
from meterhouse.platform.postgres import Database
from tests.bench.invoice_house import AS_OF, InvoiceHouse
from tests.bench.invoice_writing import copy_lines
from tests.bench.measurement import Effort, Figure, Kind, Run, Unit, best

_INVOICES = {Effort.FULL: (1_000, 100_000), Effort.SMALL: (2, 6)}
_ROUNDS = {Effort.FULL: 5, Effort.SMALL: 1}
_BATCH = {Effort.FULL: 500, Effort.SMALL: 2}
_MEMORY = 64 * 2**20
_KIB = 1024


def measure(run: Run) -> list[Figure]:
    few, many = _INVOICES[run.effort]
    database = Database(lambda: run.engines.postgres)
    try:
        small = [
            seconds
            for _ in run.track(range(_ROUNDS[run.effort]), f"P9 {few:,} invoices")
            for seconds in _billed(run, InvoiceHouse(database, few, _BATCH[run.effort]), database, few)[0]
        ]
        house = InvoiceHouse(database, many, _BATCH[run.effort])
        large, grown = _billed(run, house, database, many)
        floor = _floor(run, house, database)
    finally:
        database.close()
    # the least: what others do on the machine only adds; of the large run where it has written most
    at_last = min(large[-max(1, len(large) // 10) :])
    each = f"of {few:,} invoices, each"
    return [
        Figure("P9", f"one of {many:,} invoices", Kind.RATIO, at_last, each, min(small), 1.1),
        Figure("P9", "the whole of it", Kind.RATIO, at_last, "rate, COPY the lines", floor, 2.5),
        Figure("P9", f"memory after {many:,}", Kind.RATIO, max(grown, 1), "64 MiB", _MEMORY, 1, Unit.BYTES),
    ]


def _billed(run: Run, house: InvoiceHouse, database: Database, invoices: int) -> tuple[list[float], int]:
    """Seconds an invoice of each batch, and by how much the process grew after the first."""
    seconds: list[float] = []
    first = 0
    batches = list(house.batches())
    for number in run.track(range(len(batches)), f"P9 {invoices:,} invoices"):
        started = time.perf_counter()
        house.bill(batches[number])
        seconds.append((time.perf_counter() - started) / len(batches[number].ids))
        first = first or _resident()
    if house.paid(database) != invoices:
        raise AssertionError("not every customer has a paid invoice")
    return seconds, _resident() - first


def _resident() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def _floor(run: Run, house: InvoiceHouse, database: Database) -> float:
    """Seconds an invoice: rating the lines of a batch anew, and a bare COPY of them."""
    rounds = run.track(range(_ROUNDS[run.effort]), "P9 floor")
    with database.transaction(house.namespace) as transaction:
        invoices = house.invoices(transaction)

        def rate_and_copy() -> None:
            copy_lines(
                transaction,
                [rated(line, line.quantity or NOTHING, one.workflow, AS_OF) for one in invoices for line in one.lines],
            )

        [least] = best(rate_and_copy, rounds=rounds)
    return least / len(invoices)
