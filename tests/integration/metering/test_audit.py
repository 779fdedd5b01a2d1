"""The audits: what of all namespaces is accounted for, in the last hours and in the last month, and whom they name."""

from datetime import timedelta
from types import SimpleNamespace

from meterhouse.metering.audit_events import LAST_HOURS, LAST_MONTH, Audit, AuditEvents
from meterhouse.metering.clickhouse_conservation import ClickHouseConservation
from meterhouse.metering.conservation import Account
from tests.integration.metering.house import T0, call
from tests.integration.metering.log_house import LogHouse

HOUR = timedelta(hours=1)
DAY = 24 * HOUR


def audited(logged: LogHouse, *namespaces: str, span: timedelta = LAST_HOURS) -> tuple[Audit, list[str]]:
    named: list[str] = []
    died = ClickHouseConservation(logged.house.store).died
    store = SimpleNamespace(witnessed=lambda _: namespaces or [logged.namespace], died=died)
    audit = AuditEvents(logged.account, store, lambda name, _: named.append(name), lambda: logged.at, span)
    return audit(), named


def lose(logged: LogHouse, event_id: str) -> None:
    logged.house.store.command(
        "DELETE FROM event_writings WHERE namespace = {n:String} AND id = {i:String}",
        {"n": logged.namespace, "i": event_id},
    )


def test_the_audit_adds_up_the_last_hours_of_every_namespace(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("0"), at=T0 - 4 * HOUR)
    logged.ingest(call("1"), call("1", 2), at=T0 - 2 * HOUR)
    logged.producer.send(logged.settings.events_topic, b"stranger", b"x", {"events": "5"}, int(T0.timestamp() * 1000))
    logged.sink()
    logged.ingest(call("3"))
    found, named = audited(logged, logged.namespace, "stranger")
    assert found.total == Account(accepted=8, counted=1, conflict=1, dead=5, pending=1)
    assert found.accounts["stranger"] == Account(accepted=5, dead=5)
    assert named == []


def test_a_namespace_that_something_is_missing_in_is_named(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("1"), call("2"))
    logged.sink()
    lose(logged, "1")
    found, named = audited(logged, "nobody", logged.namespace)
    assert (found.total.astray, found.total.unexplained, named) == (1, 1, [logged.namespace])


def test_what_was_lost_weeks_ago_is_missed_by_the_audit_of_the_month(logged: LogHouse) -> None:
    logged.house.meter()
    logged.ingest(call("ancient"), at=T0 - 32 * DAY)
    logged.ingest(call("old"), at=T0 - 30 * DAY)
    logged.ingest(call("new"))
    logged.sink()
    for event_id in ("ancient", "old"):
        lose(logged, event_id)
    hours, month = (audited(logged, span=span)[0].total for span in (LAST_HOURS, LAST_MONTH))
    assert hours == Account(accepted=1, counted=1)
    assert month == Account(accepted=2, counted=1, astray=1)


def test_letters_are_counted_when_they_died_whoever_wrote_them(logged: LogHouse) -> None:
    logged.at = T0.replace(year=2090)  # of no other test's letters
    for hours in (1, 2, 9):
        died_ms = int((logged.at - hours * HOUR).timestamp() * 1000)
        logged.producer.send(logged.settings.dead_letter_topic, None, b"the mapping's own", {}, died_ms)
    assert audited(logged)[0].letters == 2


def test_namespaces_are_those_of_the_log_and_those_of_the_store(logged: LogHouse) -> None:
    period = AuditEvents.period(T0, LAST_HOURS)
    conservation = ClickHouseConservation(logged.house.store)
    logged.ingest(call("1"))
    assert logged.namespace not in conservation.witnessed(period)
    logged.totals()
    assert logged.namespace in conservation.witnessed(period)
    logged.house.store.command("DELETE FROM accepted_records WHERE namespace = {n:String}", {"n": logged.namespace})
    assert logged.namespace not in conservation.witnessed(period)
    logged.sink()
    assert logged.namespace in conservation.witnessed(period)
    assert logged.namespace not in conservation.witnessed(AuditEvents.period(T0 + 5 * HOUR, LAST_HOURS))


def test_a_deleted_meter_is_asked_for_what_was_accepted_before_its_deletion(logged: LogHouse) -> None:
    meter = logged.house.meter()
    logged.ingest(call("1"), call("bad", "NaN"))
    logged.house.delete(meter, T0 + HOUR)
    logged.ingest(call("2"), at=T0 + HOUR)
    logged.at = T0 + HOUR
    assert logged.totals() == {"accepted": 3, "pending": 3}
    logged.sink()
    expected = {"accepted": 3, "counted": 1, "invalid": 1, "unmatched": 1}
    assert logged.totals() == logged.totals(f"meter={meter.id}") == expected
    logged.house.store.command(
        "DELETE FROM meter_values WHERE namespace = {n:String} AND id = '1'", {"n": logged.namespace}
    )
    assert logged.totals() == {"accepted": 3, "invalid": 1, "unmatched": 1, "unexplained": 1}
    assert logged.ask("GET", "conservation", f"meter={meter.slug}")[0] == 404
