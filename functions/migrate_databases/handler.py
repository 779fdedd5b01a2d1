"""Brings the stores to what this version needs; a custom resource on deploy, safe to run again and again."""

from contextlib import closing
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.metering.clickhouse_retention import keep_events, retention_days
from meterhouse.platform.calls import told
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.custom_resource import fulfilled
from meterhouse.platform.kafka import KafkaSettings
from meterhouse.platform.logging import logger
from meterhouse.platform.migrated_clickhouse import MigratedClickHouse
from meterhouse.platform.migrated_postgres import MigratedPostgres
from meterhouse.platform.migrations import migrate, migrations
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.settings import optional
from meterhouse.platform.topics import PARTITIONS, create_topics


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], _context: LambdaContext) -> dict[str, Any]:
    """What was applied and created, by store."""
    # A resource that was there before had its database: one that is not found then is lost, or is elsewhere.
    is_new = event.get("RequestType") == "Create"
    answer = fulfilled(event, lambda: prepare(makes_database=is_new), resource_id="meterhouse-databases")
    logger.info("databases migrated", extra=answer)
    return answer


@told
def prepare(*, makes_database: bool) -> dict[str, Any]:
    postgres = MigratedPostgres(
        PostgresSettings.from_environment("POSTGRES_OWNER_SECRET_ARN"),
        PostgresSettings.from_environment(),
        makes_database=makes_database,
    )
    with postgres.alone():
        postgres.create_application_role()
        done: dict[str, Any] = {"postgres": migrate(postgres, migrations("postgres"))}
        usage_store = MigratedClickHouse(ClickHouseSettings.from_environment())
        done["clickhouse"] = migrate(usage_store, migrations("clickhouse"))
        days = retention_days(optional("EVENTS_RETENTION_DAYS", ""))
        done["clickhouse"] += keep_events(ClickHouse(ClickHouseSettings.from_environment), days)
        done["topics"] = create_topics(
            KafkaSettings.from_environment(), int(optional("KAFKA_PARTITIONS", str(PARTITIONS)))
        )
    with closing(Database(PostgresSettings.from_environment)) as database:
        Credentials(database).register_first()
    return done
