"""P9: a whole invoice run; per invoice beside that of a small one, and beside its usage query, arithmetic and COPY.

Usage is that of the usage store, a batch's asked for at once. Runs have processes of their own (`billed_batches`): what
earlier benchmarks took would hide what this one's memory grows by.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from meterhouse.billing.collection import rated
from meterhouse.kernel.collector import without_collector
from meterhouse.ledger.transaction import NOTHING
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from meterhouse.platform.postgres_transaction import Row, Transaction
from tests.bench.invoice_house import AS_OF, InvoiceHouse
from tests.bench.invoice_writing import copy_lines
from tests.bench.invoiced_month import MONTH, check, metered_house
from tests.bench.measurement import Effort, Figure, Kind, Run, Unit, best

_INVOICES = {Effort.FULL: (1_000, 100_000), Effort.SMALL: (2, 6)}
_ROUNDS = {Effort.FULL: 5, Effort.SMALL: 1, Effort.PROCESSOR: 6}
_BATCH = {Effort.FULL: 500, Effort.SMALL: 2, Effort.PROCESSOR: 500}
_MEMORY = 64 * 2**20
_FLOOR = "query, rate, COPY"
_TABLES = (
    "invoices",
    "invoice_lines",
    "invoice_transitions",
    "ledger_transactions",
    "ledger_entries",
    "outbox",
)
_COLUMNS = """
SELECT
    string_agg(column_name || CASE WHEN data_type LIKE 'json%%' THEN '::text AS ' || column_name ELSE '' END, ', ')
    AS written
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %(table)s AND is_generated = 'NEVER' AND is_identity = 'NO'
"""
_ROOT = Path(__file__).resolve().parents[2]


class BilledBatch(NamedTuple):
    """Seconds an invoice, and the bytes that the process had after it."""

    seconds: float
    resident: int


class InTurns(NamedTuple):
    """Batches alone, then those in turns with the floor, and its seconds an invoice."""

    alone: list[BilledBatch]
    beside: list[BilledBatch]
    floor: list[float]


def measure(run: Run) -> list[Figure]:
    if run.effort is Effort.PROCESSOR:
        return [_by_processor(run)]
    few, many = _INVOICES[run.effort]
    rounds = _ROUNDS[run.effort]
    small = _in_turns(run, few, rounds).beside
    # where it has written most
    large, beside, floor = _in_turns(run, many, share=10)
    # once more, for the large run takes minutes: the least, as what others do on the machine only adds
    small += _in_turns(run, few, rounds).beside
    at_last, least = min(batch.seconds for batch in beside), min(batch.seconds for batch in small)
    resident = [batch.resident for batch in (*large, *beside)]
    grown = max(resident) - resident[0]
    each = f"of {few:,} invoices, each"
    return [
        Figure("P9", f"one of {many:,} invoices", Kind.RATIO, at_last, each, least, 1.1),
        Figure("P9", "the whole of it", Kind.RATIO, at_last, _FLOOR, min(floor), 2.5),
        Figure("P9", f"memory after {many:,}", Kind.RATIO, max(grown, 1), "64 MiB", _MEMORY, 1, Unit.BYTES),
    ]


def _in_turns(run: Run, invoices: int, rounds: int = 1, share: int = 1) -> InTurns:
    """The batches of so many runs, the last `share`th part of them in turns with the floor."""
    batches = rounds * (invoices // _BATCH[run.effort])
    with _billing(run, invoices, rounds) as billed:
        alone = list(islice(billed, batches - max(1, batches // share)))
        with _floor(run) as floor:
            pairs = [(batch, floor()) for batch in billed]
    return InTurns(alone, [batch for batch, _ in pairs], [taken for _, taken in pairs])


@contextmanager
def _billing(run: Run, invoices: int, rounds: int = 1) -> Iterator[Iterator[BilledBatch]]:
    """The batches of so many runs in a new process, which bills each when it is asked for."""
    size = _BATCH[run.effort]
    command = [sys.executable, "-m", "tests.bench.billed_batches", *map(str, (invoices, rounds, size))]
    steps = run.track(range(rounds * (invoices // size)), f"P9 {invoices:,} invoices")
    pipe = subprocess.PIPE
    with (
        run.engines.usage_store(f"p9_{invoices}") as usage,
        subprocess.Popen(command, cwd=_ROOT, stdin=pipe, stdout=pipe, text=True) as ran,  # noqa: S603 - our own program
    ):
        asked, answers = ran.stdin, ran.stdout
        if asked is None or answers is None:
            raise BrokenPipeError
        print(json.dumps({"postgres": asdict(run.engines.postgres), "clickhouse": asdict(usage)}), file=asked)

        def billed() -> Iterator[BilledBatch]:
            for _ in steps:
                print(file=asked, flush=True)
                seconds, resident = answers.readline().split()
                yield BilledBatch(float(seconds), int(resident))

        yield billed()
    if ran.returncode:
        raise subprocess.CalledProcessError(ran.returncode, command)


@contextmanager
def _floor(run: Run) -> Iterator[Callable[[], float]]:
    """Seconds an invoice: a batch's usage asked for, its lines rated anew, a bare COPY of all that it left."""
    database, size = Database(lambda: run.engines.postgres), _BATCH[run.effort]
    try:
        with run.engines.usage_store("p9_floor") as settings:
            house = metered_house(database, ClickHouse(lambda: settings), size, size)
            house.bill(next(house.batches()))
            with database.transaction(house.namespace) as transaction:
                work = _query_rate_and_copy(transaction, house)
                yield lambda: best(work, rounds=range(1))[0] / size
    finally:
        database.close()


def _by_processor(run: Run) -> Figure:
    """Batch by batch, each beside the floor of the first."""
    size, rounds = _BATCH[run.effort], _ROUNDS[run.effort]
    database, beside = Database(lambda: run.engines.postgres), Database(lambda: run.engines.postgres)
    try:
        with run.engines.usage_store("p9_processor") as settings:
            house = metered_house(database, ClickHouse(lambda: settings), size * (rounds + 1), size)
            batches = iter(list(house.batches()))
            house.bill(next(batches))
            clock, turns = run.clock(database, beside), run.track(range(rounds), "P9 by processor time")
            with beside.transaction(house.namespace) as transaction:
                works = (lambda: house.bill(next(batches)), _query_rate_and_copy(transaction, house))
                whole, floor = best(*works, rounds=turns, clock=clock)
            check(house, database)
    finally:
        database.close()
        beside.close()
    return Figure("P9", f"a batch of {size}, the whole of it", Kind.RATIO, whole, _FLOOR, floor, 2.5)


def _query_rate_and_copy(transaction: Transaction, house: InvoiceHouse) -> Callable[[], None]:
    """The floor, of the one batch that was billed."""
    found, left = house.invoices(transaction), {table: _left(transaction, table) for table in _TABLES}
    subjects = {one.customer_id: one.subject_keys for one in found}

    @without_collector()
    def floor() -> None:
        house.usage.quantities(house.namespace, house.feature, MONTH, subjects)
        lines = [rated(line, line.quantity or NOTHING, one.workflow, AS_OF) for one in found for line in one.lines]
        copy_lines(transaction, lines)
        for table, rows in left.items():
            transaction.stage(f"left_{table}", table, rows)

    return floor


def _left(transaction: Transaction, table: str) -> list[Row]:
    """The rows of a table as they would be written; of lines those that wait, for the others are rated."""
    [columns] = transaction.fetch_all(_COLUMNS, {"table": table})
    waits = "is_pending" if table == "invoice_lines" else "true"
    return transaction.fetch_all(
        f"SELECT {columns['written']} FROM {table} WHERE namespace = %(namespace)s AND {waits}"
    )
