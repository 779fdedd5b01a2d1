"""Every accepted event is somewhere, and the report says where: on the real log and the real store."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from meterhouse.kernel.errors import Unavailable
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from tests.integration.metering.house import T0, call
from tests.integration.metering.log_house import NOTHING, LogHouse

HOUR = timedelta(hours=1)
T0_MS = int(T0.timestamp() * 1000)


def other(event_id: str) -> Any:
    event = call(event_id)
    event.type = "other"
    return event


def garbage(logged: LogHouse, events: int, namespace: str | None = None) -> None:
    topic, key = logged.settings.events_topic, (namespace or logged.namespace).encode()
    logged.producer.send(topic, key, b"garbage", {"events": str(events)}, T0_MS)


def test_every_accepted_event_is_in_one_of_the_numbers(logged: LogHouse) -> None:
    meter = logged.house.meter(event_from=T0 - HOUR)
    logged.ingest(call("1"), call("2"), call("bad", "NaN"), other("3"), call("old", at=T0 - 2 * HOUR))
    logged.ingest(call("1"), call("2", 99), call("2", 98), at=T0 + HOUR)
    garbage(logged, 7)
    logged.sink()
    logged.ingest(call("4"), call("5"), at=T0 + HOUR)
    logged.at = T0 + HOUR
    status, report = logged.ask("GET", "conservation")
    first = {"accepted": 12, "counted": 2, "invalid": 1, "unmatched": 2, "dead": 7}
    later = {"accepted": 5, "duplicate": 1, "conflict": 2, "pending": 2}
    assert status == 200
    assert report == {
        "from": "2026-02-28T12:00:00Z",
        "to": "2026-03-01T12:00:00Z",
        "hours": [
            NOTHING | first | {"hour": "2026-03-01T10:00:00Z"},
            NOTHING | later | {"hour": "2026-03-01T11:00:00Z"},
        ],
        "totals": NOTHING | first | later | {"accepted": 17},
    }
    assert logged.ask("GET", "conservation", f"meter={meter.slug}")[1] == report | {"meterId": meter.id}
    logged.sink()
    del later["pending"]
    assert logged.totals() == first | later | {"accepted": 17, "counted": 4}


def test_each_meter_has_its_own_account_and_all_together_have_one(logged: LogHouse) -> None:
    numbers, calls = logged.house.meter(), logged.house.meter(value_property="$.other", slug="others")
    elsewhere = logged.house.meter(event_type="elsewhere")
    logged.ingest(call("1"), call("2", "NaN"), call("3", "NaN", other=5), other("4"))
    logged.sink()
    everything = {"accepted": 4, "counted": 2, "invalid": 1, "unmatched": 1}
    assert logged.totals() == everything
    assert logged.totals(f"meter={numbers.id}") == {"accepted": 4, "counted": 1, "invalid": 2, "unmatched": 1}
    assert logged.totals(f"meter={calls.slug}") == {"accepted": 4, "counted": 1, "invalid": 2, "unmatched": 1}
    assert logged.totals(f"meter={elsewhere.slug}") == {"accepted": 4, "unmatched": 4}


def test_the_first_writing_is_the_first_of_all_time_and_not_of_the_period(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"))
    logged.sink()
    logged.ingest(call("1"), call("1", 2), at=T0 + 48 * HOUR)
    logged.sink()
    logged.at = T0 + 49 * HOUR
    assert logged.totals() == {"accepted": 2, "duplicate": 1, "conflict": 1}


def test_a_conflict_of_another_type_is_no_usage_of_either_meter(logged: LogHouse) -> None:
    meter, others = logged.house.meter(), logged.house.meter(event_type="other", slug="others")
    logged.ingest(other("1"), call("1"))
    logged.sink()
    assert logged.totals(f"meter={meter.slug}") == {"accepted": 2, "unmatched": 1, "conflict": 1}
    assert logged.totals(f"meter={others.slug}") == {"accepted": 2, "counted": 1, "conflict": 1}


class Killed(ClickHouseSink):
    """Dies before it writes values: the events are stored, and nothing is committed."""

    def add_values(self, *_: Any) -> None:
        raise Unavailable("killed")


def test_what_a_killed_sink_left_half_done_is_pending(logged: LogHouse) -> None:
    meter = logged.house.meter()
    logged.ingest(call("1"), call("2"), other("3"))
    with pytest.raises(Unavailable):
        logged.sink(Killed(logged.house.store))
    assert logged.totals(f"meter={meter.slug}") == {"accepted": 3, "pending": 2, "unmatched": 1}
    logged.sink()
    assert logged.totals() == {"accepted": 3, "counted": 2, "unmatched": 1}


def test_what_waits_for_a_backfill_is_pending_and_no_loss(logged: LogHouse) -> None:
    logged.ingest(call("1"))
    logged.sink()
    assert logged.totals() == {"accepted": 1, "unmatched": 1}
    meter = logged.house.meter()
    logged.incomplete.add(meter.id)
    assert logged.totals() == {"accepted": 1, "pending": 1}
    logged.incomplete.clear()
    assert logged.totals() == {"accepted": 1, "unexplained": 1}


@pytest.mark.parametrize("table", ["event_writings", "meter_values"])
def test_a_row_that_gets_lost_is_missed(logged: LogHouse, table: str) -> None:
    meter, other_meter = logged.house.meter(), logged.house.meter()
    logged.ingest(call("1"), call("2"))
    logged.sink()
    assert logged.totals() == {"accepted": 2, "counted": 2}
    logged.house.store.command(
        f"DELETE FROM {table} WHERE namespace = {{n:String}} AND id = '1'"
        + (f" AND meter_id = '{meter.id}'" if table == "meter_values" else ""),
        {"n": logged.namespace},
    )
    assert logged.totals() == {"accepted": 2, "counted": 1, "unexplained": 1}
    assert logged.totals(f"meter={meter.id}") == {"accepted": 2, "counted": 1, "unexplained": 1}
    elsewhere = {"accepted": 2, "counted": 2} if table == "meter_values" else {"counted": 1, "unexplained": 1}
    assert logged.totals(f"meter={other_meter.id}") == {"accepted": 2} | elsewhere


def double(logged: LogHouse, event_id: str) -> None:
    """A row that nobody accepted."""
    columns = "namespace, identity, source, id, type, subject, hour, ingested_at, partition, offset, time, digest"
    logged.house.store.command(
        f"INSERT INTO event_writings ({columns}, position, written, version)"
        f" SELECT {columns}, position + 100, written + 1, version - 1 FROM event_writings"
        " WHERE namespace = {n:String} AND id = {id:String}",
        {"n": logged.namespace, "id": event_id},
    )


def test_more_stored_than_accepted_is_a_fault_too_and_hides_no_loss(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"))
    logged.ingest(call("2"))
    logged.sink()
    double(logged, "1")
    assert logged.totals() == {"accepted": 2, "counted": 2, "duplicate": 1, "unexplained": -1}
    logged.house.store.command(
        "DELETE FROM event_writings WHERE namespace = {n:String} AND id = '2'", {"n": logged.namespace}
    )
    assert logged.totals() == {"accepted": 2, "counted": 1, "duplicate": 1}
    assert logged.ask("GET", "conservation")[1]["totals"]["astray"] == 2
    audited = {name: number for name, number in logged.audited().items() if number}
    assert audited == {"accepted": 2, "counted": 1, "duplicate": 1, "astray": 2}


def test_a_record_that_no_producer_of_ours_wrote_counts_as_one_event_of_its_key(logged: LogHouse) -> None:
    topic, send = logged.settings.events_topic, logged.producer.send
    key = logged.namespace.encode()
    send(topic, key, b"garbage", {}, T0_MS)
    send(topic, key, None, {"events": "0"}, T0_MS)
    send(topic, key, b"", {"events": "many"}, T0_MS)
    send(topic, key, b"x", {"events": "9" * 40}, T0_MS)
    send(topic, b"\xff\0" * 500, b"x", {"events": "-1"}, T0_MS)
    send(topic, None, b"x", {}, 1 << 60)
    assert logged.totals() == {"accepted": 4, "pending": 4}
    logged.sink()
    assert logged.totals() == {"accepted": 4, "dead": 4}
    assert logged.audited()["astray"] == 0


def test_nothing_that_is_repeated_changes_a_number(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"), call("2"))
    garbage(logged, 3)
    with logged.delivered() as records:
        logged.sinks()(records)
        logged.sinks()(records)
    expected = {"accepted": 5, "counted": 2, "dead": 3}
    assert logged.totals() == expected
    for table in ("accepted_records", "dead_records", "event_writings", "meter_values"):
        logged.house.store.command(f"OPTIMIZE TABLE {table} FINAL")
    assert logged.totals() == expected


@pytest.mark.parametrize("step", ["add_accepted", "add_dead"])
def test_a_witness_killed_between_writing_and_committing_tells_the_same(
    logged: LogHouse, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged.house.meter()
    logged.ingest(call("1"), call("2"))
    garbage(logged, 3)
    logged.sink()
    store = logged.witness._store
    write = getattr(store, step)

    def die(records: Any) -> None:
        write(records)
        raise Unavailable("killed")

    with monkeypatch.context() as patched:
        patched.setattr(store, step, die)
        status, _ = logged.ask("GET", "conservation")
        assert status == 503
    assert logged.totals() == {"accepted": 5, "counted": 2, "dead": 3}


def test_a_broker_that_was_reset_gives_places_anew_and_mixes_nothing_up(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"), call("2"))
    garbage(logged, 3)
    logged.sink()
    assert logged.totals() == {"accepted": 5, "counted": 2, "dead": 3}
    anew = logged.after_a_reset()
    anew.ingest(call("3"), call("2"), at=T0 + timedelta(milliseconds=1))
    assert anew.totals() == {"accepted": 7, "counted": 2, "dead": 3, "pending": 2}
    anew.sink()
    assert anew.totals() == {"accepted": 7, "counted": 3, "dead": 3, "duplicate": 1}


def test_a_namespace_sees_nothing_of_another(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"), call("1", 2))
    garbage(logged, 3)
    logged.sink()
    other = f"other-than-{logged.namespace}"
    assert logged.ask("GET", "conservation", namespace=other)[1]["totals"] == NOTHING
    assert logged.ask("GET", "conflicts", namespace=other) == (200, {"items": []})
    assert logged.ask("GET", "dead-letters", namespace=other) == (200, {"items": []})


class Between:
    """A port of the report, before or after one of whose reads something else happens."""

    def __init__(self, port: Any, name: str, work: Callable[[], None], *, after: bool) -> None:
        self._port, self._name, self._work, self._after = port, name, work, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        if name != self._name:
            return real

        def between(*arguments: Any) -> Any:
            if not self._after:
                self._work()
            answer = real(*arguments)
            if self._after:
                self._work()
            return answer

        return between


READS = ["sink.stored", "witness.dead", "witness.accepted", "meters.of", "accounts.by_hour"]


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("read", READS)
def test_a_sink_at_work_between_the_reads_leaves_nothing_unexplained(
    logged: LogHouse, monkeypatch: pytest.MonkeyPatch, read: str, after: bool
) -> None:
    """Requests are accepted, stored, half stored and buried at every point of the report: pending, but never astray."""
    logged.house.meter()
    worked: list[str] = []

    def work() -> None:
        number = len(worked)
        worked.append(read)
        logged.ingest(call(f"{number}a"), call("again", number), other(f"{number}b"))
        garbage(logged, 2)
        logged.sink()
        logged.ingest(call(f"{number}c"), call(f"{number}d"))
        with pytest.raises(Unavailable):
            logged.sink(Killed(logged.house.store))

    port, name = read.split(".")
    between = Between(getattr(logged.account, f"_{port}"), name, work, after=after)
    work()
    with monkeypatch.context() as patched:
        patched.setattr(logged.account, f"_{port}", between)
        found = logged.audited()
        assert found["astray"] == 0
        assert logged.totals().get("unexplained", 0) == 0
    assert len(worked) == 3
    logged.sink()
    assert logged.totals() == {
        "accepted": 21, "counted": 10, "conflict": 2, "unmatched": 3, "dead": 6,
    }  # fmt: skip
