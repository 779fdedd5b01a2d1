"""A run makes no invoice with more lines than may be on one: what is beyond is on further ones of the same run."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.state import Trigger
from meterhouse.catalog.price import PaymentTerm
from meterhouse.catalog.rate_card import RateCard
from tests.integration.billing.audited import audited
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import Api
from tests.integration.billing.parts import AN_HOUR, TENTH, drafted, used_by_day
from tests.integration.billing.purse import Purse
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import fee


def cards(count: int) -> list[RateCard]:
    """Fees of 1, 2, 3 … a month, in arrears."""
    return [fee(f"fee-{number}", str(number), term=PaymentTerm.IN_ARREARS) for number in range(1, count + 1)]


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_what_is_beyond_is_on_further_invoices_of_the_run_and_nothing_is_lost_or_there_twice(
    run: Run, purse: Purse, bill: Callable[[Run, datetime], object]
) -> None:
    run.most_lines = 3
    ann, bob = run.customer("ann"), run.customer("bob")
    run.subscribe(ann, *cards(7), metered())
    run.subscribe(bob, *cards(3))
    run.used(ann, "2024-01-01", "4")
    run.used(ann, "2024-02-01", "4")
    purse.grant(ann, 5)
    for _ in range(2):
        bill(run, AFTER_FEBRUARY)

    of_ann = [one for one in run.invoices() if one.customer_id == ann]
    # two months of eight lines each, due together
    assert sorted(len(one.lines) for one in of_ann) == [1, 3, 3, 3, 3, 3]
    keys = [line.key for one in run.invoices() for line in one.lines]
    assert len(keys) == len(set(keys)) == 16 + 6
    assert all(line.invoice_at > AFTER_FEBRUARY for line in run.pending())
    # 28 of fees and 2 of usage a month, less 5 of credit
    assert sum(one.totals.total for one in of_ann) == 2 * (28 + 2) - 5
    assert {one.state.value for one in run.invoices()} == {"paid"}
    numbers = sorted(str(one.number) for one in run.invoices())
    assert numbers == [f"SANDBOX-{number:06}" for number in range(1, len(run.invoices()) + 1)]
    first = max(of_ann, key=lambda one: one.totals.credits_total)
    assert min(line.invoice_at for line in first.lines) == min(line.invoice_at for one in of_ann for line in one.lines)
    assert audited(run).open == 0


def test_as_many_lines_as_may_be_are_on_one_invoice(run: Run) -> None:
    run.most_lines = 3
    run.subscribe(run.customer("ann"), *cards(3))
    run.all()
    assert [len(one.lines) for one in run.invoices()] == [3]


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
@pytest.mark.parametrize(("most", "totals", "back"), [(2, [50, 10], []), (1, [50, 30, 0], [20])])
def test_usage_taken_back_takes_off_the_invoice_that_it_comes_onto_or_goes_back_by_a_note(
    api: Api, run: Run, most: int, totals: list[int], back: list[int], bill: Callable[[Run, datetime], object]
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    ann = run.customer("ann")
    run.subscribe(ann, metered(), fee(amount="30", term=PaymentTerm.IN_ARREARS))
    used_by_day(run, ann, {"2024-01-02": 100})
    drafted(api, ann, TENTH)
    bill(run, TENTH + AN_HOUR)
    used_by_day(run, ann, {"2024-01-02": 60})
    run.now, run.most_lines = AFTER_JANUARY, most
    for _ in range(3):
        bill(run, AFTER_JANUARY)

    assert sorted(one.totals.total for one in run.invoices()) == sorted(map(Decimal, totals))
    assert {one.state.value for one in run.invoices()} == {"paid"}
    notes = run.rows("SELECT total FROM credit_notes WHERE namespace = %(namespace)s")
    assert [row["total"] for row in notes] == back
    assert audited(run).open == 0
