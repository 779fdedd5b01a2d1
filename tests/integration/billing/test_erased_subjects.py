"""A subject that was billed is erased: its invoices verify, the same events explain them, nothing is billed again."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from functions.erase_subjects.handler import ROOMS
from meterhouse.customers.erasure import SETTLES, ErasureStatus
from meterhouse.customers.erasures import Erasures
from meterhouse.customers.postgres_erasures import AllErasures, NamedRecords, PostgresErasures
from meterhouse.kernel.period import Period
from meterhouse.metering.clickhouse_erasure import ClickHouseErasure
from meterhouse.metering.clickhouse_sink import ClickHouseSink
from meterhouse.metering.erase_archive import Seen
from meterhouse.metering.erase_subjects import EraseSubjects, ErasurePorts
from meterhouse.metering.postgres import AllMeters, OutboxNotices
from meterhouse.metering.sink import EventWriter, SinkEvents
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.given import INVOICES
from tests.integration.billing.test_explanations import FEBRUARY, JANUARY, billed
from tests.integration.metering.house import T0, House, call
from tests.unit.billing.samples import metered

UNIT = Decimal("0.50")
"""Of `metered`."""


def erased(run: Run, house: House, *names: str) -> list[str]:
    """The pseudonyms. Nothing of this house is archived."""
    begin, meters = begins(run.database, PostgresErasures), AllMeters(run.database)
    notices = OutboxNotices(run.database)
    run.now = max(run.now, T0) + timedelta(hours=1)  # the events of a house are accepted at T0
    asked = [Erasures(begin, now=lambda: run.now).ask(run.namespace, name, name) for name in names]
    ports = ErasurePorts(
        begin,
        ClickHouseErasure(house.store),
        lambda *_: Seen(0, ""),  # type: ignore[arg-type] # an archive that is empty
        NamedRecords(run.database, ROOMS),
        meters,
        EventWriter(meters, ClickHouseSink(house.store), notices, new_id),
        notices,
        lambda: True,
    )
    erase = EraseSubjects(ports, lambda: [run.namespace], now=lambda: run.now, new_id=new_id)
    for _ in range(3):
        run.now += SETTLES
        erase(run.now + timedelta(minutes=8))
        published(run)
    with begin(run.namespace) as work:
        found = [work.store.find(one.id) for one in asked]
    assert [one and one.status for one in found] == [ErasureStatus.COMPLETE] * len(names)
    return [one.pseudonym for one in asked]


def used(run: Run, subjects: dict[str, list[str]]) -> Mapping[str, Decimal]:
    with run.begin(run.namespace) as work:
        [feature] = work.store.features.by_keys(["eu"]).values()
    return run.usage.quantities(run.namespace, feature, Period(JANUARY, FEBRUARY), subjects)


def published(run: Run) -> None:
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("UPDATE outbox SET published_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()


def test_a_billed_line_verifies_and_is_explained_by_the_same_events_after_its_subjects_are_erased(
    run: Run, house: House
) -> None:
    api = billed(run, house)
    [(invoice, line)] = [(one, line) for one in run.invoices() for line in one.lines if line.rate_card.is_metered]

    def told() -> tuple[Any, Any, list[str]]:
        explained = api.ok("GET", f"{INVOICES}/{invoice.id}/lines/{line.id}/explain")
        subjects = explained["meterQuery"].pop("subjects")
        explained["events"] = explained["events"]["items"]
        for event in explained["events"]:
            event.pop("subject", None)
        return api.ok("GET", f"{INVOICES}/{invoice.id}/verify"), explained, subjects

    verified, explained, subjects = told()
    assert ([one["id"] for one in explained["events"]], subjects) == (["1", "4", "2"], ["ann", "ann-1"])
    pseudonyms = erased(run, house, "ann", "ann-1")
    after = told()
    assert after[2] == pseudonyms
    assert after[1] == explained
    assert after[0] == verified
    assert verified["verified"] is True
    # usage that was told of anew is billed already
    totals = [one.totals for one in run.invoices()]
    assert run.all().failed == {}
    assert [one.totals for one in run.invoices()] == totals


def test_who_comes_back_under_an_erased_name_and_is_erased_is_nobody_who_was_before(run: Run, house: House) -> None:
    gone = run.customer("ann")
    house.sink(call("1", 7, JANUARY, "ann", region="de"))
    # the same event, accepted once more after the erasure is asked for, is uncovered by the deletion of the first
    house.sinks()([house.record(call("1", 700, JANUARY, "ann", region="de"), ingested=T0 + timedelta(hours=2))])
    [first] = erased(run, house, "ann")
    back = run.customer("ann")
    assert used(run, {gone: [first], back: ["ann"]}) == {gone: 7}
    house.sinks()([house.record(call("2", 5, JANUARY, "ann", region="de"), ingested=run.now)])
    [second] = erased(run, house, "ann")
    with run.begin(run.namespace) as work:
        keys = {one: found.details.key for one, found in work.store.customers.by_ids([gone, back]).items()}
    assert keys == {gone: first, back: second}
    assert used(run, {gone: [first], back: [second]}) == {gone: 7, back: 5}


def test_what_was_on_its_way_when_an_erasure_was_asked_for_is_billed_by_the_run_after_its_first_pass(
    run: Run, house: House
) -> None:
    run.subscribe(run.customer("ann"), metered("eu"))
    house.sink(call("1", 7, JANUARY, "ann", region="de"))
    run.now = T0 + timedelta(minutes=1)
    Erasures(begins(run.database, PostgresErasures), now=lambda: run.now).ask(run.namespace, "ann", "ann")
    store, notices, known = ClickHouseSink(house.store), OutboxNotices(run.database), AllErasures(run.database).of
    sink = SinkEvents(house, store, house, notices, now=house.now, new_id=new_id, erased=known)
    sink([house.record(call("2", 5, JANUARY, "ann", region="de"))])
    run.all()
    assert billed_usage(run) == 7
    erased(run, house, "ann")
    run.all(AFTER_FEBRUARY)
    assert billed_usage(run) == 12


def billed_usage(run: Run) -> Decimal:
    lines = [line for invoice in run.invoices() for line in invoice.lines if line.rate_card.is_metered]
    return sum((line.totals.total for line in lines), Decimal(0)) / UNIT
