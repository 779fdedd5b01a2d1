"""Quantities of an add-on that change within a period, on invoices: exact shares of the period."""

from dataclasses import replace
from decimal import Decimal

from meterhouse.catalog.price import PaymentTerm
from meterhouse.subscriptions.addon import SubscriptionAddon
from meterhouse.subscriptions.model import Subscription
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.unit.billing.samples import metered
from tests.unit.subscriptions.samples import at, bought, fee, issuing

IN_ARREARS = PaymentTerm.IN_ARREARS


def buy(run: Run, subscription: Subscription, addon: SubscriptionAddon) -> None:
    run.change(replace(subscription, addons=(addon,), updated_at=run.now))


def lines(run: Run) -> list[tuple[str, Decimal]]:
    """Day of the month from which on it charges, and amount, of each line on an invoice."""
    found = [line for invoice in run.invoices() for line in invoice.lines if line.key.split("/")[2] == "fee"]
    found.sort(key=lambda line: line.service_period.start)
    return [(f"{line.service_period.start:%m-%d}", line.totals.total) for line in found]


def test_each_part_of_the_period_is_charged_by_its_share_and_another_run_changes_nothing(run: Run) -> None:
    made = run.subscribe(run.customer("ann"), fee(amount="31", term=IN_ARREARS))
    buy(run, made, bought(fee(amount="62", term=IN_ARREARS), d2024_01_11=1, d2024_01_21=2))

    run.all(AFTER_JANUARY)

    assert lines(run) == [("01-01", Decimal(10)), ("01-11", Decimal(30)), ("01-21", Decimal(55))]
    before = run.everything()
    run.all(AFTER_JANUARY)
    assert run.everything() == before


def test_more_units_included_leave_the_usage_of_the_period_one_line(run: Run) -> None:
    customer = run.customer("ann")
    made = run.subscribe(customer, metered())
    buy(run, made, bought(issuing("50"), d2024_01_11=1))
    run.used(customer, "2024-01-01", "7")

    run.all(AFTER_JANUARY)

    [invoice] = run.invoices()
    [line] = invoice.lines
    assert (line.service_period.start, line.service_period.end) == (
        line.full_service_period.start,
        line.full_service_period.end,
    )
    assert line.quantity == 7


def test_of_what_was_invoiced_in_advance_a_purchase_charges_the_difference_alone(run: Run) -> None:
    made = run.subscribe(run.customer("ann"), fee(amount="31"))
    run.all(at("2024-01-05"))
    assert lines(run) == [("01-01", Decimal(31))]

    buy(run, made, bought(fee(amount="62"), d2024_01_11=1))
    run.all(at("2024-01-15"))

    assert lines(run) == [("01-01", Decimal(31)), ("01-11", Decimal(42))]


def test_more_of_what_was_invoiced_in_advance_charges_what_is_added_alone(run: Run) -> None:
    made = run.subscribe(run.customer("ann"), fee(amount="31"))
    buy(run, made, bought(fee(amount="62"), d2024_01_01=1))
    run.all(at("2024-01-05"))
    later = replace(made, addons=(bought(fee(amount="62"), d2024_01_01=1, d2024_01_11=3),), updated_at=run.now)
    run.change(later)

    run.all(at("2024-01-15"))

    assert lines(run) == [("01-01", Decimal(93)), ("01-11", Decimal(84))]


def test_what_is_charged_once_is_invoiced_once_and_each_more_of_it_too(run: Run) -> None:
    made = run.subscribe(run.customer("ann"), fee(amount="10", cadence=None))
    run.all(at("2024-01-05"))
    assert lines(run) == [("01-01", Decimal(10))]

    once = fee(amount="10", cadence=None)
    buy(run, made, bought(once, d2024_01_11=1, d2024_01_16=2, d2024_01_18=1, d2024_01_21=2, d2024_01_26=3))
    run.all(AFTER_JANUARY)

    assert lines(run) == [(day, Decimal(10)) for day in ("01-01", "01-11", "01-16", "01-26")]


def test_an_add_on_ends_with_the_subscription_that_a_change_of_plan_ends_and_what_is_not_served_goes_back(
    run: Run,
) -> None:
    made = run.subscribe(run.customer("ann"), fee(amount="31"))
    sold = replace(made, addons=(bought(fee("support", "62"), d2024_01_01=1),), updated_at=run.now)
    run.change(sold)
    run.all(at("2024-01-05"))
    [invoice] = run.invoices()
    assert (invoice.totals.total, invoice.state.value) == (Decimal(93), "paid")

    run.change(replace(sold, active_to=at("2024-01-11")))
    run.subscribe(made.customer_id, fee(amount="31"), start="2024-01-11", anchor="2024-01-01", previous_id=made.id)
    for _ in range(2):
        run.all(AFTER_JANUARY)

    # 21 of 31 days of the add-on; the fee goes on at its price, which was paid
    [back] = run.rows("SELECT total FROM credit_notes WHERE namespace = %(namespace)s")
    assert back["total"] == 42
    assert [line.rate_card.key for one in run.invoices() for line in one.lines] == ["fee", "support", "fee"]
    [february] = [line for one in run.invoices() for line in one.lines if line.service_period.start.month == 2]
    # what went back is credit, which bears it
    assert february.totals.charged == february.totals.credits_total == 31
