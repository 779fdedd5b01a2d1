"""A run makes no invoice with more lines than may be on one: what is beyond is on further ones of the same run."""

from collections.abc import Callable
from datetime import datetime

import pytest

from meterhouse.catalog.price import PaymentTerm
from meterhouse.catalog.rate_card import RateCard
from tests.integration.billing.audited import audited
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.purse import Purse
from tests.unit.billing.samples import metered
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
