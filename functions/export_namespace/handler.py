"""Exports all that a namespace has, to the archive's bucket; invoked by the operator until it is complete."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from meterhouse.metering.archive import MANIFESTS, folder_of
from meterhouse.metering.s3_archive import S3Archive, archive_bucket
from meterhouse.platform import clock
from meterhouse.platform.export import ExportTables
from meterhouse.platform.namespaces import checked_namespace
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task, text

BUDGET = timedelta(minutes=5)
"""The largest part must fit into the timeout beside it."""

export = ExportTables(Database(PostgresSettings.from_environment), archive_bucket(), now=clock.now)
archive = S3Archive()


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "name"} -> tables done, and where; at the end where the events are, and how many."""
    namespace = checked_namespace(text(event, "namespace"))
    progress = asdict(export(namespace, text(event, "name"), clock.now() + BUDGET))
    if progress["complete"]:
        folder = folder_of("events", namespace)
        manifests = [archive.manifest(key) for key in archive.manifests(folder)]
        progress["events"] = {
            "folder": f"{MANIFESTS}{folder}",
            "hours": len(manifests),
            "rows": sum(one.rows for one in manifests),
        }
    return progress
