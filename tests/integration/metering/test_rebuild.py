"""The usage store is lost: what is rebuilt from the archive and the log is what was there, number for number."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from localstack.aws import aws_client
from localstack.fixtures import KafkaServer
from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.rebuild_usage import Share, StillWhole, is_whole
from meterhouse.platform import clock
from meterhouse.platform.clickhouse import ClickHouseSettings
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import Database
from tests.integration.metering.house import call
from tests.integration.metering.log_house import log_settings
from tests.integration.metering.rebuilt import LostHouse, lost_house

LATER = timedelta(hours=3)


@pytest.fixture
def lost(
    namespace: str,
    database: Database,
    usage_store_settings: ClickHouseSettings,
    kafka_server: KafkaServer,
    aws_account: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> LostHouse:
    bucket = f"archive-{new_id().lower()}"
    for name, value in {**aws_account, "ARCHIVE_BUCKET": bucket}.items():
        monkeypatch.setenv(name, value)
    aws_client("s3", aws_account).create_bucket(Bucket=bucket)
    kafka = log_settings(kafka_server.bootstrap_servers)
    return lost_house(namespace, database, usage_store_settings, kafka)


def used(lost: LostHouse) -> None:
    """All kinds of events through ingest, log and sink: first two hours that are archived, then some that are not."""
    logged, now = lost.logged, lost.logged.at
    lost.house.create("sums", group_by={"region": "$.region"})
    lost.house.create("uniques", aggregation=Aggregation.UNIQUE_COUNT, value_property="$.region")
    gone = lost.house.create("gone")
    for number in range(8):
        at, subject = now - timedelta(hours=number * 7), ("alice", "bob")[number % 2]
        logged.ingest(call(str(number), number + 1, at, subject, region="eu" if number % 3 else "us"))
    logged.ingest(call("twice", 5, now), call("twice", 5, now), call("nan", "many", now))
    logged.sink()
    lost.house.clock = now
    # later writings: the same again, another value under the same key, another key; a fault mended too late
    logged.ingest(call("0", 1, now, region="us"), call("1", 600, now - timedelta(hours=7), "bob"), at=now)
    logged.ingest(call("2", 700, now - timedelta(hours=30), "carol"), call("nan", 99, now), at=now)
    with logged.delivered() as records:
        lost.logged.sinks()(records)
        lost.logged.sinks()(records)  # delivered twice
    logged.witness.accepted()
    lost.archived(now + LATER)
    lost.house.service.delete(lost.house.namespace, gone.id)
    logged.ingest(call("after", 40, now), call("3", 1000, now, "dave"), at=clock.now())
    logged.sink()
    logged.producer.send(logged.settings.events_topic, b"foreign", b"poison")
    logged.sink()
    logged.witness.accepted()
    lost.roll_up()


class Dying(ClickHouseSink):
    """Dies in the middle of the archive's second page, once."""

    calls = 0

    def mark_dirty(self, *arguments: Any) -> None:
        self.calls += 1
        if self.calls == 2:
            raise Unavailable("killed")
        super().mark_dirty(*arguments)


def test_a_lost_store_is_rebuilt_to_the_same_rows_though_it_dies_and_repeating_it_changes_nothing(
    lost: LostHouse,
) -> None:
    used(lost)
    explained = lost.logged.totals()
    before = lost.rows()
    assert len(before["meter_values"]) > 20
    assert is_whole(lost.archive, lost.store)
    lost.lose()
    assert not is_whole(lost.archive, lost.store)
    with pytest.raises(Unavailable):
        lost.rebuild(sink=Dying(lost.house.store))
    assert lost.rows()["meter_values"] != before["meter_values"]
    assert not is_whole(lost.archive, lost.store)
    # what archives meanwhile finds hours in part, and takes none of them for archived
    lost.archived(lost.logged.at + LATER)
    assert not is_whole(lost.archive, lost.store)
    # two workers, of which the first reads the log once the other is done, too
    assert lost.rebuild(Share(1, 2)).mine == 0
    progress = lost.rebuild(Share(0, 2))
    assert (progress.complete, progress.held, progress.records_left) == (True, progress.hours, 0)
    assert progress.hours == 3  # two of storing, one of the witness
    assert is_whole(lost.archive, lost.store)
    assert lost.logged.totals() == explained
    assert lost.rows() == before
    everything = lost.rows(with_instants=True)
    assert lost.rebuild().complete
    assert lost.rows(with_instants=True) == everything
    with lost.logged.delivered() as records:
        assert records == []  # the sink's own place in the log is where it was


class Listed:
    """An archive that counts how often it is listed."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive
        self.times = 0

    def manifests(self) -> Iterator[str]:
        self.times += 1
        yield from self._archive.manifests()


def test_who_asks_again_and_again_has_the_archive_listed_once_and_is_told_of_a_loss(lost: LostHouse) -> None:
    used(lost)
    listed: Any = Listed(lost.archive)
    still_whole = StillWhole(listed, lost.store)
    assert all(still_whole() for _ in range(5))
    assert listed.times == 1
    lost.logged.ingest(call("later", 1, lost.logged.at), at=lost.logged.at)
    lost.logged.sink()
    lost.archived(lost.logged.at + 2 * LATER)
    assert still_whole()
    assert listed.times == 1
    lost.lose()
    assert [still_whole(), still_whole()] == [False, False]
    assert listed.times > 1
    assert lost.rebuild().complete
    assert still_whole()
