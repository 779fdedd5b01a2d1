"""Closed hours go to S3 as files that never change; what comes later into one makes another edition of it."""

from collections.abc import Mapping
from datetime import timedelta
from os import environ
from typing import Any

import pytest

from localstack.aws import aws_client
from meterhouse.kernel.errors import InvariantBroken, Unavailable
from meterhouse.metering.archive import HOUR, ArchiveHour, ArchivePage, Manifest
from meterhouse.metering.clickhouse_archive import ClickHouseArchive
from meterhouse.metering.s3_archive import S3Archive
from tests.integration.metering.house import call
from tests.integration.metering.rebuilt import LostHouse
from tests.integration.metering.test_rebuild import LATER, lost

__all__ = ["lost"]


def manifests(lost: LostHouse) -> list[Manifest]:
    return [lost.archive.manifest(key) for key in lost.archive.manifests("events/")]


_TOLD = ("id", "subject", "data", "digest", "offset", "position")


class Dying(S3Archive):
    def publish(self, manifest: Manifest) -> Manifest:
        super().publish(manifest)
        raise Unavailable("killed")


def test_an_hour_is_archived_once_when_it_is_closed_and_holds_every_writing(lost: LostHouse) -> None:
    house, now = lost.house, lost.logged.at
    house.clock = now
    house.sink(*(call(str(number), number) for number in range(5)), ingested=now)
    house.sink(call("0", 7, subject="bob"), call("1", 1), ingested=now)
    ended = now.replace(minute=0, second=0, microsecond=0) + HOUR
    early = lost.archived(ended + timedelta(minutes=14))
    assert (early.archived, early.left) == (0, 0)
    with pytest.raises(Unavailable):
        lost.archived(now + LATER, archive=Dying())
    late = lost.archived(now + LATER)
    assert (late.archived, late.left, late.lag) == (1, 0, timedelta())
    assert lost.archived(now + LATER).archived == 0
    [manifest] = manifests(lost)
    assert (manifest.rows, manifest.edition) == (7, 0)
    lost.house.store.command("CREATE TABLE taken ENGINE Memory AS SELECT * FROM archivable_events LIMIT 0")
    assert [archived.page.rows for archived in manifest.pages] == [
        5,
        2,
    ]  # whole records, though a page is of three rows
    for archived in manifest.pages:
        lost.house.store.insert_parquet("taken", _TOLD, lost.archive.parquet(archived))
    taken = "SELECT id, subject, JSONExtractInt(data, 'value'), digest > 0 FROM taken ORDER BY offset, position"
    assert lost.house.store.query(taken) == [
        *((str(number), "alice", number, 1) for number in range(5)),
        ("0", "bob", 7, 1),
        ("1", "alice", 1, 1),
    ]


def test_what_is_stored_in_an_archived_hour_makes_an_edition_and_a_changed_file_is_refused(
    lost: LostHouse, aws_account: Mapping[str, str]
) -> None:
    house, now = lost.house, lost.logged.at
    house.clock = now
    record = house.sink(call("1", 1), ingested=now)
    lost.archived(now + LATER)
    house.clock = now
    house.sinks()([record])  # the same again is no news
    assert lost.archived(now + LATER).archived == 0
    house.clock = now
    house.sink(call("2", 2), ingested=now)
    waiting: Any = lost.store.unarchived("events", now + LATER)
    assert [(one.of.namespace, one.next_edition) for one in waiting] == [(house.namespace, 1)]
    assert lost.archived(now + LATER).archived == 1
    [manifest] = manifests(lost)
    assert (manifest.edition, manifest.rows) == (1, 2)
    [archived] = manifest.pages
    aws_client("s3", aws_account).put_object(Bucket=environ["ARCHIVE_BUCKET"], Key=archived.key, Body=b"other")
    with pytest.raises(InvariantBroken):
        lost.archive.parquet(archived)
    lost.store.forget_archived(now + timedelta(days=3))
    assert house.store.query("SELECT count() FROM archivable_events FINAL") == [(2,)]
    lost.store.forget_archived(now + timedelta(days=6))
    assert house.store.query("SELECT count() FROM archivable_events") == [(0,)]


class Erased(ClickHouseArchive):
    """An erasure deletes what bears the old name once, between completing an hour and reading it."""

    has_deleted = False

    def pages(self, of: ArchiveHour) -> list[ArchivePage]:
        if not self.has_deleted:
            self._store.command("ALTER TABLE archivable_events DELETE WHERE id = '1' SETTINGS mutations_sync = 2")
        self.has_deleted = True
        return super().pages(of)


def test_an_edition_that_lacks_what_the_one_before_has_is_not_published(lost: LostHouse) -> None:
    house, now = lost.house, lost.logged.at
    house.clock = now
    house.sink(call("1", 1), ingested=now)
    lost.archived(now + LATER)
    house.clock = now
    house.sink(call("2", 2), ingested=now)
    met = lost.archived(now + LATER, store=Erased(house.store))
    assert (met.archived, met.left, [one.edition for one in manifests(lost)]) == (0, 1, [0])
    assert lost.archived(now + LATER).archived == 1
    assert [(one.edition, one.rows) for one in manifests(lost)] == [(1, 2)]
