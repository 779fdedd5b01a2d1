"""A run that dies at any commit, before or after it, and is started again, makes the invoices of one that lived."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import pytest

from meterhouse.billing.bill_customers import RunStore
from meterhouse.kernel.errors import Unavailable
from meterhouse.platform.work import Begin, Work
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run


@dataclass
class Dying:
    """Begins units of work of which the `victim`-th to commit dies: its commit is lost, or only its answer is."""

    begin: Begin[RunStore]
    victim: int
    is_lost: bool
    commits: int = 0

    @contextmanager
    def __call__(self, namespace: str) -> Iterator[Work[RunStore]]:
        with self.begin(namespace) as work:
            commit, dies = work.commit, False

            def counted() -> None:
                nonlocal dies
                self.commits += 1
                dies = self.commits == self.victim
                if dies and self.is_lost:
                    raise Unavailable("died before the commit")
                commit()

            work.commit = counted  # type: ignore[method-assign] # this is where the test puts the crash
            yield work
        if dies:
            raise Unavailable("died after the commit")


def billed(run: Run) -> list[tuple[str, str, Decimal, str]]:
    """What two months come to: number, state, total and lines of each invoice."""
    return sorted(
        (
            invoice.number,
            invoice.state.value,
            invoice.totals.total,
            ",".join(sorted(line.name for line in invoice.lines)),
        )
        for invoice in run.invoices()
    )


@pytest.mark.parametrize("is_lost", [True, False])
@pytest.mark.parametrize(
    ("bill", "victim"), [(Run.all, 1), (Run.all, 2), *((Run.step_by_step, n) for n in range(1, 7))]
)
def test_a_run_that_died_is_finished_by_the_next(
    run: Run, bill: Callable[[Run, datetime], object], victim: int, *, is_lost: bool
) -> None:
    for key in ("ann", "bob"):
        customer = run.customer(key)
        run.subscribe(customer)
        run.used(customer, "2024-01-01", "3")
        run.used(customer, "2024-02-01", "5")
    healthy, died = run.begin, False
    run.begin = Dying(healthy, victim, is_lost)
    for as_of in (AFTER_JANUARY, AFTER_FEBRUARY):
        try:
            bill(run, as_of)
        except Unavailable:
            died = True
            run.step_by_step(as_of)
    assert died
    lines = "Fee,Fee,Usage", "Fee,Usage"
    expected = [(Decimal("41.50"), lines[0])] * 2 + [(Decimal("22.50"), lines[1])] * 2
    assert [(total, names) for _, _, total, names in billed(run)] == expected
    assert [number for number, *_ in billed(run)] == [f"SANDBOX-{n:06d}" for n in range(1, 5)]
    assert {state for _, state, *_ in billed(run)} == {"paid"}
    doubled = run.rows("SELECT key FROM invoice_lines WHERE namespace = %(namespace)s GROUP BY key HAVING count(*) > 1")
    assert doubled == []
    numbers = run.rows(
        "SELECT invoice_id FROM invoice_transitions WHERE namespace = %(namespace)s"
        " GROUP BY invoice_id HAVING count(*) <> max(number)"
    )
    assert numbers == []
