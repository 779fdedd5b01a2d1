from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from meterhouse.entitlements.reservation import MOST_EVENTS, Reservation
from meterhouse.entitlements.settled_usage import LARGEST_DATA, check_reservable, settlement_of, usage_events
from meterhouse.entitlements.standing import Metered
from meterhouse.kernel.errors import InvalidInput, InvariantBroken
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.filter import one_of
from meterhouse.metering.model import Meter, MeterSpec, new_meter
from meterhouse.metering.record import decode_record, encode_record
from meterhouse.platform.wire import JsonFraction

AT = datetime(2024, 1, 1, 12, 0, 1, 5, tzinfo=UTC)
HELD = Reservation("01R", "01E", "01C", Decimal(10), AT, AT + timedelta(minutes=15), "acme")


def meter(aggregation: Aggregation = Aggregation.SUM, path: str | None = "$.usage.tokens", **changes: Any) -> Meter:
    spec = MeterSpec("tokens", aggregation, "llm", "Tokens", path, {"model": "$.model"}, **changes)
    return new_meter("01M", spec, AT)


def metered(of: Meter, models: tuple[str, ...] = ()) -> Metered:
    filters = {"model": one_of(*models)} if models else {}
    return Metered(of, filters, ("acme",), (), basis="", seen=0, read_at=AT)


def settle(on: Metered, amount: str, data: Mapping[str, Any]) -> str:
    return settlement_of(on, Decimal(amount), data, "acme", AT).data


def refused(on: Metered, amount: str, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidInput) as raised:
        settle(on, amount, data)
    return [(problem.field, problem.code) for problem in raised.value.problems]


def test_the_amount_stands_where_the_meter_reads_it_beside_what_the_caller_said() -> None:
    data = settle(metered(meter()), "7", {"model": "a", "usage": {"cached": 2}})

    assert msgspec.json.decode(data) == {"model": "a", "usage": {"cached": 2, "tokens": 7}}


def test_an_amount_and_the_callers_numbers_keep_every_digit() -> None:
    amount, said = "12345678901234567890.123456789012345678", JsonFraction("0.10000000000000000000001")

    data = settle(metered(meter(path="$.tokens")), amount, {"share": said})

    assert data == f'{{"share":{said},"tokens":{amount}}}'


def test_data_may_say_the_same_amount_and_no_other() -> None:
    on = metered(meter(path="$.tokens"))

    assert msgspec.json.decode(settle(on, "7", {"tokens": "7.0"})) == {"tokens": 7}
    assert refused(on, "7", {"tokens": 8}) == [("/data", "other_amount")]
    assert refused(on, "7", {"tokens": None}) == [("/data", "other_amount")]


def test_data_is_so_small_that_any_reservation_fits_one_record() -> None:
    on = metered(meter(Aggregation.COUNT, None))
    room = LARGEST_DATA - len('{"note":""}')

    settled = HELD.settled(settlement_of(on, Decimal(MOST_EVENTS), {"note": "é" * (room // 2)}, "acme", AT))
    record = encode_record("default", msgspec.Raw(msgspec.json.encode(usage_events(settled, on.meter))), AT)

    assert len(decode_record(record).events) == MOST_EVENTS
    assert refused(on, "1", {"note": "x" * (room + 1)}) == [("/data", "too_large")]


@pytest.mark.parametrize("in_the_way", [3, "x", [1], None])
def test_data_has_room_for_the_amount(in_the_way: object) -> None:
    assert refused(metered(meter()), "7", {"usage": in_the_way}) == [("/data", "no_room_for_amount")]


def test_what_would_not_count_for_the_feature_is_refused() -> None:
    on = metered(meter(), models=("a", "b"))

    assert settle(on, "7", {"model": "b"})
    assert refused(on, "7", {"model": "c"}) == [("/data", "not_of_the_feature")]
    assert refused(on, "7", {}) == [("/data", "not_of_the_feature")]


def test_usage_before_the_meter_begins_is_refused() -> None:
    later = metered(meter(event_from=AT + timedelta(hours=1)))

    assert refused(later, "7", {}) == [("", "meter_not_begun")]


def test_an_amount_that_usage_cannot_be_is_refused() -> None:
    assert refused(metered(meter(Aggregation.COUNT, None)), "1.5", {}) == [("/amount", "amount_not_countable")]


@pytest.mark.parametrize(
    ("aggregation", "path"),
    [
        (Aggregation.SUM, "$.calls[*].tokens"),
        (Aggregation.UNIQUE_COUNT, "$.user"),
        (Aggregation.LATEST, "$.seats"),
        (Aggregation.MAX, "$.seats"),
    ],
)
def test_usage_that_follows_from_no_amount_cannot_be_reserved(aggregation: Aggregation, path: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        check_reservable(meter(aggregation, path))
    assert [problem.code for problem in raised.value.problems] == ["meter_not_reservable"]


def test_sums_of_a_member_and_counts_can_be_reserved() -> None:
    check_reservable(meter())
    check_reservable(meter(Aggregation.COUNT, None))


def test_the_events_are_those_that_the_sink_reads() -> None:
    of = meter(Aggregation.COUNT, None)
    settled = HELD.settled(settlement_of(metered(of), Decimal(3), {"model": "a"}, "acme", AT))

    record = encode_record("default", msgspec.Raw(msgspec.json.encode(usage_events(settled, of))), AT)

    events = decode_record(record).events
    assert [event.id for event in events] == ["01R", "01R/2", "01R/3"]
    assert {(e.source, e.type, e.subject, e.time) for e in events} == {("meterhouse/reservations", "llm", "acme", AT)}
    assert {bytes(event.data) for event in events} == {b'{"model":"a"}'}


def test_what_is_not_settled_has_no_events() -> None:
    with pytest.raises(InvariantBroken):
        usage_events(HELD, meter())


def test_nothing_used_is_counted_at_once() -> None:
    settled = HELD.settled(settlement_of(metered(meter()), Decimal(0), {}, "acme", AT))

    assert usage_events(settled, meter()) == []
    assert settled.counted_at == AT
    assert replace(settled, counted_at=None) != settled
