"""What a balance asks of a meter, and what it makes of the answer."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.entitlements.balance import Balance
from meterhouse.entitlements.burn_down import Stretch
from meterhouse.entitlements.metered_usage import MeteredRun
from meterhouse.entitlements.snapshot import GRACE, WORTH, snapshot_at
from meterhouse.entitlements.standing import RESERVATION_SOURCE, Metered, Settled
from meterhouse.entitlements.usage_period import UsagePeriods
from meterhouse.kernel.cadence import Cadence
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec, new_meter
from meterhouse.metering.usage import UsageRow
from tests.unit.entitlements.burn_down_samples import HOUR, at, grant

DAILY = UsagePeriods(Cadence.parse("P1D"), at(0), at(0))


def metered(aggregation: Aggregation = Aggregation.SUM, **fields: Any) -> Metered:
    meter = new_meter("meter", MeterSpec("tokens", aggregation, "used", "Tokens", "$.value"), at(0))
    known: dict[str, Any] = {"filters": {}, "subjects": ("acme",), "grants": [grant()]}
    known |= {"basis": "basis", "seen": 7, "read_at": at(1000)}
    return Metered(meter, **(known | fields))


def answered(run: MeteredRun, amounts: dict[float, float | str]) -> list[Decimal | None]:
    """What is used in each stretch, where the meter answers these by the hour in which a part begins."""
    rows = [UsageRow(Decimal(str(value)), at(hours), at(hours) + HOUR) for hours, value in amounts.items()]
    usage = run.usage(rows)
    return [usage(stretch) for stretch in run.stretches]


def test_the_usage_of_a_run_is_asked_for_at_once_cut_where_something_changes() -> None:
    known = metered(grants=[grant(), grant("g2", begins=5, ends=9)], filters={"region": object()})
    query = MeteredRun(known, DAILY, [at(3), at(30)]).query
    assert query is not None
    assert (query.from_, query.to) == (at(0), at(30))
    assert query.cuts == (at(3), at(5), at(9), at(24))
    assert (query.subjects, query.filters, query.without, query.periods) == (("acme",), known.filters, (), ())


def test_a_run_goes_on_from_a_snapshot() -> None:
    query = MeteredRun(metered(snapshot=Balance(at(20), at(0))), DAILY, [at(30)]).query
    assert query is not None
    assert (query.from_, query.cuts) == (at(20), (at(24),))


def test_where_no_time_passes_nothing_is_asked() -> None:
    run = MeteredRun(metered(snapshot=Balance(at(20), at(0), {"g1": Decimal(3)})), DAILY, [at(20)])
    assert run.query is None
    assert run.balances(run.usage(())) == [run.start]


def test_texts_are_counted_from_the_beginning_of_the_period_that_a_snapshot_lies_in() -> None:
    run = MeteredRun(metered(Aggregation.UNIQUE_COUNT, snapshot=Balance(at(20), at(0))), DAILY, [at(30)])
    assert run.query is not None
    assert (run.query.from_, run.query.cuts, run.query.periods) == (at(0), (at(20), at(24)), (at(0), at(24)))
    assert answered(run, {0: 5, 20: 7, 24: 4}) == [2, 4]
    assert answered(run, {0: 5, 24: 4}) == [0, 4]
    assert answered(run, {20: 7}) == [7, 0]


@pytest.mark.parametrize("aggregation", [Aggregation.SUM, Aggregation.LATEST])
def test_a_stretch_without_usage_says_nothing(aggregation: Aggregation) -> None:
    run = MeteredRun(metered(aggregation), DAILY, [at(30)])
    assert answered(run, {24: 3}) == [None, 3]


def test_what_was_settled_counts_in_its_stretch_and_its_event_nowhere() -> None:
    settled = [Settled("r1", Decimal(3), at(5)), Settled("r2", Decimal(4), at(24)), Settled("r3", Decimal(9), at(30))]
    run = MeteredRun(metered(settled=settled), DAILY, [at(30)])
    assert answered(run, {0: "0.5"}) == [Decimal("3.5"), Decimal(4)]
    assert run.query is not None
    assert [(event.source, event.id) for event in run.query.without] == [
        (RESERVATION_SOURCE, "r1"),
        (RESERVATION_SOURCE, "r2"),
    ]


def test_of_a_meter_that_counts_every_event_of_a_settlement_is_left_out() -> None:
    run = MeteredRun(metered(Aggregation.COUNT, settled=[Settled("r", Decimal(3), at(5))]), DAILY, [at(30)])
    assert run.query is not None
    assert [event.id for event in run.query.without] == ["r", "r/2", "r/3"]


def test_what_a_snapshot_holds_already_is_not_settled_again() -> None:
    known = metered(snapshot=Balance(at(20), at(0)), settled=[Settled("r1", Decimal(3), at(5))])
    run = MeteredRun(known, DAILY, [at(30)])
    assert answered(run, {20: 1}) == [1, None]
    assert run.query is not None
    assert run.query.without == ()


def test_stops_do_not_change_what_is_left_at_the_end() -> None:
    known = metered(grants=[grant(amount=100, every=7)])

    def usage(stretch: Stretch) -> Decimal:
        return Decimal(int((stretch.end - stretch.start) / HOUR))

    once = MeteredRun(known, DAILY, [at(50)]).balances(usage)
    often = MeteredRun(known, DAILY, [at(8), at(24), at(31), at(50)]).balances(usage)
    assert once[-1] == often[-1]


def test_a_snapshot_is_worth_it_only_well_ahead_of_the_start_and_behind_the_last_hour() -> None:
    start, read_at = Balance(at(0), at(0)), at(10) + timedelta(minutes=40)
    known = metered(read_at=read_at)
    assert snapshot_at(known, start, at(11)) == at(9) <= read_at - GRACE
    assert snapshot_at(known, start, at(8)) == at(8)
    assert snapshot_at(known, replace(start, at=at(9) - WORTH), at(11)) == at(9)
    assert snapshot_at(known, replace(start, at=at(9) - WORTH + timedelta(minutes=1)), at(11)) is None
    assert snapshot_at(replace(known, is_complete=False), start, at(11)) is None


def test_all_that_is_asked_is_on_whole_minutes() -> None:
    query = MeteredRun(metered(), DAILY, [at(30)]).query
    assert query is not None
    instants: list[datetime | None] = [query.from_, *query.cuts, query.to]
    assert all(instant is not None and instant.second == instant.microsecond == 0 for instant in instants)
