"""The sink against the real usage store: whatever happens on the way, no number changes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Raw
from msgspec.json import Decoder

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.model import Meter
from meterhouse.metering.sink import DeadLetterFlood, LogRecord
from meterhouse.metering.usage import UsageQuery
from tests.integration.metering.house import T0, House, call
from tests.unit.metering.ingest_corpus import UNREADABLE
from tests.unit.metering.poison import POISON

HOUR = timedelta(hours=1)


def total(house: House, meter: Meter) -> Decimal | int:
    rows = ClickHouseUsage(house.store).query(house.namespace, UsageQuery(meter))
    return sum((row.value for row in rows), Decimal(0))


def test_the_same_batch_three_times_counts_once(house: House) -> None:
    miles, calls = house.meter(), house.meter(Aggregation.COUNT)
    record = house.record(call("1", 10), call("2", "2.5"))
    for _ in range(3):
        house.sinks()([record])
    assert (total(house, miles), total(house, calls)) == (Decimal("12.5"), 2)


class Killed(ClickHouseSink):
    """Dies right after (or before) one of its writings."""

    def __init__(self, house: House, step: str, *, after: bool) -> None:
        super().__init__(house.store)
        real = getattr(super(), step)

        def die(*arguments: Any) -> None:
            if after:
                real(*arguments)
            raise Unavailable("killed")

        setattr(self, step, die)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("step", ["add_events", "add_values", "later_writings", "supersede", "mark_dirty"])
def test_a_sink_killed_between_its_writings_changes_no_number(house: House, step: str, after: bool) -> None:
    meter = house.meter()
    house.sink(call("1", 10))
    batch = [house.record(call("2", 5)), house.record(call("1", 99, T0 + 3 * HOUR))]
    with pytest.raises(Unavailable):
        house.sinks(Killed(house, step, after=after))(batch)
    house.sinks()(batch)
    assert total(house, meter) == 15


@pytest.mark.parametrize(
    "later",
    [
        call("1", 99, T0 + timedelta(minutes=5)),
        call("1", 99, T0 + 5 * HOUR),
        call("1", 99, T0 - 40 * 24 * HOUR),
        call("1", 99, subject="bob"),
        call("1", 99, region="eu"),
    ],
)
@pytest.mark.parametrize("together", [False, True])
def test_the_first_writing_of_an_identity_wins(house: House, later: Any, together: bool) -> None:
    meter = house.meter()
    records = [house.record(call("1", 10)), house.record(later)]
    batches = [records] if together else [[record] for record in records]
    for batch in batches:
        house.sinks()(batch)
    assert total(house, meter) == 10
    house.sinks()(records[1:])
    assert total(house, meter) == 10


def test_a_first_writing_of_another_type_wins_too(house: House) -> None:
    meter, other = house.meter(), house.meter(event_type="other")
    first = call("1", 10)
    first.type = "other"
    house.sink(first)
    house.sink(call("1", 99))
    assert (total(house, meter), total(house, other)) == (0, 10)


def test_a_first_writing_that_cannot_be_read_is_not_replaced_by_a_later_one(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", "NaN"))
    house.sink(call("1", 99))
    assert total(house, meter) == 0


def test_two_sinks_at_once_agree_on_the_first_writing(house: House) -> None:
    """Each runs to its lookup before the other does; whichever looks last sees both."""
    meter = house.meter()
    first, second = house.record(call("1", 10)), house.record(call("1", 99, T0 + HOUR))

    class Overtaken(ClickHouseSink):
        def later_writings(self, events: Any) -> Any:
            if not overtaken:
                overtaken.append(True)
                house.sinks()([second])
            return super().later_writings(events)

    overtaken: list[bool] = []
    house.sinks(Overtaken(house.store))([first])
    assert total(house, meter) == 10


def test_merging_the_parts_changes_no_number(house: House) -> None:
    meter = house.meter()
    house.sink(call("1", 10))
    house.sink(call("1", 11))
    house.sink(call("1", 12, subject="bob"))
    before = total(house, meter)
    for table in ("events", "meter_values", "event_writings"):
        house.store.command(f"OPTIMIZE TABLE {table} FINAL")
    house.sink(call("1", 13))
    assert (before, total(house, meter)) == (10, 10)


def test_poison_is_buried_with_its_reason_and_the_rest_is_stored(house: House) -> None:
    meter = house.meter()
    poison = [LogRecord("events", 3, 7, None, value) for value in POISON.values()]
    assert house.sinks()([*poison, house.record(call("1", 4))]) == 1
    assert [record for record, _ in house.buried] == poison
    assert all(reason for _, reason in house.buried)
    assert total(house, meter) == 4


def of_ingest(house: House, record: LogRecord, namespace: str) -> LogRecord:
    return replace(record, key=namespace.encode(), headers={"events": b"1"}, partition=4, offset=next(house.offsets))


def test_a_sink_that_cannot_read_what_ingest_wrote_stops_and_goes_on_once_it_can(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter = house.meter()
    records = [house.record(call(str(number), 1)) for number in range(40)]
    sent = [of_ingest(house, record, f"tenant-{number % 3}") for number, record in enumerate(records)]
    sink = house.sinks()
    with monkeypatch.context() as bad_deploy:
        bad_deploy.setattr("meterhouse.metering.record._DECODER", Decoder(int))
        for _ in range(2):
            with pytest.raises(DeadLetterFlood):
                sink(sent)
        with pytest.raises(DeadLetterFlood):  # of one tenant alone, too: what is sound is not read either
            house.sinks()(sent[:1])
    assert (house.buried, house.refused) == ([], [40, 40, 1])
    assert total(house, meter) == 0
    assert house.sinks()(sent) == 40
    assert total(house, meter) == 40


def test_what_a_decoder_reads_wrongly_of_many_tenants_stops_the_sink_and_of_one_tenant_nobody_else(
    house: House,
) -> None:
    meter = house.meter()
    garbage = LogRecord("events", 3, 7, None, POISON["no JSON"])
    of_one = [of_ingest(house, garbage, "odd") for _ in range(400)]
    assert house.sinks()([*of_one, of_ingest(house, house.record(call("1", 4)), "good")]) == 1
    assert ([record for record, _ in house.buried], total(house, meter)) == (of_one, 4)
    of_many = [of_ingest(house, garbage, f"tenant-{number % 9}") for number in range(40)]
    with pytest.raises(DeadLetterFlood):
        house.sinks()([*of_many, of_ingest(house, house.record(call("2", 6)), "good")])
    assert (len(house.buried), house.refused, total(house, meter)) == (400, [40], 4)


def test_a_meter_created_while_the_events_are_stored_sees_them(house: House) -> None:
    class Slow(ClickHouseSink):
        def add_events(self, *arguments: Any) -> None:
            made.append(house.meter())
            super().add_events(*arguments)

    made: list[Meter] = []
    house.sinks(Slow(house.store))([house.record(call("1", 4))])
    assert total(house, made[0]) == 4


def test_usage_accepted_before_a_meter_s_deletion_counts_whenever_it_is_sunk(house: House) -> None:
    meter, live = house.meter(), house.meter()
    at = T0 + timedelta(minutes=1)
    early, later = house.record(call("1", 4), call("early", 1)), house.record(call("2", 8), ingested=at)
    moved = house.record(call("early", 99, T0 + HOUR), ingested=at - timedelta(microseconds=1))
    house.delete(meter, at)
    house.sinks()([moved, later])
    house.sinks()([early])
    assert (total(house, meter), total(house, live)) == (5, 13)


def test_a_meter_deleted_while_the_events_are_stored_counts_them(house: House) -> None:
    class Slow(ClickHouseSink):
        def add_values(self, *arguments: Any) -> None:
            house.delete(meter, T0 + HOUR)
            super().add_values(*arguments)

    meter = house.meter()
    house.sinks(Slow(house.store))([house.record(call("1", 4))])
    house.sink(call("2", 2), call("1", 99, T0 + 2 * HOUR))
    assert total(house, meter) == 6


def test_values_a_meter_cannot_read_are_stored_with_the_reason_and_counted_by_nobody(house: House) -> None:
    miles, calls = house.meter(), house.meter(Aggregation.COUNT)
    house.sink(call("1", "NaN"), call("2", None), call("3", "a"), call("4", 1e20), call("5", 7), call("6", value=True))
    faults = house.store.query(
        "SELECT validation_error FROM events WHERE namespace = {ns:String} ORDER BY id", {"ns": house.namespace}
    )
    assert [fault.partition("$.value ")[2] for (fault,) in faults] == [
        "is no number", "is null", "is no number", "is out of range", "", "is no number",
    ]  # fmt: skip
    assert (total(house, miles), total(house, calls)) == (7, 6)


def test_whatever_ingest_takes_is_stored_and_what_no_meter_reads_is_counted_by_nobody(house: House) -> None:
    paths = {path: house.meter(value_property=path).id for _, _, path, _ in UNREADABLE}
    calls, miles = house.meter(Aggregation.COUNT), house.meter()
    events = [call(name) for name, *_ in UNREADABLE]
    for event, (_, data, _, _) in zip(events, UNREADABLE, strict=True):
        event.data = Raw(data.encode())
    house.sink(*events, call("sound", 5))
    assert (house.buried, total(house, calls), total(house, miles)) == ([], len(events) + 1, 5)
    faults = dict(house.store.query(f"SELECT id, validation_error FROM events WHERE namespace = '{house.namespace}'"))
    counting = set(
        house.store.query(f"SELECT id, meter_id FROM meter_values WHERE namespace = '{house.namespace}' AND counts")
    )
    for name, _, path, fault in UNREADABLE:
        assert f"{path} {fault}" in faults[name]
        assert (name, paths[path]) not in counting


def test_events_of_very_many_days_fit_one_batch(house: House) -> None:
    meter = house.meter()
    house.sink(*(call(str(day), 1, T0 - timedelta(days=day)) for day in range(250)))
    assert total(house, meter) == 250


def test_great_values_add_up_exactly(house: House) -> None:
    meter = house.meter()
    great = "99999999999999999999.999999999999999999"
    house.sink(*(call(str(number), great) for number in range(200)))
    assert total(house, meter) == 200 * Decimal(great)
