"""The functions of the archive: what writes it, and what the operator has made of it."""

from __future__ import annotations

from infra.function_spec import CLICKHOUSE, KAFKA, POSTGRES, S3_ARCHIVE, S3_ARCHIVE_ERASER, FunctionSpec

REBUILD = FunctionSpec("rebuild_usage", (KAFKA, CLICKHOUSE, POSTGRES, S3_ARCHIVE), timeout=900, memory=2048)

ARCHIVE = (
    FunctionSpec(
        "archive_events", (CLICKHOUSE, S3_ARCHIVE), rate="rate(10 minutes)", timeout=900, memory=1024, concurrency=1
    ),
    REBUILD,
    # one at a time: it lays pages of the archive on one desk
    FunctionSpec(
        "erase_subjects",
        (POSTGRES, CLICKHOUSE, S3_ARCHIVE_ERASER),
        rate="rate(10 minutes)",
        timeout=900,
        memory=1024,
        concurrency=1,
    ),
    FunctionSpec("export_namespace", (POSTGRES, S3_ARCHIVE), timeout=900, memory=1024),
)
