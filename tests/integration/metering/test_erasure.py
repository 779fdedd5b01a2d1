"""A subject is erased: nothing in store, archive or tables bears its name, and every number is as it was."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from os import environ
from typing import Any

from localstack.aws import aws_client
from meterhouse.customers.erasure import SETTLES, Erasure, ErasureStatus
from meterhouse.customers.erasures import Erasures
from meterhouse.customers.postgres_erasures import AllErasures, NamedRecords, PostgresErasures
from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse_erasure import ClickHouseErasure
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.erase_archive import EraseArchive
from meterhouse.metering.erase_subjects import EraseSubjects, ErasurePorts
from meterhouse.metering.erased_name import Remembered
from meterhouse.metering.model import Meter
from meterhouse.metering.rebuild_usage import is_whole
from meterhouse.metering.s3_archive_eraser import S3ArchiveEraser
from meterhouse.metering.sink import EventWriter
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from tests.integration.metering.house import call
from tests.integration.metering.rebuilt import LostHouse
from tests.integration.metering.test_rebuild import LATER, lost

__all__ = ["lost"]

NAME = "zoë@example.org"
MAIL = {NAME: "zoe's own", "bob": "bob's own"}
COLUMNS = """
SELECT table, name FROM system.columns
WHERE database = currentDatabase() AND table NOT LIKE '%_of_events' AND type NOT LIKE 'AggregateFunction%'
"""


class Killer:
    """Lets so many calls of the ports through, and dies before the next and after the one before it."""

    def __init__(self) -> None:
        self.lives: int | None = None

    def around(self, port: Any) -> Any:
        killer = self

        class Port:
            def __getattr__(self, name: str) -> Any:
                found = getattr(port, name)
                return killer.step(found) if callable(found) else found

        return Port()

    def step(self, action: Any) -> Any:
        def run(*given: Any, **named: Any) -> Any:
            if self.lives == 0:
                raise Unavailable("killed")
            if self.lives is not None:
                self.lives -= 1
            return action(*given, **named)

        return run


class Eraser:
    """Erasures of a house whose store, archive and records are real; `killer` counts what it does to them."""

    def __init__(self, lost: LostHouse) -> None:
        self.lost = lost
        self.killer = Killer()
        self.at = lost.logged.at + LATER
        self.usage = ClickHouseErasure(lost.house.store, rows_at_once=4)

    @property
    def remembered(self) -> Remembered:
        return AllErasures(self.lost.house.database).of

    def asked(self, subject: str, at: datetime) -> Erasure:
        begin = begins(self.lost.house.database, PostgresErasures)
        return Erasures(begin, now=lambda: at).ask(self.lost.house.namespace, subject, subject)

    def run(self, at: datetime) -> int:
        lost, killer = self.lost, self.killer
        house, store = lost.house, lost.house.store
        database, around = house.database, killer.around
        usage, archive = around(self.usage), around(S3ArchiveEraser())
        write = EventWriter(house, ClickHouseSink(store), house, new_id)
        ports = ErasurePorts(
            begins(database, PostgresErasures),
            usage,
            EraseArchive(archive, usage, killer.step(lost.store.hold), lambda: at),
            around(NamedRecords(database, ("platform", "customers", "metering"))),
            house,
            write,
            around(house),
            lambda: is_whole(lost.archive, lost.store),
        )
        erase = EraseSubjects(ports, lambda: [lost.house.namespace], now=lambda: at, new_id=new_id)
        return erase(at + timedelta(minutes=8))

    def erased(self, subject: str) -> Erasure:
        """Asked for and done, pass by pass."""
        self.at += timedelta(seconds=1)
        found = self.asked(subject, self.at)
        for _ in range(3):
            self.at += SETTLES
            self.run(self.at)
        return next(one for one in self.remembered(self.lost.house.namespace) if one.id == found.id)


def used(lost: LostHouse) -> dict[str, Meter]:
    """Usage of two subjects in three hours of storing, of which two are archived, with every kind of writing."""
    logged, now = lost.logged, lost.logged.at
    meters = {
        "sums": lost.house.create("sums", group_by={"who": "$.who", "region": "$.region"}),
        "uniques": lost.house.create("uniques", aggregation=Aggregation.UNIQUE_COUNT, value_property="$.who"),
    }
    for number in range(6):
        at, subject = now - timedelta(hours=number * 2), (NAME, "bob")[number % 2]
        logged.ingest(call(str(number), number + 1, at, subject, region="eu", who=subject, mail=MAIL[subject]), at=now)
    logged.ingest(call("twice", 5, now, NAME), call("nan", "many", now, NAME), at=now)
    logged.sink()
    lost.house.clock = now
    # the same again, another body under the same key, and another key, of either name
    logged.ingest(call("0", 1, now, NAME, region="eu", who=NAME, mail=MAIL[NAME]), call("2", 99, now, NAME), at=now)
    logged.ingest(call("4", 700, now, "bob"), call("1", 800, now, NAME), at=now)
    logged.sink()
    logged.witness.accepted()
    lost.archived(now + LATER)
    lost.house.clock = now + timedelta(hours=1)
    logged.ingest(call("late", 40, now, NAME, who=NAME), call("late", 41, now, "bob", who="bob"), at=now)
    logged.sink()
    lost.roll_up()
    return meters


def sums(lost: LostHouse, meters: Mapping[str, Meter], name: str) -> dict[str, Any]:
    """What queries answer, by the names there are, with `name` called what it was."""

    def called(answer: Mapping[str, Any]) -> dict[str, Any]:
        return {key.replace(name, NAME): value for key, value in answer.items()}

    return {
        "all": {slug: lost.house.usage(meter) for slug, meter in meters.items()},
        "subjects": {slug: called(lost.house.usage(meter, "subject")) for slug, meter in meters.items()},
        "groups": called(lost.house.usage(meters["sums"], "subject", "who")),
        "account": lost.logged.totals(),
    }


def texts_of(lost: LostHouse) -> Iterator[tuple[str, str]]:
    """Every value of every column of the store, and every file of the archive, its versions too, as text."""
    store = lost.house.store
    for table, column in store.query(COLUMNS):
        yield f"{table}.{column}", " ".join(row[0] for row in store.query(f"SELECT toString({column}) FROM {table}"))
    s3, bucket = aws_client("s3", environ), environ["ARCHIVE_BUCKET"]
    listed = s3.list_object_versions(Bucket=bucket)
    store.command("CREATE TABLE seen AS archivable_events ENGINE = Memory")
    for one in listed.get("Versions", []):
        body = s3.get_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        if one["Key"].startswith("events/"):
            store.command("TRUNCATE TABLE seen")
            store.insert_parquet("seen", ("subject", "data", "id"), body)
            yield one["Key"], str(store.query("SELECT subject, data, id FROM seen"))
        else:
            yield one["Key"], body.decode("utf-8", "replace")
    store.command("DROP TABLE seen")
    with lost.house.database.transaction(lost.house.namespace) as transaction:
        for table in ("subject_erasures", "late_usage", "outbox", "audit_log", "meter_backfills"):
            for row in transaction.fetch_all(f"SELECT t::text AS t FROM {table} t WHERE namespace = %(namespace)s"):
                yield table, row["t"]


def bearing(lost: LostHouse, *names: str) -> list[str]:
    return sorted({where for where, text in texts_of(lost) if any(name in text for name in names)})


def test_nothing_bears_the_name_and_every_number_is_as_it_was_though_it_dies_all_along(
    lost: LostHouse, aws_account: Mapping[str, str]
) -> None:
    aws_client("s3", aws_account).put_bucket_versioning(
        Bucket=environ["ARCHIVE_BUCKET"], VersioningConfiguration={"Status": "Enabled"}
    )
    meters = used(lost)
    before = sums(lost, meters, NAME)
    assert before["all"]["sums"] != before["all"]["uniques"]
    assert {"events.subject", "usage_rollups.subject", "meter_values.group_by"} < set(bearing(lost, NAME))
    eraser = Eraser(lost)
    eraser.at += timedelta(seconds=1)
    asked = eraser.asked(NAME, eraser.at)
    assert eraser.asked(NAME, eraser.at + SETTLES) == asked  # once more is no other erasure
    assert eraser.run(eraser.at) == 0  # who writes at this moment does not know of it yet
    deaths = 0
    eraser.at += SETTLES
    while True:
        eraser.killer.lives = deaths
        try:
            assert eraser.run(eraser.at) == 1
        except Unavailable:
            deaths += 3  # each death does all the steps before once more
        else:
            break
    assert deaths > 15
    eraser.killer.lives = None
    assert bearing(lost, NAME) == ["subject_erasures"]
    eraser.at += SETTLES
    eraser.run(eraser.at)
    [erasure] = eraser.remembered(lost.house.namespace)
    assert (erasure.status, erasure.subject) == (ErasureStatus.COMPLETE, None)
    assert bearing(lost, NAME, MAIL[NAME]) == []
    lost.roll_up()
    assert sums(lost, meters, erasure.pseudonym) == before
    # lost after that, it is rebuilt from the archive, and from the log, which still has the name
    lost.lose()
    write = EventWriter(lost.house, ClickHouseSink(lost.house.store), lost.house, new_id, eraser.remembered)
    assert lost.rebuild(write=write).complete
    assert bearing(lost, NAME, MAIL[NAME]) == []
    assert sums(lost, meters, erasure.pseudonym) == before
    # what comes under the name from now on is another subject's, whose erasure is another one
    lost.house.clock = eraser.at
    lost.logged.ingest(call("new", 7, lost.logged.at, NAME), at=eraser.at)
    lost.logged.sink()
    assert lost.house.usage(meters["sums"], "subject")[NAME] == 7
    again = eraser.erased(NAME)
    assert (again.id != erasure.id, again.status, again.erased.events) == (True, ErasureStatus.COMPLETE, 1)
    # each time what the log brings again goes to whose it was
    used_by = lost.house.usage(meters["sums"], "subject")
    assert used_by[again.pseudonym] == 7
    lost.lose()
    assert lost.rebuild(write=write).complete
    assert lost.house.usage(meters["sums"], "subject") == used_by
    assert lost.house.usage(meters["sums"]) == {"": before["all"]["sums"][""] + 7}
