"""All of a namespace's tables as JSON lines: every row of its own, none of another, nothing that opens anything."""

import gzip
import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from localstack.aws import aws_client
from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform import clock
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.export import ExportTables, checked_name
from meterhouse.platform.ids import new_id
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.postgres import Database
from meterhouse.platform.s3 import S3Bucket
from tests.peppers import one_pepper

LONG = timedelta(hours=1)


def told(database: Database, namespace: str, number: int) -> None:
    now = clock.now()
    with database.transaction(namespace) as transaction:
        names = {"text": 'é "quoted"\n', "amount": "1.10"}
        transaction.publish(*(DomainEvent(new_id(), "some.event", f"s{one}", now, names) for one in range(number)))
        transaction.commit()


def test_an_export_holds_every_row_of_its_namespace_and_is_written_once(
    database: Database,
    namespace: str,
    other_namespace: str,
    aws_account: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bucket = f"export-{new_id().lower()}"
    for variable, value in {**aws_account, "ARCHIVE_BUCKET": bucket}.items():
        monkeypatch.setenv(variable, value)
    s3 = aws_client("s3", aws_account)
    s3.create_bucket(Bucket=bucket)
    Credentials(database, one_pepper).register(namespace, "first", f"mh_{namespace}")
    for name, number in ((namespace, 9), (other_namespace, 4)):
        told(database, name, number)
    export = ExportTables(database, S3Bucket("ARCHIVE_BUCKET"), now=clock.now, part_bytes=500)
    begun = export(namespace, "leaving", clock.now())
    assert (begun.done, begun.complete) == (1, False)
    ended = export(namespace, "leaving", clock.now() + LONG)
    assert (ended.complete, ended.done, ended.rows) == (True, ended.tables, 12)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="exports/")["Contents"]
    objects = {one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in listed}
    rows: list[tuple[str, dict[str, Any]]] = [
        (key.split("/")[3], json.loads(line))
        for key, body in objects.items()
        if key.endswith(".gz")
        for line in gzip.decompress(body).splitlines()
    ]
    told_of = {"outbox": 9, "api_keys": 1, "api_key_secrets": 1, "namespaces": 1}
    assert Counter(table for table, _ in rows) == told_of
    assert {row["namespace"] for _, row in rows} == {namespace}
    assert not any("key_hash" in row for _, row in rows)
    assert all(row["data"] == {"text": 'é "quoted"\n', "amount": "1.10"} for table, row in rows if table == "outbox")
    page = json.loads(objects[f"exports/{namespace}/leaving/outbox.json"])
    assert page["rows"] == 9
    assert len(page["parts"]) > 1
    told(database, namespace, 1)
    assert export(namespace, "leaving", clock.now() + LONG) == ended
    assert len(s3.list_objects_v2(Bucket=bucket, Prefix="exports/")["Contents"]) == len(listed)


@pytest.mark.parametrize("name", ["", "A", "../other", "a/b", "-a", "a" * 41])
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        checked_name(name)
