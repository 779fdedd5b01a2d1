"""Whose usage an invoice charges for is copied when it is made: whatever its customer is told from later."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal

import pytest

from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.postgres import PostgresBillingGuard
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.price import UnitPrice
from meterhouse.customers.model import CustomerDetails
from meterhouse.customers.ports import CustomerPorts
from meterhouse.customers.postgres import PostgresCustomers
from meterhouse.customers.service import CustomerService
from meterhouse.kernel.period import Period
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Transaction
from meterhouse.subscriptions.for_customers import PostgresCustomerSubscriptions
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.parts import canceled
from tests.integration.billing.test_manual_lines import body, fee, lines_of, usage
from tests.unit.billing.samples import FakeUsage, metered
from tests.unit.subscriptions.samples import at

MIDNIGHT, HALF_PAST, ONE = (at(f"2024-02-01T{time}:00Z") for time in ("00:00", "00:30", "01:00"))
USED = {"ann-1": Decimal(8), "ann-2": Decimal(5)}


class UsageBySubject(FakeUsage):
    """What each subject used in every period."""

    def quantities(
        self, _namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        self.asked.append((feature.key, period, subjects))
        return {name: sum((USED.get(one, Decimal(0)) for one in own), Decimal(0)) for name, own in subjects.items()}


def now_from(run: Run, customer_id: str, subject: str) -> None:
    """The customer's usage comes from another subject from now on."""

    def ports(transaction: Transaction) -> CustomerPorts:
        guards = [PostgresBillingGuard(transaction)]
        return CustomerPorts(PostgresCustomers(transaction), PostgresCustomerSubscriptions(transaction), guards)

    details = CustomerDetails("Ann", key=None, subject_keys=(subject,), currency="USD")
    CustomerService(begins(run.database, ports), lambda: run.now).replace(run.namespace, customer_id, details)


@pytest.fixture
def ann(run: Run) -> str:
    """She left at midnight, when a run made a draft of January; at half past she was told from "ann-2"."""
    run.usage = UsageBySubject()
    run.now = MIDNIGHT
    made = run.customer("ann", subject_keys=("ann-1",))
    canceled(run, run.subscribe(made, metered(price=UnitPrice(Decimal(1)))), MIDNIGHT)
    assert run.all(MIDNIGHT).failed == {}
    [draft] = run.invoices()
    assert (draft.state.value, draft.subject_keys) == ("draft.waiting_for_collection", ("ann", "ann-1"))
    run.now = HALF_PAST
    now_from(run, made, "ann-2")
    return made


def by_period(run: Run) -> dict[datetime, Decimal]:
    return {one.created_at: one.totals.total for one in run.invoices()}


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_two_drafts_that_are_collected_at_once_are_each_read_for_the_subjects_of_their_day(
    run: Run, ann: str, api: Api, bill: object
) -> None:
    later = {"from": "2024-02-01T00:00:00Z", "to": "2024-03-01T00:00:00Z"}
    api.ok("POST", lines_of(ann), body(fee(period=later, invoiceAt="2024-02-01T00:40:00Z")))
    run.usage.asked.clear()
    run.now = ONE
    bill(run, ONE)  # type: ignore[operator] # either way of running
    assert by_period(run) == {MIDNIGHT: Decimal(8), ONE: Decimal(40)}
    assert [subjects for *_, subjects in run.usage.asked] == [{ann: ("ann", "ann-1")}]
    verify = VerifyInvoice(run.begin, run.usage)
    assert all(verify(run.namespace, one.id).is_verified for one in run.invoices())


def test_so_are_two_that_charge_for_the_same_usage_by_one_question_each(run: Run, ann: str, api: Api) -> None:
    price = {"type": "unit", "amount": "2"}
    api.ok("POST", lines_of(ann), body(usage(rateCard={"price": price, "featureKey": "usage"})))
    run.all(HALF_PAST)
    run.usage.asked.clear()
    run.now = ONE
    run.all(ONE)
    assert sorted(by_period(run).values()) == [Decimal(8), Decimal(10)]
    assert sorted(sorted(subjects[ann]) for *_, subjects in run.usage.asked) == [["ann", "ann-1"], ["ann-2"]]


def test_what_will_be_charged_to_credit_is_read_for_them_too(run: Run, ann: str) -> None:
    [open_] = OpenLines(run.begin, run.usage)(run.namespace, ann, run.now)
    assert open_.amount == 8


@pytest.mark.usefixtures("ann")
def test_a_snapshot_of_a_draft_is_of_its_own(run: Run, api: Api) -> None:
    [draft] = run.invoices()
    api.ok("POST", f"{INVOICES}/{draft.id}/snapshot-quantities")
    assert [one.totals.total for one in run.invoices()] == [8]
