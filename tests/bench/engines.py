"""The engines of a run, each started when it is first asked for and shared by all benchmarks."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cached_property

from localstack.fixtures import (
    ClickHouseServer,
    KafkaServer,
    PostgresServer,
    running_clickhouse,
    running_kafka,
    running_postgres,
)
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.postgres import APPLICATION_ROLE, PostgresSettings
from meterhouse.platform.topics import create_topics

_PASSWORD = "bench-app"
_CACHE = "1GB"
"""Aurora has more at one of its capacity units (2 GiB); the default does not hold the indexes of a large run."""


class Engines:
    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    @cached_property
    def clickhouse(self) -> ClickHouseServer:
        return self._stack.enter_context(running_clickhouse())

    @cached_property
    def kafka(self) -> KafkaSettings:
        """A broker with our topics."""
        broker: KafkaServer = self._stack.enter_context(running_kafka())
        settings = KafkaSettings(broker.bootstrap_servers, "events", "dead-letters", "sink", "PLAINTEXT")
        create_topics(settings)
        return settings

    @cached_property
    def _postgres_server(self) -> PostgresServer:
        return self._stack.enter_context(running_postgres(_CACHE))

    @cached_property
    def postgres(self) -> PostgresSettings:
        """How a function connects to the migrated database."""
        server = self._postgres_server
        place, owner = (server.host, server.port, server.database), server.owner
        application = PostgresSettings(*place, APPLICATION_ROLE, _PASSWORD, "disable")
        own = PostgresSettings(*place, owner.username, owner.password, "disable")
        store = MigratedPostgres(own, application, makes_database=True)
        with store.alone():
            store.create_application_role()
            migrate(store, migrations("postgres"))
        return application

    @property
    def unguarded_postgres(self) -> PostgresSettings:
        """The same database for whom row level security does not bind."""
        role = self._postgres_server.superuser
        return replace(self.postgres, username=role.username, password=role.password)

    @contextmanager
    def usage_store(self, name: str) -> Iterator[ClickHouseSettings]:
        """A migrated usage store of its own, gone at the end of the block."""
        server = self.clickhouse
        settings = ClickHouseSettings(server.url, f"bench_{name}", server.username, server.password)
        migrate(MigratedClickHouse(settings), migrations("clickhouse"))
        yield settings
        ClickHouse(lambda: settings).command(f"DROP DATABASE {settings.database} SYNC")

    @property
    def clickhouse_version(self) -> str:
        server = self.clickhouse
        settings = ClickHouseSettings(server.url, "default", server.username, server.password)
        [(version,)] = ClickHouse(lambda: settings).query("SELECT version()")
        return str(version)
