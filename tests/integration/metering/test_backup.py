"""ClickHouse comes back from a nightly backup, and a rebuild adds what came after it."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from localstack.aws import aws_client
from meterhouse.metering.rebuild_usage import is_whole
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.ids import new_id
from tests.integration.metering.house import call
from tests.integration.metering.rebuilt import LostHouse
from tests.integration.metering.test_rebuild import LATER, lost

__all__ = ["lost"]

NIGHTLY = re.compile(r'"(BACKUP DATABASE .+)"')


def statements(lost: LostHouse, account: Mapping[str, str]) -> tuple[str, str]:
    """The node's own statement, on the emulator's S3, and that of docs/runbooks/restore-postgres.md."""
    bucket = f"nightly-{new_id().lower()}"
    aws_client("s3", account).create_bucket(Bucket=bucket)
    keys = f"'{account['AWS_ACCESS_KEY_ID']}', '{account['AWS_SECRET_ACCESS_KEY']}'"
    place = f"S3('{account['AWS_ENDPOINT_URL']}/{bucket}/2026-03-01T030000Z/', {keys})"
    [nightly] = NIGHTLY.findall(Path("infra/clickhouse_node.sh").read_text())
    backup = re.sub(r"S3\(.+\)", place, nightly.replace("${DATABASE}", lost.settings.database))
    return backup, backup.replace("BACKUP", "RESTORE").replace(" TO ", " FROM ")


def test_a_store_restored_from_last_night_is_made_whole_by_a_rebuild(
    lost: LostHouse, aws_account: Mapping[str, str]
) -> None:
    logged, now = lost.logged, lost.logged.at
    server = ClickHouse(lambda: replace(lost.settings, database="default"))
    backup, restore = statements(lost, aws_account)
    meter = lost.house.create("sums")
    logged.ingest(call("1", 1, now), call("2", 2, now, "bob"))
    logged.sink()
    lost.archived(now + LATER)
    lost.roll_up()
    server.query(backup)
    lost.house.clock = now + timedelta(hours=1)
    logged.ingest(call("3", 4, now), call("1", 99, now))
    logged.sink()
    lost.archived(now + LATER)
    logged.ingest(call("4", 8, now))
    logged.sink()
    logged.witness.accepted()
    lost.roll_up()
    before = lost.rows()
    server.command(f"DROP DATABASE {lost.settings.database} SYNC")
    server.query(restore)
    assert lost.house.usage(meter) == {"": 3}
    assert not is_whole(lost.archive, lost.store)
    assert lost.rebuild().complete
    logged.witness.accepted()
    assert lost.house.usage(meter) == {"": 15}
    assert is_whole(lost.archive, lost.store)
    assert lost.rows() == before
