"""Usage priced in units of a custom currency: credit bears them, and what it leaves is invoiced by their worth."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.bill_change import bill_change
from meterhouse.billing.printed_invoice import printed
from meterhouse.billing.state import InvoiceState
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency, CustomCurrencySpec
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.price import UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.platform.ids import new_id
from meterhouse.subscriptions.model import CostBasisPin
from tests.integration.billing.audited import Break, audited, kinds
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.late import idle, known_late
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_explanations import ExplainApi
from tests.integration.billing.test_voids import PENDING
from tests.integration.metering.house import House, call
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import at, fee

JANUARY, FEBRUARY = "2024-01-01", "2024-02-01"
CREDITS = CustomCurrency(new_id(), CustomCurrencySpec("CREDITS", "Credits", 3, ".", ","), NOW)


def units(amount: str = "0.5") -> RateCard:
    """Usage at so many credits each."""
    return replace(metered(price=UnitPrice(Decimal(amount))), currency=CREDITS.currency)


class Mint:
    """The namespace's custom currency, and what its units are worth."""

    def __init__(self, run: Run) -> None:
        self.run = run
        with run.database.transaction(run.namespace) as transaction:
            assert PostgresCurrencies(transaction).add(CREDITS)
            transaction.commit()

    def worth(self, rate: str, since: str = JANUARY, fiat: str = "USD") -> str:
        basis = CurrencyCostBasis(new_id(), CREDITS.id, fiat, Decimal(rate), at(since), NOW)
        with self.run.database.transaction(self.run.namespace) as transaction:
            assert PostgresCurrencies(transaction).add_cost_basis(basis)
            transaction.commit()
        return basis.id


@pytest.fixture
def mint(run: Run) -> Mint:
    return Mint(run)


def grant(purse: Purse, customer: str, amount: object) -> None:
    purse.grant(customer, amount, currency="CREDITS")


def units_left(run: Run, customer: str) -> Decimal:
    """The customer's settled credit in units."""
    [row] = run.rows(
        "SELECT coalesce(sum(amount), 0) AS total FROM ledger_entries WHERE namespace = %(namespace)s"
        f" AND customer_id = '{customer}' AND currency = 'CREDITS'"
        " AND account IN ('customer_fbo', 'customer_advance')"
    )
    total: Decimal = row["total"]
    return total


def sums(run: Run) -> dict[str, Any]:
    """What all entries of the ledger come to, by currency."""
    rows = run.rows(
        "SELECT currency, sum(amount) AS total FROM ledger_entries WHERE namespace = %(namespace)s GROUP BY 1"
    )
    return {row["currency"]: row["total"] for row in rows}


def overages(run: Run) -> list[tuple[Any, Any, Any]]:
    """Units, worth and total of each overage on an invoice, by period."""
    lines = [line for invoice in run.invoices() for line in invoice.lines]
    return [
        (line.overage.units, line.rate_card.price.amount, line.totals.total)
        for line in sorted(lines, key=lambda line: line.service_period.start)
        if line.overage is not None and isinstance(line.rate_card.price, UnitPrice)
    ]


def verified(run: Run) -> bool:
    verify = VerifyInvoice(run.begin, run.usage)
    return all(verify(run.namespace, invoice.id).is_verified for invoice in run.invoices())


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_credit_bears_units_first_and_what_it_leaves_is_on_the_invoice_of_the_fees_due_with_it(
    run: Run, purse: Purse, mint: Mint, bill: Callable[[Run, datetime], object]
) -> None:
    mint.worth("0.03")
    ann = run.customer("ann")
    run.subscribe(ann, fee(amount="20"), units())
    run.used(ann, JANUARY, "1001")
    grant(purse, ann, 400)
    # fees that are due with units wait until these are in
    bill(run, at("2024-02-01T00:30:00Z"))
    assert [len(one.lines) for one in run.invoices()] == [1]
    bill(run, AFTER_JANUARY)
    january, february = run.invoices()
    assert [line.rate_card.key for line in january.lines] == ["fee"]
    assert sorted(line.rate_card.key for line in february.lines) == ["fee", "usage"]
    # 1001 x 0.5 = 500.5 units; credit bears 400; 100.5 x 0.03 = 3.015 is rounded once
    assert overages(run) == [(Decimal("100.5"), Decimal("0.03"), Decimal("3.02"))]
    assert february.totals.total == Decimal("23.02")
    assert units_left(run, ann) == 0
    assert sums(run) == {"CREDITS": 0, "USD": 0}
    assert verified(run)
    stored = purse.everything()
    bill(run, AFTER_JANUARY)
    assert purse.everything() == stored


def test_a_worth_counts_from_when_it_is_in_force_and_a_pinned_one_for_good(run: Run, mint: Mint) -> None:
    first = mint.worth("0.03")
    mint.worth("0.05", FEBRUARY)
    ann, bob = run.customer("ann"), run.customer("bob")
    run.subscribe(ann, units())
    run.change(replace(run.subscribe(bob, units()), pins=(CostBasisPin("CREDITS", CREDITS.id, first),)))
    for owner in (ann, bob):
        run.used(owner, JANUARY, "20")
        run.used(owner, FEBRUARY, "20")
    for as_of in (AFTER_JANUARY, AFTER_FEBRUARY):
        run.all(as_of)
    assert sorted(overages(run)) == [
        (10, Decimal("0.03"), Decimal("0.30")),
        (10, Decimal("0.03"), Decimal("0.30")),
        (10, Decimal("0.03"), Decimal("0.30")),
        (10, Decimal("0.05"), Decimal("0.50")),
    ]
    # nobody has credit, so no entry is in units
    assert sums(run) == {"USD": 0}
    assert verified(run)


def test_without_a_worth_the_draft_is_invalid_until_somebody_says_it(run: Run, mint: Mint) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "20")
    run.sync()
    [reason] = run.collect().failed.values()
    assert "nobody said what CREDITS is worth in USD" in reason
    [draft] = run.invoices()
    assert (draft.state, [(one.code, one.field) for one in draft.issues]) == (
        InvoiceState.DRAFT_INVALID,
        [("no_cost_basis", "/lines/0")],
    )
    mint.worth("0.07", "2024-02-20")
    run.all()
    assert overages(run) == [(10, Decimal("0.07"), Decimal("0.70"))]


def test_a_worth_to_come_is_waited_for_so_that_usage_that_comes_late_has_the_same(run: Run, mint: Mint) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "20")
    mint.worth("0.07", "2024-03-20")
    run.now = AFTER_JANUARY
    run.all(run.now)
    assert [one.state for one in run.invoices()] == [InvoiceState.DRAFT_INVALID]
    mint.worth("0.03", "2024-02-20")
    run.now = AFTER_FEBRUARY
    run.all(run.now)
    known_late(run, ann, "40")
    run.now = at("2024-04-01T02:00:00Z")
    run.all(run.now)
    assert overages(run) == [(10, Decimal("0.03"), Decimal("0.30"))] * 2


def test_units_that_cannot_be_read_hold_nothing_else_and_are_charged_once_they_can(run: Run, mint: Mint) -> None:
    mint.worth("0.03")
    ann = run.customer("ann")
    unread = replace(units(), key="unheard", feature_key="unheard")
    run.subscribe(ann, fee(amount="20"), units(), unread)
    run.used(ann, JANUARY, "20")
    run.used(ann, JANUARY, "40", "unheard")
    for as_of in (AFTER_JANUARY, AFTER_FEBRUARY):
        [reason] = run.all(as_of).failed.values()
        assert "its feature does not exist" in reason
    assert sum(one.totals.total for one in run.invoices()) == Decimal("60.30")
    with run.database.transaction(run.namespace) as transaction:
        heard = FeatureSpec("unheard", "Heard", "meter")
        PostgresFeatures(transaction).add(Feature(new_id(), heard, NOW, NOW, meter_id=run.meter_id))
        transaction.commit()
    assert run.all(AFTER_FEBRUARY).failed == {}
    assert overages(run) == [(10, Decimal("0.03"), Decimal("0.30")), (20, Decimal("0.03"), Decimal("0.60"))]


def test_credit_alone_burns_units_in_advance_and_nothing_is_invoiced(run: Run, purse: Purse, mint: Mint) -> None:
    del mint
    ann = run.customer("ann")
    run.subscribe(ann, units(), settlement=SettlementMode.CREDIT_ONLY)
    run.used(ann, JANUARY, "20")
    grant(purse, ann, 4)
    run.all()
    assert run.invoices() == []
    assert units_left(run, ann) == -6
    assert sums(run) == {"CREDITS": 0}


def test_credit_in_money_bears_what_is_left_of_units_too(run: Run, purse: Purse, mint: Mint) -> None:
    mint.worth("0.5")
    ann = run.customer("ann")
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "20")
    grant(purse, ann, 4)
    purse.grant(ann, 1)
    # what is open counts against each balance
    live = {one.currency: one.live for one in purse.balances(ann)}
    assert live == {"CREDITS": Decimal(0), "USD": Decimal(1)}
    run.all()
    [invoice] = run.invoices()
    assert (invoice.totals.amount, invoice.totals.credits_total, invoice.totals.total) == (
        Decimal(3),
        Decimal(1),
        Decimal(2),
    )
    assert sums(run) == {"CREDITS": 0, "USD": 0}


def test_usage_that_comes_late_is_charged_and_taken_back_as_if_it_had_been_known(
    run: Run, purse: Purse, mint: Mint
) -> None:
    mint.worth("0.03")
    mint.worth("0.5", FEBRUARY)
    ann = run.customer("ann")
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "1000")
    grant(purse, ann, 400)
    run.all()
    assert overages(run) == [(100, Decimal("0.03"), Decimal("3.00"))]

    # 60 units more: credit has none left, and they are worth what they were then
    known_late(run, ann, "1120")
    run.all(AFTER_FEBRUARY)
    assert overages(run) == [(100, Decimal("0.03"), 3), (60, Decimal("0.03"), Decimal("1.80"))]

    # 110 units less: of the first line 100 that were paid in money, then 10 of credit, and 10 more: no note of nothing
    for used, left in (("900", 10), ("880", 20)):
        known_late(run, ann, used)
        run.all(at("2024-04-01T02:00:00Z"))
        notes = run.rows("SELECT total FROM credit_notes WHERE namespace = %(namespace)s ORDER BY number")
        assert [row["total"] for row in notes] == [3]
        assert units_left(run, ann) == left
    assert sums(run) == {"CREDITS": 0, "USD": 0}
    assert verified(run)
    assert idle(run, purse, at("2024-04-01T02:00:00Z"))
    assert audited(run).open == 0


def test_what_a_note_by_hand_held_back_of_units_that_were_taken_back_goes_back_once_that_is_voided(
    api: Api, run: Run, purse: Purse, mint: Mint
) -> None:
    mint.worth("0.03")
    ann = run.customer("ann")
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "1000")
    grant(purse, ann, 400)
    run.all()
    [invoice] = run.invoices()
    note = api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", {"reason": "goodwill"})
    # 500 units come to 420: what credit left of them in money to a fifth
    known_late(run, ann, "840")
    run.all()
    noted = "SELECT total FROM credit_notes WHERE namespace = %(namespace)s ORDER BY number"
    assert [row["total"] for row in run.rows(noted)] == [3]
    api.ok("POST", f"/api/v1/billing/credit-notes/{note['id']}/void")
    assert [row["total"] for row in run.rows(noted)] == [3, Decimal("2.40")]
    assert verified(run)
    assert idle(run, purse, AFTER_JANUARY)
    assert audited(run).open == 0


@pytest.mark.parametrize(
    "change", ["is_live = false", """overage = jsonb_set(overage, '{units}', '"9"')""", "key = key || '/gone'"]
)
def test_what_credit_left_of_units_and_no_line_charges_for_is_found(
    run: Run, broken: Break, mint: Mint, change: str
) -> None:
    mint.worth("0.03")
    ann = run.customer("ann")
    run.now = AFTER_JANUARY
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "20")
    run.all()
    assert audited(run).open == 0
    broken(f"UPDATE invoice_lines SET {change} WHERE namespace = %(namespace)s AND overage IS NOT NULL")
    audited(run)
    assert "overage_missing" in kinds(run)


def test_an_overage_that_is_voided_is_billed_again_and_its_change_is_volume_and_worth(
    api: Api, run: Run, mint: Mint
) -> None:
    mint.worth("0.03")
    mint.worth("0.05", FEBRUARY)
    ann = run.customer("ann", metadata={TARGET_STATUS: "action_required"})
    run.subscribe(ann, units())
    run.used(ann, JANUARY, "20")
    run.used(ann, FEBRUARY, "60")
    run.all()
    [issued] = run.invoices()
    api.ok("POST", f"{INVOICES}/{issued.id}/void", PENDING)
    run.all(AFTER_FEBRUARY)
    both = sorted(overages(run))
    assert both[0] == both[1] == (10, Decimal("0.03"), Decimal("0.30"))
    assert both[2] == (30, Decimal("0.05"), Decimal("1.50"))

    [billed] = [one for one in run.invoices() if one.id != issued.id]
    older, newer = (
        replace(billed, lines=(line,), totals=line.totals)
        for line in sorted(billed.lines, key=lambda line: line.service_period.start)
    )
    change = bill_change(older, newer)
    # 20 units more at the old worth, then 30 units at the new one
    assert (change.effects.volume, change.effects.price, change.difference) == (
        Decimal("0.60"),
        Decimal("0.60"),
        Decimal("1.20"),
    )


def test_an_overage_is_explained_down_to_units_worth_and_events(run: Run, house: House, mint: Mint) -> None:
    basis = mint.worth("0.03")
    api = ExplainApi(run, house.store)
    house.clock = NOW - timedelta(hours=1)
    run.subscribe(run.customer("ann", subject_keys=("ann-1",)), replace(units(), key="eu", feature_key="eu"))
    house.sink(call("1", 7, at(JANUARY), "ann-1", region="de"), call("2", 4, at("2024-01-02"), "ann", region="fr"))
    run.all()
    [invoice] = run.invoices()
    told = api.ok("GET", f"{INVOICES}/{invoice.id}/lines/{invoice.lines[0].id}/explain")
    shown = told["units"]
    assert [shown[name] for name in ("currency", "charged", "credit", "units")] == ["CREDITS", "5.500", "0", "5.500"]
    assert shown["costBasis"] == {"id": basis, "rate": "0.03", "effectiveFrom": "2024-01-01T00:00:00Z"}
    assert shown["arithmetic"]["isGenuine"]
    assert told["priceVersion"]["item"] == f"cost_basis/{basis}@2024-01-01T00:00:00Z"
    assert (told["usage"]["quantity"], [one["id"] for one in told["events"]["items"]]) == ("11", ["2", "1"])
    assert [one["counted"] for one in told["events"]["items"]] == [True, True]
    house.clock = NOW + timedelta(hours=1)
    house.sink(call("3", 100, at("2024-01-03"), "ann", region="de"))
    late = api.ok("GET", f"{INVOICES}/{invoice.id}/lines/{invoice.lines[0].id}/explain")["events"]["items"]
    assert {one["id"]: one["counted"] for one in late} == {"1": True, "2": True, "3": False}
    assert api.ok("GET", f"{INVOICES}/{invoice.id}/verify")["verified"]
    assert "5.5 CREDITS that credit left" in printed(invoice).lines[0].note
    # what units wait with is no invoice
    [waiting] = run.rows("SELECT id FROM invoices WHERE namespace = %(namespace)s AND currency = 'CREDITS'")
    assert api("GET", f"{INVOICES}/{waiting['id']}/verify")[0] == 404
