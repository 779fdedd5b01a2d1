"""P9's work, in a process of its own, so that its memory is that of invoice runs alone.

Settings of the stores are the first line of stdin; each further line asks for a batch, which gives a line: seconds an
invoice, and resident bytes after it.
"""

import json
import sys
import time

import psutil

from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.bench.invoiced_month import check, metered_house


def main(invoices: int, rounds: int, batch_size: int) -> None:
    given = json.loads(sys.stdin.readline())
    settings, of_usage = PostgresSettings(**given["postgres"]), ClickHouseSettings(**given["clickhouse"])
    database, store = Database(lambda: settings), ClickHouse(lambda: of_usage)
    for _ in range(rounds):
        _bill(database, store, invoices, batch_size)
    database.close()


def _bill(database: Database, store: ClickHouse, invoices: int, batch_size: int) -> None:
    house, process = metered_house(database, store, invoices, batch_size), psutil.Process()
    for batch in list(house.batches()):
        sys.stdin.readline()
        started = time.perf_counter()
        house.bill(batch)
        each = (time.perf_counter() - started) / len(batch.ids)
        print(each, process.memory_info().rss, flush=True)
    check(house, database)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
