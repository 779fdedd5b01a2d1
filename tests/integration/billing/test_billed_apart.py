"""Who breaks a batch is billed apart: the others are billed at once."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.advance_invoices import AdvanceInvoices
from meterhouse.billing.app import Payment
from meterhouse.billing.batch import Batch
from meterhouse.billing.state import Trigger
from meterhouse.billing.sync_subscriptions import SyncSubscriptions
from meterhouse.billing.written_once import WrittenOnce
from meterhouse.catalog.plan import SettlementMode
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.payments.sandbox import TARGET_STATUS
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.parts import canceled
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_invoice_run import Fragile
from tests.integration.billing.test_lifecycles import FarAway
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at, fee

HALVED, APART, TOGETHER = [8, 4, 2, 2, 1, 1, 4], [7, 1], [8]


@dataclass
class AtOnce:
    """The sizes of the batches that were billed at once; `victims` can be billed only step by step."""

    victims: set[str] = field(default_factory=set)
    sizes: list[int] = field(default_factory=list)

    def taken(self) -> list[int]:
        taken, self.sizes = self.sizes, []
        return taken


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> AtOnce:
    made = AtOnce()
    within = AdvanceInvoices.within

    def counted(self: AdvanceInvoices, work: Any, batch: Batch, as_of: datetime) -> Any:
        if isinstance(work, WrittenOnce):
            made.sizes.append(len(batch.ids))
            if made.victims & set(batch.ids):
                raise InvariantBroken("a line that was to be added was there")
        return within(self, work, batch, as_of)

    monkeypatch.setattr(AdvanceInvoices, "within", counted)
    return made


def eight(run: Run) -> list[str]:
    owners = [run.customer(key) for key in "abcdefgh"]
    for owner in owners:
        run.subscribe(owner)
    return owners


def test_whoever_breaks_by_an_exception_costs_the_others_one_slow_run_and_is_billed_apart_until_it_works_again(
    run: Run, at_once: AtOnce
) -> None:
    owners = eight(run)
    run.app = app = Fragile(victims={owners[2]})
    billed = []
    for month in range(2, 6):
        if month == 4:
            app.victims.clear()
        outcome = run.all(at(f"2024-0{month}-01T02:00:00Z"))
        billed.append((sorted(outcome.failed), at_once.taken()))
    assert billed == [([owners[2]], HALVED), ([owners[2]], APART), ([], APART), ([], TOGETHER)]
    assert len(run.invoices("paid")) == 4 * len(owners)


def test_whose_subscriptions_cannot_be_followed_pays_no_fee_in_advance_of_a_period_they_do_not_ask_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = (run.customer(key) for key in ("ann", "bob"))
    left = run.subscribe(ann, fee())
    run.subscribe(bob, fee())
    run.all(at("2024-01-02"))
    canceled(run, left, at("2024-01-20"))
    broken(monkeypatch, ann)
    assert run.all().failed.keys() == {ann}
    assert Counter(invoice.customer_id for invoice in run.invoices()) == {ann: 1, bob: 2}
    monkeypatch.undo()
    run.now = AFTER_JANUARY
    assert run.all().failed == {}
    assert Counter(invoice.customer_id for invoice in run.invoices()) == {ann: 1, bob: 2}


def test_what_stands_on_invoices_goes_on_for_who_cannot_be_synced(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = run.customer("ann", metadata={TARGET_STATUS: "action_required"})
    run.subscribe(ann, fee())
    run.all(at("2024-01-02"))
    broken(monkeypatch, ann)
    for month in (2, 3, 4):
        assert run.all(at(f"2024-0{month}-20")).failed.keys() == {ann}
    assert [invoice.state.value for invoice in run.invoices()] == ["uncollectible"]


@pytest.mark.parametrize("app", [FakeApp(payment=Payment(Trigger.PAID)), FarAway()], ids=["in the house", "far away"])
@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_a_draft_that_waits_for_usage_goes_on_for_who_cannot_be_synced_and_nothing_new_is_collected(
    run: Run, monkeypatch: pytest.MonkeyPatch, bill: Callable[[Run, datetime], object], app: FakeApp
) -> None:
    run.app, ann = app, run.customer("ann")
    run.subscribe(ann, metered())
    run.used(ann, "2024-01-01", "4")
    run.used(ann, "2024-02-01", "6")
    bill(run, at("2024-02-01T00:00:00Z"))
    [waiting] = run.invoices("draft")
    run.sync(at("2024-03-01T02:00:00Z"))
    broken(monkeypatch, ann)
    bill(run, at("2024-03-01T02:00:00Z"))
    [gone_on] = run.invoices()
    assert (waiting.state.value, gone_on.totals.total) == ("draft.waiting_for_collection", Decimal(2))
    assert gone_on.state.value == ("draft.validating" if app.is_remote else "paid")
    assert len(run.lifecycles.runs) == app.is_remote
    assert run.pending()[0].service_period.start == at("2024-02-01")


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_nothing_more_is_burnt_of_the_credit_of_who_cannot_be_synced(
    run: Run, purse: Purse, monkeypatch: pytest.MonkeyPatch, bill: Callable[[Run], object]
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, fee(amount="20"), settlement=SettlementMode.CREDIT_ONLY)
    purse.grant(ann, 50)
    run.sync()
    broken(monkeypatch, ann)
    bill(run)
    assert purse.settled(ann) == Decimal(50)


def broken(monkeypatch: pytest.MonkeyPatch, victim: str) -> None:
    """The victim's subscriptions cannot be followed."""
    within = SyncSubscriptions.within

    def breaking(self: SyncSubscriptions, work: Any, batch: Batch, as_of: datetime) -> None:
        if victim in batch.ids:
            raise InvariantBroken("its subscription is odd")
        within(self, work, batch, as_of)

    monkeypatch.setattr(SyncSubscriptions, "within", breaking)


def test_whoever_can_be_billed_only_step_by_step_stays_apart_and_a_refusal_keeps_nobody_apart(
    run: Run, at_once: AtOnce
) -> None:
    owners = eight(run)
    at_once.victims = {owners[2]}
    for sizes in (HALVED, APART, APART):
        assert run.all().failed == {}
        assert at_once.taken() == sizes
    at_once.victims = set()
    run.app = FakeApp({"finalize"})
    for month, sizes in ((3, APART), (4, TOGETHER)):
        assert run.all(at(f"2024-0{month}-01T02:00:00Z")).failed.keys() == set(owners)
        assert at_once.taken() == sizes
