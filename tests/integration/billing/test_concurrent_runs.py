from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from meterhouse.billing.list_customer_batches import ListCustomerBatches
from meterhouse.billing.run_sizes import Sizes
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run


def test_runs_at_the_same_time_make_the_invoices_of_one(run: Run, database_settings: PostgresSettings) -> None:
    for number in range(12):
        customer = run.customer(f"customer-{number}")
        run.subscribe(customer)
        run.used(customer, "2024-01-01", "3")

    def whole_run(number: int) -> dict[str, str]:
        database = Database(lambda: database_settings)
        try:
            own = replace(run, database=database)
            return own.all(AFTER_JANUARY if number % 2 else AFTER_FEBRUARY).failed
        finally:
            database.close()

    with ThreadPoolExecutor(4) as pool:
        failures = list(pool.map(whole_run, range(4)))

    assert failures == [{}] * 4
    invoices = run.invoices("paid")
    keys = [line.key for invoice in invoices for line in invoice.lines]
    assert len(keys) == len(set(keys)) == 12 * 5
    assert sorted(invoice.number for invoice in invoices) == [f"SANDBOX-{n + 1:06d}" for n in range(len(invoices))]


def test_a_namespace_bills_its_own_customers_alone(
    run: Run, new_run: Callable[[str], Run], database: Database, other_namespace: str
) -> None:
    other = new_run(other_namespace)
    for one in (run, other):
        one.subscribe(one.customer("ann"))
    run.all()
    assert [invoice.state.value for invoice in run.invoices()] == ["paid"]
    assert other.invoices() == []
    other.all()
    [theirs] = other.invoices()
    assert theirs.number == "SANDBOX-000001"
    with database.transaction(run.namespace) as transaction:
        assert transaction.fetch_all("SELECT id FROM invoices WHERE id = %(id)s", {"id": theirs.id}) == []


def test_batches_hold_every_customer_once(run: Run) -> None:
    ids = sorted(run.customer(f"customer-{number}") for number in range(5))
    page = ListCustomerBatches(run.begin, lambda: [run.namespace])(None, Sizes(2, 400))
    assert page.after is None
    assert [(edges.after, edges.up_to) for edges in page.batches] == [("", ids[1]), (ids[1], ids[3]), (ids[3], ids[4])]


@pytest.mark.parametrize("size", [1, 3])
def test_running_by_batches_bills_the_same(run: Run, size: int) -> None:
    for number in range(4):
        run.subscribe(run.customer(f"customer-{number}"))
    for edges in ListCustomerBatches(run.begin, lambda: [run.namespace])(None, Sizes(size, 400)).batches:
        run.edges = edges
        run.all()
    assert [invoice.state.value for invoice in run.invoices()] == ["paid"] * 4
