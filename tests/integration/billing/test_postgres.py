from collections.abc import Iterator
from dataclasses import replace

import pytest

from meterhouse.billing.batch import Batch, batch_of
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Line, Transition
from meterhouse.billing.postgres import PostgresBilling, PostgresBillingGuard
from meterhouse.billing.state import Trigger
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.kernel.errors import InvalidInput, InvariantBroken
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.unit.billing.samples import NOW, metered, tiers
from tests.unit.subscriptions.samples import at, fee


def test_invoices_and_lines_come_back_as_they_were_written(run: Run) -> None:
    run.subscribe(run.customer("ann"), metered(price=tiers()))
    run.all()
    [invoice] = run.invoices()
    with run.begin(run.namespace) as work:
        work.store.invoices.save([Driven(invoice)])
        work.store.lines.update(invoice.lines)
        assert work.store.invoices.find(invoice.id) == invoice


def test_the_stored_total_is_that_of_the_model(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    rows = run.rows(
        "SELECT i.total, sum(l.total) AS lines FROM invoices i JOIN invoice_lines l"
        " ON l.namespace = i.namespace AND l.invoice_id = i.id WHERE i.namespace = %(namespace)s"
        " AND i.state = 'paid' GROUP BY i.id, i.total"
    )
    [invoice] = run.invoices()
    assert [(row["total"], row["lines"]) for row in rows] == [(invoice.totals.total, invoice.totals.total)]


def test_a_line_cannot_be_live_twice(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.sync()
    line = run.pending()[0]
    with run.begin(run.namespace) as work:
        work.store.lines.add([replace(line, id="other", revision=1)])
        work.commit()
    assert [one.id for one in run.pending()].count(line.id) == 1
    assert "other" not in [one.id for one in run.pending()]


def test_of_lines_to_add_those_that_exist_keep_what_they_have(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.sync()
    line = run.pending()[0]
    with run.begin(run.namespace) as work:
        assert work.store.lines.add([replace(line, name="again"), replace(line, id="other", key="other")]) == 1
        work.commit()
    names = {one.id: one.name for one in run.pending()}
    assert (names[line.id], names["other"]) == (line.name, line.name)


def test_two_lines_whose_ids_collide_are_never_taken_for_one(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.sync()
    line = run.pending()[0]
    with run.begin(run.namespace) as work, pytest.raises(InvariantBroken, match="same id"):
        work.store.lines.add([replace(line, key="other")])
    with run.begin(run.namespace) as work, pytest.raises(InvariantBroken, match="same id"):
        work.store.lines.add([replace(line, id="new", key=key) for key in ("one", "two")])


def test_rows_of_lines_are_made_while_the_server_writes_the_steps_before_them(run: Run, unguarded: Database) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    [invoice], [line, *_] = run.invoices(), run.pending()

    class Lines(list[Line]):
        def __iter__(self) -> Iterator[Line]:
            # were the steps waited for before, nobody would come to let go of their table
            holder.execute("ROLLBACK")
            return super().__iter__()

    step = Transition(99, Trigger.NEXT, invoice.state, invoice.state, NOW)
    with unguarded.transaction(run.namespace) as holder, run.begin(run.namespace) as work:
        holder.execute("LOCK TABLE invoice_transitions IN SHARE MODE")
        work.store.invoices.save([Driven(invoice, (step,))])
        assert work.store.lines.add(Lines([replace(line, id="new", key="new")])) == 1


def test_lines_read_at_once_share_their_rate_card_and_invoices_their_workflow(run: Run) -> None:
    for key, fees in (("ann", (fee(),)), ("bob", (fee(),)), ("eve", (fee(amount="30"),))):
        run.subscribe(run.customer(key), *fees)
    run.all()
    invoices = run.invoices()
    cards = [line.rate_card for invoice in invoices for line in invoice.lines]
    assert len({id(card) for card in cards}) == len({repr(card) for card in cards}) == 2
    assert len({id(invoice.workflow) for invoice in invoices}) == 1


def test_a_line_of_usual_size_is_written_without_compressing_it(run: Run) -> None:
    run.subscribe(run.customer("ann"), metered(price=tiers()))
    run.all()
    how = "SELECT DISTINCT pg_column_compression(trace) AS how FROM invoice_lines WHERE trace IS NOT NULL"
    assert [row["how"] for row in run.rows(f"{how} AND namespace = %(namespace)s")] == [None]


def test_updating_a_line_that_does_not_exist_is_a_broken_invariant(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.sync()
    line = run.pending()[0]
    with run.begin(run.namespace) as work, pytest.raises(InvariantBroken):
        work.store.lines.update([replace(line, id="missing")])


def test_a_line_of_a_standard_invoice_cannot_be_removed(run: Run) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    [invoice] = run.invoices()
    with run.begin(run.namespace) as work:
        work.store.lines.remove([line.id for line in invoice.lines])
        work.commit()
    assert run.invoices() == [invoice]


def test_numbers_of_a_transaction_that_fails_are_given_back(run: Run) -> None:
    with run.begin(run.namespace) as work:
        assert work.store.invoices.take_numbers("sandbox", 3) == range(1, 4)
    with run.begin(run.namespace) as work:
        assert work.store.invoices.take_numbers("sandbox", 2) == range(1, 3)
        assert work.store.invoices.take_numbers("sandbox", 1) == range(3, 4)
        assert work.store.invoices.take_numbers("other", 1) == range(1, 2)


def test_nobody_who_still_owes_can_be_deleted(run: Run, database: Database) -> None:
    settled = run.customer("settled")
    run.change(replace(run.subscribe(settled, metered()), active_to=at("2024-01-20")))
    open_one = run.customer("open", metadata={TARGET_STATUS: "action_required"})
    run.change(replace(run.subscribe(open_one, metered()), active_to=at("2024-01-20")))
    run.used(open_one, "2024-01-01", "4")
    run.all()
    with database.transaction(run.namespace) as transaction:
        guard = PostgresBillingGuard(transaction)
        assert guard.against_deletion(settled, NOW) == ()
        assert [problem.code for problem in guard.against_deletion(open_one, NOW)] == ["open_invoices"]
        assert guard.against_other_subjects(open_one, NOW) == ()


@pytest.mark.parametrize("is_synced", [True, False])
def test_a_customer_whose_last_usage_is_not_billed_keeps_its_subjects_and_cannot_be_deleted(
    run: Run, *, is_synced: bool
) -> None:
    ended, flat = run.customer("ended"), run.customer("flat")
    run.change(replace(run.subscribe(ended), active_to=at("2024-01-20")))
    run.change(replace(run.subscribe(flat, fee()), active_to=at("2024-01-20")))
    if is_synced:
        run.sync(at("2024-01-20"))
    with run.database.transaction(run.namespace) as transaction:
        guard = PostgresBillingGuard(transaction)
        for customer in (ended, flat):
            assert [problem.code for problem in guard.against_deletion(customer, NOW)] == ["open_invoices"]
        codes = [problem.code for problem in guard.against_other_subjects(ended, NOW)]
        assert codes == ["customer_has_unbilled_usage"]
        assert guard.against_other_subjects(flat, NOW) == ()
    run.all()
    with run.database.transaction(run.namespace) as transaction:
        guard = PostgresBillingGuard(transaction)
        assert (guard.against_deletion(ended, NOW), guard.against_other_subjects(ended, NOW)) == ((), ())


def test_a_batch_leaves_those_between_its_edges_alone_whom_it_does_not_hold(run: Run) -> None:
    first, between, last = (run.customer(key) for key in ("ann", "bob", "cem"))
    run.subscribe(between)
    outcome = SyncSubscriptions(run.begin)(Batch(run.namespace, "", [first, last]), AFTER_JANUARY)
    assert outcome.succeeded == 2
    assert run.pending() == []


def test_the_policy_alone_keeps_namespaces_apart(run: Run, other_namespace: str, database: Database) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    for table in ("invoices", "invoice_lines", "invoice_transitions", "invoice_numbers", "billing_profiles"):
        with database.transaction(other_namespace) as transaction:
            assert transaction.fetch_all(f"SELECT 1 FROM {table}") == []
        with database.transaction(run.namespace) as transaction:
            assert transaction.fetch_all(f"SELECT 1 FROM {table}") != []


def test_the_applications_filter_alone_keeps_namespaces_apart(
    run: Run, other_namespace: str, unguarded: Database
) -> None:
    run.subscribe(run.customer("ann"))
    run.all()
    [invoice] = run.invoices()
    with unguarded.transaction(other_namespace) as transaction:
        store = PostgresBilling(transaction)
        assert store.invoices.find(invoice.id) is None
        assert store.invoices.under_way([invoice.customer_id]) == []
        assert store.lines.pending([invoice.customer_id]) == []
        assert store.profiles.default() is None


def test_a_task_without_a_batch_is_refused(run: Run) -> None:
    with pytest.raises(InvalidInput):
        batch_of({"asOf": "2024-01-01T00:00:00Z"}, run.begin)
