"""Seconds of processor, of this process and of those that answer it: who else waits for the machine hardly matters."""

import time
from collections.abc import Callable

import psutil

from meterhouse.platform.postgres import Database


def processor_time(*databases: Database) -> Callable[[], float]:
    """A clock of what this process, the databases' connections as they are, and the usage store's server took."""
    found = psutil.Process().children(recursive=True)
    servers = [one for one in found if "localstack.clickhouse" in one.cmdline()]
    servers += [psutil.Process(_connection_of(database)) for database in databases]

    def taken() -> float:
        seconds = time.process_time()
        for times in (one.cpu_times() for one in servers):
            seconds += times.user + times.system
        return seconds

    return taken


def _connection_of(database: Database) -> int:
    with database.transaction("bench") as transaction:
        [row] = transaction.fetch_all("SELECT pg_backend_pid() AS pid")
    pid: int = row["pid"]
    return pid
