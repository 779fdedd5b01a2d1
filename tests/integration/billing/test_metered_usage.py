"""Usage from the real usage store becomes money, however often its events arrive."""

from datetime import timedelta
from decimal import Decimal

from meterhouse.billing.state import InvoiceState
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.postgres_backfills import PostgresBackfills
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.metering.house import House, call
from tests.unit.billing.samples import NOW, metered, tiers
from tests.unit.subscriptions.samples import at

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


def totals(run: Run) -> list[tuple[str | None, Decimal | None, Decimal]]:
    found = [(invoice.customer.key, invoice.lines[0].quantity, invoice.totals.total) for invoice in run.invoices()]
    return sorted(found, key=str)


def test_distinct_events_of_the_period_and_the_filter_are_billed_once(run: Run, house: House) -> None:
    ann = run.customer("ann", subject_keys=("ann-1",))
    bob, cem = run.customer("bob"), run.customer("cem")
    for customer in (ann, bob, cem):
        run.subscribe(customer, metered("eu", tiers()))
    events = [
        call("1", "7.5", JANUARY, "ann", region="de"),
        call("2", 4, FEBRUARY - timedelta(microseconds=1), "ann-1", region="fr"),
        call("3", 100, JANUARY, "ann", region="us"),
        call("4", 100, FEBRUARY, "ann", region="de"),
        call("5", 0.1, JANUARY, "bob", region="de"),
        call("6", 0.2, JANUARY, "bob", region="de"),
        call("7", 1000, JANUARY, "nobody", region="de"),
    ]
    record = house.sink(*events)
    for _ in range(2):
        house.sinks()([record])
    house.sink(call("1", 9, JANUARY, "bob", region="de"), *events[1:3])

    assert run.all(AFTER_JANUARY).failed == {}

    assert totals(run) == [
        ("ann", Decimal("11.5"), Decimal("15.50")),
        ("bob", Decimal("0.3"), Decimal("5.30")),
        ("cem", Decimal(0), Decimal("5.00")),
    ]
    before = run.everything()
    run.all(AFTER_JANUARY)
    assert run.everything() == before


def test_a_meter_deleted_meanwhile_is_still_billed(run: Run, house: House) -> None:
    run.subscribe(run.customer("ann"), metered("eu"))
    house.sink(call("1", 3, FEBRUARY, "ann", region="de"))
    run.all(AFTER_JANUARY)
    with run.database.transaction(run.namespace) as transaction:
        PostgresMeters(transaction).update(house.meters[0].deleted(NOW))
        transaction.commit()
    run.all(AFTER_FEBRUARY)
    assert [invoice.totals.total for invoice in run.invoices()] == [Decimal(0), Decimal("1.50")]


def test_an_invoice_waits_until_its_meter_has_read_all_earlier_events(run: Run, house: House) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered("eu", tiers()))
    house.sink(call("1", 5, JANUARY, "ann", region="de"))
    [meter] = house.meters
    with run.database.transaction(run.namespace) as transaction:
        PostgresBackfills(transaction).add(meter.id, meter.revision, NOW)
        transaction.commit()
    run.all(AFTER_JANUARY)
    [waiting] = run.invoices()
    assert waiting.state is InvoiceState.DRAFT_INVALID
    assert waiting.issues[0].message.endswith("the meter of feature eu is still reading earlier events")
    with run.database.transaction(run.namespace) as transaction:
        backfills = PostgresBackfills(transaction)
        [backfill] = [backfills.latest(meter.id)]
        assert backfill is not None
        backfills.save(backfill.completed(NOW))
        transaction.commit()
    run.all(AFTER_JANUARY)
    assert [(one.state, one.lines[0].quantity) for one in run.invoices()] == [(InvoiceState.PAID, Decimal(5))]
