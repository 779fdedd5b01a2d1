"""P9's work, in a process of its own, so that its memory is that of invoice runs alone.

Settings of the database come on stdin; each batch gives a line: seconds an invoice, and resident bytes after it.
"""

import json
import sys
import time

import psutil

from meterhouse.platform.postgres import Database, PostgresSettings
from tests.bench.invoice_house import InvoiceHouse


def main(invoices: int, rounds: int, batch_size: int) -> None:
    settings = PostgresSettings(**json.load(sys.stdin))
    database = Database(lambda: settings)
    for _ in range(rounds):
        _bill(database, invoices, batch_size)
    database.close()


def _bill(database: Database, invoices: int, batch_size: int) -> None:
    house, process = InvoiceHouse(database, invoices, batch_size), psutil.Process()
    for batch in list(house.batches()):
        started = time.perf_counter()
        house.bill(batch)
        each = (time.perf_counter() - started) / len(batch.ids)
        print(each, process.memory_info().rss, flush=True)
    if house.paid(database) != invoices:
        raise AssertionError("not every customer has a paid invoice")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
