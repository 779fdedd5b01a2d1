"""The custom resource that runs migrate_databases on every deploy that changed a migration or the retention."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from aws_cdk import CustomResource, Duration

if TYPE_CHECKING:
    from constructs import Construct

    from infra.function import MeterhouseFunction

RETENTION = "EVENTS_RETENTION_DAYS"
"""The variable that tells migrate_databases how long events are kept as they came; for ever without it."""
PARTITIONS = "KAFKA_PARTITIONS"
"""The variable that tells it how many partitions the events topic is created with; later it keeps what it has."""
LIBRARY = Path(__file__).resolve().parent.parent / "shared" / "meterhouse"


def migrations_hash() -> str:
    """A digest over every migration of every room: another value makes CloudFormation call the function again."""
    digest = hashlib.sha256()
    for path in sorted(LIBRARY.glob("*/migrations/**/*.sql")):
        digest.update(f"{path.relative_to(LIBRARY)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def migration(scope: Construct, function: MeterhouseFunction, retention_days: int | None) -> CustomResource:
    """The migrated state of the databases, as a resource that others can depend on."""
    kept = "for ever" if retention_days is None else f"{retention_days} days"
    resource = CustomResource(
        scope,
        "Migrations",
        resource_type="Custom::DatabaseMigrations",
        service_token=function.function.function_arn,
        service_timeout=Duration.minutes(15),
        properties={"MigrationsHash": migrations_hash(), "EventsKept": kept},
    )
    resource.node.add_dependency(function.role)
    return resource
