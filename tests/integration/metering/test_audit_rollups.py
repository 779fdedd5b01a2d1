"""The audit of rollups on the real store: it finds what is wrong, and nothing that is only on its way."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from functions.audit_rollups import handler as module
from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.audit_rollups import AuditRollups, RollupAudit, RollupSpan
from meterhouse.metering.clickhouse_rollup_audit import ClickHouseRollupAudit
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.model import Meter
from meterhouse.metering.roll_up import RollUpUsage
from meterhouse.metering.span import DAY, HOUR
from tests.integration.metering.house import T0, House, OwnRollups, call
from tests.unit.platform.requests import CONTEXT

AT = int(T0.timestamp())
FAR = 1 << 40


@dataclass
class Audited:
    """The audit of one namespace's spans; `ends` are the sink's committed offsets."""

    house: House
    incomplete: set[str] = field(default_factory=set)
    ends: dict[int, int] = field(default_factory=lambda: {0: FAR})
    found: list[tuple[RollupSpan, int]] = field(default_factory=list)

    def stored(self) -> dict[int, int]:
        return self.ends

    def is_backfilled(self, _namespace: str, meter: Meter) -> bool:
        return meter.id not in self.incomplete

    def __call__(self, *spans: RollupSpan) -> RollupAudit:
        rolled_up: Any = ClickHouseRollupAudit(self.house.store)
        rolled_up.sample = lambda _count: spans or self.spans()
        self.found.clear()
        return AuditRollups(self, self.house, self, rolled_up, lambda *told: self.found.append(told))()

    def spans(self) -> list[RollupSpan]:
        """The hour of T0, and its day, of each meter."""
        starts = ((HOUR, AT - AT % HOUR), (DAY, AT - AT % DAY))
        return [RollupSpan(self.house.namespace, meter.id, *at) for meter in self.house.meters for at in starts]


@pytest.fixture
def audited(house: House) -> Iterator[Audited]:
    yield Audited(house)
    house.store.command(f"DELETE FROM meter_values WHERE namespace = '{house.namespace}'")


def test_rollups_of_every_kind_are_what_their_values_say(audited: Audited) -> None:
    house = audited.house
    for aggregation in Aggregation:
        house.meter(aggregation)
    minute = timedelta(minutes=1)
    house.sink(
        *(call(str(n), f"{n}.{n:018}", T0 + n * minute, f"s{n % 3}", region=n % 2 or "eu") for n in range(60)),
        *(call(f"same time {n}", n, T0) for n in range(3)),
        call("bad", "NaN"),
    )
    house.sink(call("1", 99, T0 + 30 * minute, "s9"), call("2", 98))
    RollUpUsage(OwnRollups(house))()
    house.sink(call("3", 97, T0 + 3 * minute, "s2"))
    RollUpUsage(OwnRollups(house))()
    assert (audited(), audited.found) == (RollupAudit(14, 0), [])


@pytest.mark.parametrize(
    "fault",
    [
        "ALTER TABLE usage_rollups UPDATE total = total + 1 WHERE seconds = 3600",
        "ALTER TABLE usage_rollups UPDATE latest_version = latest_version - 1 WHERE seconds = 3600",
        "DELETE FROM usage_rollups WHERE seconds = 3600 AND subject = 'alice'",
        "DELETE FROM meter_values WHERE subject = 'alice'",
        "ALTER TABLE meter_values UPDATE texts = ['other'] WHERE subject = 'alice'",
    ],
)
def test_an_hour_that_is_not_what_its_values_say_is_found(audited: Audited, fault: str) -> None:
    house = audited.house
    house.meter(Aggregation.UNIQUE_COUNT)
    house.sink(call("1"), call("2", "x"), call("3", "y"), call("4", 1, subject="bob"))
    RollUpUsage(OwnRollups(house))()
    house.store.command(
        fault.replace("WHERE", f"WHERE namespace = '{house.namespace}' AND") + " SETTINGS mutations_sync = 2"
    )
    assert audited(audited.spans()[0]) == RollupAudit(1, 1)
    [(span, differences)] = audited.found
    assert (span, differences > 0) == (audited.spans()[0], True)


@pytest.mark.parametrize("seconds", [DAY, HOUR])
def test_a_day_that_is_not_the_sum_of_its_hours_is_found(audited: Audited, seconds: int) -> None:
    house = audited.house
    house.meter()
    house.sink(call("1"), call("2", 5, T0 + timedelta(hours=1)))
    RollUpUsage(OwnRollups(house))()
    fault = f"DELETE FROM usage_rollups WHERE namespace = '{house.namespace}' AND seconds = {seconds}"
    house.store.command(fault)
    assert audited(audited.spans()[1]) == RollupAudit(1, 1)


def test_a_mark_that_got_lost_is_found_by_what_it_should_have_marked(audited: Audited) -> None:
    class Forgets(ClickHouseSink):
        def mark_dirty(self, *_: object) -> None:
            pass

    house = audited.house
    house.meter()
    house.sink(call("1"))
    RollUpUsage(OwnRollups(house))()
    house.sinks(Forgets(house.store))([house.record(call("2"))])
    assert audited() == RollupAudit(2, 1)


class Dies(ClickHouseSink):
    def mark_dirty(self, *_: object) -> None:
        raise Unavailable("killed before its marks")


def test_what_a_sink_is_not_done_with_is_no_fault(audited: Audited) -> None:
    house = audited.house
    house.meter()
    house.sink(call("1"))
    RollUpUsage(OwnRollups(house))()
    record = house.record(call("2"))
    with pytest.raises(Unavailable):
        house.sinks(Dies(house.store))([record])
    audited.ends = {0: record.offset}
    assert audited() == RollupAudit(0, 0)
    audited.ends = {}
    assert audited() == RollupAudit(0, 0)
    house.sinks()([record])
    audited.ends = {0: record.offset + 1}
    assert audited() == RollupAudit(0, 0)
    RollUpUsage(OwnRollups(house))()
    assert audited() == RollupAudit(2, 0)


def test_what_a_backfill_is_not_done_with_is_no_fault(audited: Audited) -> None:
    house = audited.house
    meter = house.meter()
    with pytest.raises(Unavailable):
        house.sinks(Dies(house.store))([house.record(call("1"))])
    audited.incomplete.add(meter.id)
    assert audited() == RollupAudit(0, 0)
    audited.incomplete.clear()
    assert audited() == RollupAudit(2, 1)


def test_a_roll_up_between_its_two_writings_is_no_fault(audited: Audited) -> None:
    """It began after the span was found at rest; by the second look its mark stands."""
    house = audited.house
    house.meter()
    house.sink(call("1"))
    RollUpUsage(OwnRollups(house))()
    real: Any = ClickHouseRollupAudit(house.store)

    class Overtaken:
        def sample(self, _count: int) -> list[RollupSpan]:
            return audited.spans()[:1]

        def is_at_rest(self, *arguments: Any) -> bool:
            found: bool = real.is_at_rest(*arguments)
            if not overtaken:
                overtaken.append(True)
                house.sink(call("2"))
            return found

        differences = staticmethod(real.differences)

    overtaken: list[bool] = []
    audit = AuditRollups(audited, house, audited, Overtaken(), lambda *told: audited.found.append(told))
    assert (audit(), audited.found) == (RollupAudit(0, 0), [])


def test_spans_of_values_and_of_rollups_are_picked(audited: Audited) -> None:
    house = audited.house
    house.meter()
    house.sink(*(call(str(number), 1, T0 + timedelta(minutes=number)) for number in range(30)))
    RollUpUsage(OwnRollups(house))()
    picked = [span for _ in range(20) for span in ClickHouseRollupAudit(house.store).sample(100)]
    assert {span.seconds for span in picked} == {HOUR, DAY}
    assert all(span.start % span.seconds == 0 for span in picked)


def test_a_span_of_a_meter_that_nobody_knows_is_left_alone(audited: Audited) -> None:
    assert audited(RollupSpan("nobody", "M", HOUR, AT - AT % HOUR)) == RollupAudit(0, 0)


def test_the_function_counts_what_the_alarm_reads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "audit", lambda: RollupAudit(8, 1))
    assert module.handler({}, CONTEXT) == {"RollupsCompared": 8, "RollupsAstray": 1}
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    [told] = [line for line in lines if "_aws" in line]
    assert (told["RollupsCompared"], told["RollupsAstray"]) == ([8], [1])
