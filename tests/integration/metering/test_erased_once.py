"""While a subject is erased no sum over all subjects counts its usage twice, or leaves it out: after no statement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from meterhouse.customers.erasure import SETTLES
from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_erasure import ClickHouseErasure
from meterhouse.metering.model import Meter
from meterhouse.metering.usage import SUBJECT, UsageQuery, WindowSize
from meterhouse.platform.clickhouse import ClickHouse
from tests.integration.metering.house import call
from tests.integration.metering.rebuilt import LostHouse
from tests.integration.metering.test_erasure import NAME, Eraser, used
from tests.integration.metering.test_rebuild import lost

__all__ = ["lost"]


class Watched(ClickHouse):
    """A store of which somebody looks at the numbers after every statement that changes something."""

    look: Callable[[str], None]

    def command(self, sql: str, parameters: Mapping[str, Any] | None = None) -> None:
        super().command(sql, parameters)
        self.look(sql)

    def insert(self, table: str, *given: Any) -> None:
        super().insert(table, *given)
        self.look(f"INSERT INTO {table}")


def readings(lost: LostHouse, meters: Sequence[Meter]) -> list[Any]:
    """Sums over all subjects, as they are read of rows and of rollups."""
    usage, house = ClickHouseUsage(lost.house.store), lost.house
    queries = [UsageQuery(meter) for meter in meters]
    queries += [UsageQuery(meters[0], window=WindowSize.HOUR), UsageQuery(meters[0], group_by=("region",))]
    found = [[(row.window_start, row.group_by, row.value) for row in usage.query(house.namespace, q)] for q in queries]
    by_subject = usage.query(house.namespace, UsageQuery(meters[0], group_by=(SUBJECT,)))
    return [*found, sum(row.value for row in by_subject)]


def theirs(lost: LostHouse, meter: Meter, *subjects: str) -> Any:
    found = ClickHouseUsage(lost.house.store).query(lost.house.namespace, UsageQuery(meter, subjects=subjects))
    return [row.value for row in found]


def account(lost: LostHouse) -> dict[str, int]:
    """What became of all that was accepted; what is no event's first writing in one number."""
    _, report = lost.logged.ask("GET", "conservation")
    totals: dict[str, int] = report["totals"]
    return {**totals, "conflict": 0, "duplicate": totals["conflict"] + totals["duplicate"]}


def held(lost: LostHouse) -> int:
    """Hours that are kept from being rolled up."""
    text = "SELECT hour FROM dirty_hours WHERE startsWith(mark, 'erasing ') GROUP BY hour, mark HAVING max(covered) = 0"
    return len(lost.house.store.query(text))


@pytest.fixture
def meters(lost: LostHouse) -> list[Meter]:
    """Usage of two subjects, one of which came back after it was to be erased: under the same key, and another."""
    latest = lost.house.create("latest", aggregation=Aggregation.LATEST)
    return [*used(lost).values(), latest]


def test_every_statement_of_an_erasure_leaves_sums_over_all_subjects_as_they_were(
    lost: LostHouse, meters: list[Meter]
) -> None:
    eraser = Eraser(lost)
    asked = eraser.asked(NAME, eraser.at)
    later = eraser.at + SETTLES / 2
    lost.logged.ingest(call("back", 100, lost.logged.at, NAME), at=later)
    lost.logged.sink()
    lost.roll_up()
    before, of_name, accounted = readings(lost, meters), theirs(lost, meters[0], NAME), account(lost)
    seen = list[str]()

    def look(statement: str) -> None:
        seen.append(" ".join(statement.split())[:60])
        if "INSERT INTO event_writings" in statement:
            # the same key once more, which the first writing under it hides for as long as it stands
            lost.logged.ingest(call("0", 1000, lost.logged.at, NAME), at=later)
            lost.logged.sink()
            accounted.update(account(lost))
        assert readings(lost, meters) == before, seen
        assert account(lost) == accounted, seen
        if len(seen) % 2:
            lost.roll_up()
            assert readings(lost, meters) == before, seen

    store = Watched(lambda: lost.settings)
    store.look = look
    eraser.usage = ClickHouseErasure(store, rows_at_once=4)
    assert eraser.run(eraser.at + SETTLES) == 1
    assert len(seen) > 15
    assert theirs(lost, meters[0], NAME) == [100]
    assert theirs(lost, meters[0], NAME, asked.pseudonym) == of_name
    assert readings(lost, meters) == before
    assert held(lost) == 0


def test_while_it_is_under_way_the_usage_of_the_name_and_of_the_pseudonym_are_both_read_whole(
    lost: LostHouse, meters: list[Meter]
) -> None:
    """A customer's usage is asked for by the one name until the tables change, and by the other afterwards."""
    eraser = Eraser(lost)
    asked = eraser.asked(NAME, eraser.at)
    of_name, before = theirs(lost, meters[0], NAME), readings(lost, meters)
    eraser.killer.lives = 3  # it dies once all is copied

    with pytest.raises(Unavailable):
        eraser.run(eraser.at + SETTLES)

    for _ in range(2):
        assert theirs(lost, meters[0], NAME) == theirs(lost, meters[0], asked.pseudonym) == of_name
        assert readings(lost, meters) == before
        lost.roll_up()
    assert held(lost) > 0
    eraser.killer.lives = None
    assert eraser.run(eraser.at + 2 * SETTLES) == 1
    assert (held(lost), theirs(lost, meters[0], asked.pseudonym)) == (0, of_name)
    lost.roll_up()
    assert readings(lost, meters) == before
