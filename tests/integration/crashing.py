"""A PostgreSQL server that may be killed, and work that kills it at a commit of its choice."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import Generic, TypeVar

import psutil

from localstack.fixtures import free_port, running, temporary_folder
from localstack.postgres import postgres_part
from localstack.settings import DATABASE, HOST, POSTGRES_OWNER
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.postgres import APPLICATION_ROLE, Database, PostgresSettings
from meterhouse.platform.work import Begin, Work

R = TypeVar("R")
S = TypeVar("S")
MOMENTS = ("before", "after", "while")
_PATIENCE = 60


@contextmanager
def durable_database() -> Iterator[Database]:
    """A server that keeps what it promised, unlike the ring's own, and may be killed."""
    port = free_port()
    with temporary_folder() as folder, running(postgres_part(port, folder / "data"), folder):
        owner = (POSTGRES_OWNER.username, POSTGRES_OWNER.password)
        own = PostgresSettings(HOST, port.number, DATABASE, *owner, "disable")
        settings = PostgresSettings(HOST, port.number, DATABASE, APPLICATION_ROLE, "test-app", "disable")
        store = MigratedPostgres(own, settings, makes_database=True)
        with store.alone():
            store.create_application_role()
            migrate(store, migrations("postgres"))
        with closing(Database(lambda: settings)) as database:
            yield database


@dataclass
class Crashing(Generic[S]):
    """Begins units of work; at the `victim`-th commit the server crashes: before, after, or while it is written."""

    begin: Begin[S]
    database: Database
    victim: int
    moment: str
    delay: float
    commits: int = 0
    crashed: bool = False
    crash_to_come: Thread | None = None

    @contextmanager
    def __call__(self, namespace: str) -> Iterator[Work[S]]:
        with self.begin(namespace) as work:
            commit, dies = work.commit, False

            def counted() -> None:
                nonlocal dies
                self.commits += 1
                dies = self.commits == self.victim
                if dies and self.moment == "before":
                    self.crash()
                if dies and self.moment == "while":
                    self.crash_to_come = Thread(target=self.crash, args=(self.delay,))
                    self.crash_to_come.start()
                commit()

            work.commit = counted  # type: ignore[method-assign] # this is where the test puts the crash
            yield work
        if dies and self.moment == "after":
            self.crash()
            raise Unavailable("the answer was lost")

    def until_over(self) -> None:
        """Wait until the crash has come, be it after the last commit, and the server answers again."""
        if self.crash_to_come:
            self.crash_to_come.join()
        until_done(lambda: self.database.read("nobody", "SELECT 1"))

    def crash(self, delay: float = 0) -> None:
        """Kill a server process the hard way: the server drops all others and recovers from its log."""
        connection = self.database._connection
        assert connection
        pid = connection.info.backend_pid
        time.sleep(delay)
        os.kill(pid, signal.SIGKILL)
        while psutil.pid_exists(pid):  # until the server has seen it, it takes connections that it drops then
            time.sleep(0.001)
        self.crashed = True


def until_done(step: Callable[[], R]) -> R:
    """What a workflow does: try again while the server is away."""
    for _ in range(_PATIENCE * 50):
        try:
            return step()
        except Unavailable:
            time.sleep(0.02)
    raise AssertionError("the server did not come back")
