"""What became of a balance, over HTTP, on the real stores."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.metering.aggregation import Aggregation
from meterhouse.platform.clickhouse import ClickHouse, ClickHouseSettings
from meterhouse.platform.postgres import Database
from tests.integration.entitlements.front import Front
from tests.integration.entitlements.test_access import give
from tests.integration.entitlements.usage_house import ACME, DAY, HOUR, MINUTE, UsageHouse

V2 = "/api/v2/customers/acme/entitlements/tokens/history"
DAILY = Cadence.parse("P1D")


@pytest.fixture
def front(used: UsageHouse) -> Front:
    return Front(used)


def query(size: str = "DAY", **instants: datetime | str) -> str:
    said = {
        name.rstrip("_"): value if isinstance(value, str) else format_rfc3339(value) for name, value in instants.items()
    }
    return "&".join(f"{name}={quote(value)}" for name, value in ({"windowSize": size} | said).items())


def windows(history: Any) -> list[tuple[Any, ...]]:
    return [(one["period"]["from"], one["usage"], one["balanceAtStart"]) for one in history["windowedHistory"]]


def segments(history: Any) -> list[tuple[Any, ...]]:
    return [
        (one["period"]["from"], one["usage"], one["balanceAtStart"], one["balanceAtEnd"], one["overage"])
        for one in history["burndownHistory"]
    ]


def told(instant: datetime) -> str:
    return format_rfc3339(instant)


def test_windows_and_segments_tell_usage_balances_and_who_bore_what(used: UsageHouse, front: Front) -> None:
    used.entitled(cadence=DAILY)
    first = used.granted(10, max_rollover=Decimal(4))
    second = used.granted(5, at=used.now + 6 * HOUR, expiration=DAILY)
    start = used.now
    used.sink(used.call(start + HOUR, 3), used.call(start + 7 * HOUR, 4), used.call(start + DAY + HOUR, 11))
    history = front.get(V2, query(from_=start, to=start + 2 * DAY))
    assert windows(history) == [(told(start), 7, 10), (told(start + DAY), 11, 5)]
    assert segments(history) == [
        (told(start), 3, 10, 7, 0),
        (told(start + 6 * HOUR), 4, 12, 8, 0),
        (told(start + DAY), 0, 5, 5, 0),
        (told(start + DAY), 11, 5, 0, 6),
        (told(start + 30 * HOUR), 0, 0, 0, 6),
        (told(start + 2 * DAY), 0, 0, 0, 0),
    ]
    [_, with_second, *_] = history["burndownHistory"]
    assert with_second["grantUsages"] == [{"grantId": second.id, "usage": 4}]
    assert with_second["grantBalancesAtStart"] == {first.id: 7, second.id: 5}
    assert with_second["grantBalancesAtEnd"] == {first.id: 7, second.id: 1}
    assert with_second["period"] == {"from": told(start + 6 * HOUR), "to": told(start + DAY)}


def test_the_usage_of_all_windows_is_that_of_all_segments(used: UsageHouse, front: Front) -> None:
    used.entitled(cadence=Cadence.parse("P7D"))
    used.granted(100, max_rollover=Decimal(50), recurrence=None)
    used.sink(*(used.call(used.begun + number * 5 * HOUR, number) for number in range(60)))
    history = front.get(V2, query("HOUR", from_=used.begun))
    usage = sum(one["usage"] for one in history["windowedHistory"])
    assert usage == sum(one["usage"] for one in history["burndownHistory"]) == sum(range(60))
    assert len(history["windowedHistory"]) in {20 * 24 + hours for hours in range(1, 26)}


def test_by_default_a_history_is_of_the_usage_period_until_now(used: UsageHouse, front: Front) -> None:
    used.entitled(cadence=Cadence.parse("P8D"))  # of which none ends tonight
    history = front.get(V2, query())
    starts = [datetime.fromisoformat(one["period"]["from"]) for one in history["windowedHistory"]]
    assert starts == [used.begun + number * DAY for number in range(16, 16 + len(starts))]
    assert starts[-1] <= used.today < starts[-1] + 2 * DAY


def test_days_are_those_of_the_zone(used: UsageHouse, front: Front) -> None:
    used.entitled()
    used.used(used.begun + 20 * HOUR, 5)
    asked = query(from_=used.begun, to=used.begun + 2 * DAY, windowTimeZone="Asia/Kolkata")
    history = front.get(V2, asked)
    midnight = timedelta(hours=18, minutes=30)
    assert windows(history) == [(told(used.begun + midnight), 5, 0), (told(used.begun + midnight + DAY), 0, 0)]


def test_a_history_does_not_depend_on_what_was_kept_meanwhile(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled(cadence=Cadence.parse("P7D"))
    used.granted(1000, max_rollover=Decimal(700))
    used.sink(*(used.call(used.begun + number * 7 * HOUR, number) for number in range(60)))
    questions = [query(), query("HOUR", from_=used.begun + 9 * DAY, to=used.begun + 11 * DAY), query(from_=used.begun)]
    before = [front.get(V2, question) for question in questions]
    for days in (5, 10, 18, 20):
        used.keep(entitlement, used.begun + days * DAY)
    used.keep(entitlement)
    assert [front.get(V2, question) for question in questions] == before


def test_a_gauge_s_windows_show_its_last_value(database: Database, usage_store: ClickHouse, namespace: str) -> None:
    house = UsageHouse(database, namespace, usage_store, Aggregation.LATEST)
    house.entitled()
    house.granted(100)
    house.sink(house.call(house.now + HOUR, 30), house.call(house.now + 5 * HOUR, 10))
    asked = query("HOUR", from_=house.now, to=house.now + 7 * HOUR)
    history = Front(house).get(V2, asked)
    assert [usage for _, usage, _ in windows(history)] == [0, 30, 30, 30, 30, 10, 10]
    assert [balance for _, _, balance in windows(history)] == [100, 100, 70, 70, 70, 70, 90]


def test_texts_are_counted_once_a_period_in_whichever_window_they_came_first(
    database: Database, usage_store: ClickHouse, namespace: str
) -> None:
    house = UsageHouse(database, namespace, usage_store, Aggregation.UNIQUE_COUNT)
    house.entitled(cadence=DAILY)
    texts = [(0, "a"), (1, "a"), (1, "b"), (23, "a"), (24, "a"), (25, "b")]
    house.sink(*(house.call(house.now + hours * HOUR + MINUTE, text) for hours, text in texts))
    history = Front(house).get(V2, query("HOUR", from_=house.now + HOUR, to=house.now + 26 * HOUR))
    usages = {start: usage for start, usage, _ in windows(history) if usage}
    assert usages == {told(house.now + hours * HOUR): 1 for hours in (1, 24, 25)}


def test_an_ended_entitlement_s_history_ends_with_it(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.granted(100)
    used.sink(used.call(used.begun + HOUR, 3), used.call(used.begun + 3 * DAY, 5))
    used.now = used.begun + 2 * DAY
    used.use.end(used.namespace, ACME, "tokens")
    history = front.get(V2.replace("tokens", entitlement.id), query(from_=used.begun))
    assert [usage for _, usage, _ in windows(history)] == [3, 0]
    assert history["burndownHistory"][-1]["period"]["to"] == told(used.now)
    assert front.refused(V2, query())[0] == 404


def test_a_subject_s_history_is_its_customer_s(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.used(used.begun + HOUR, 3)
    asked = query(from_=used.begun, to=used.begun + DAY)
    path = f"/api/v1/subjects/app/entitlements/{entitlement.id}/history"
    assert front.get(path, asked) == front.get(V2, asked)
    assert front.refused(path.replace("app", "nobody"), asked)[0] == 404


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"size": "MINUTE"}, {("query:windowSize", "unsupported_window_size")}),
        ({"size": "MONTH"}, {("query:windowSize", "unsupported_window_size")}),
        ({"size": "YEAR"}, {("query:windowSize", "enum")}),
        ({"windowTimeZone": "Mars/Olympus"}, {("query:windowTimeZone", "unknown_time_zone")}),
        ({"from_": "2020-01-01T00:00:00Z"}, {("query:from", "before_measuring")}),
        (
            {"from_": "1990-01-01T00:00:00Z", "size": "HOUR"},
            {("query:from", "before_measuring"), ("query:windowSize", "too_many_windows")},
        ),
        ({"from_": "2090-01-01T00:00:00Z"}, {("query:from", "empty_period")}),
        ({"from_": "soon"}, {("query:from", "value_error")}),
    ],
)
def test_what_cannot_be_told_is_refused_with_its_reason(
    used: UsageHouse, front: Front, fields: dict[str, str], faults: set[tuple[str, str]]
) -> None:
    used.entitled()
    assert front.refused(V2, query(**fields)) == (400, faults)


def test_a_window_size_is_required(used: UsageHouse, front: Front) -> None:
    used.entitled()
    assert front.refused(V2)[0] == 400


def test_what_is_not_metered_has_no_history(used: UsageHouse, front: Front) -> None:
    give(used, "sso")
    assert front.refused(V2.replace("tokens", "sso"), query()) == (400, {("", "entitlement_not_metered")})
    assert front.refused(V2, query())[0] == 404
    assert front.refused(V2.replace("acme", "nobody"), query())[0] == 404


def test_a_history_too_large_to_be_told_is_refused(
    used: UsageHouse, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    used.entitled(cadence=DAILY)
    used.granted(1)
    used.granted(2)
    monkeypatch.setattr("meterhouse.entitlements.show_history.MOST_SHARES", 30)
    status, problem = front.call("GET", V2, query=query(from_=used.begun))
    assert (status, problem["code"]) == (422, "too_many_segments")
    assert front.get(V2, query(from_=used.today - 2 * DAY))


def test_no_history_is_told_by_stores_that_do_not_answer(
    used: UsageHouse, front: Front, usage_store_settings: ClickHouseSettings
) -> None:
    used.entitled()
    assert front.without_usage_store(usage_store_settings).refused(V2, query())[0] == 503


def test_histories_of_others_are_not_found(used: UsageHouse, front: Front) -> None:
    entitlement = used.entitled()
    used.add_customer("other")
    path = f"/api/v2/customers/other/entitlements/{entitlement.id}/history"
    assert front.refused(path, query())[0] == 404
