"""Fees in advance that are priced in units of a custom currency, and edits that come after they were charged."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.postgres_preview import PostgresPreview
from meterhouse.billing.preview_subscription import PreviewSubscription
from meterhouse.billing.previewed_change import PreviewCancel
from meterhouse.billing.profile import EndProration
from meterhouse.billing.state import Trigger
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.rate_card import RateCard
from meterhouse.platform.postgres import begins
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.timing import Soon
from tests.integration.billing.audited import audited
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_custom_currencies import CREDITS, Mint, grant, mint, overages, sums, units_left
from tests.integration.billing.test_edits import LINE, chosen, put
from tests.integration.billing.test_edits_after_the_invoice import EDITED, FIRST, NEXT, SECOND
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, profile_with
from tests.unit.subscriptions.samples import at, fee

__all__ = ["mint"]
WORTH, NONE = Decimal("0.1"), Decimal(0)


def fee_in_units(amount: str = "30") -> RateCard:
    return replace(fee(amount=amount), currency=CREDITS.currency)


def charged(
    run: Run, purse: Purse, credit: int = 12, settlement: SettlementMode = SettlementMode.CREDIT_THEN_INVOICE
) -> Subscription:
    """Ann's, whose fee for April was charged in units, `credit` of them to what she had."""
    made = run.subscribe(run.customer("ann"), fee_in_units(), start="2024-04-01", settlement=settlement)
    if credit:
        grant(purse, made.customer_id, credit)
    run.all(FIRST)
    return made


def said(run: Run, end_proration: EndProration) -> None:
    """The default profile says what becomes of a subscription's last period."""
    with run.begin(run.namespace) as work:
        profile = work.store.profiles.default()
        if profile is None:
            work.store.profiles.add(profile_with(end_proration=end_proration))
        else:
            workflow = replace(profile.spec.workflow, end_proration=end_proration)
            work.store.profiles.save(replace(profile, spec=replace(profile.spec, workflow=workflow)))
        work.commit()


def given_back(run: Run) -> list[Any]:
    """Of each note its currency, what goes back in money, and to credit."""
    rows = run.rows(
        "SELECT c.currency, c.total, sum(n.credits) AS credits FROM credit_notes c"
        " JOIN credit_note_lines n ON n.namespace = c.namespace AND n.note_id = c.id"
        " WHERE c.namespace = %(namespace)s GROUP BY c.number, 1, 2 ORDER BY c.number"
    )
    return [(row["currency"], row["total"], row["credits"]) for row in rows]


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_what_was_paid_in_advance_and_is_not_served_goes_back_to_credit_and_in_money_by_one_share(
    run: Run, purse: Purse, mint: Mint, bill: Callable[[Run, datetime], object]
) -> None:
    mint.worth("0.1")
    mint.worth("0.5", "2024-04-02")
    ann = run.customer("ann")
    made = run.subscribe(ann, fee_in_units(), start="2024-04-01")
    grant(purse, ann, 12)
    bill(run, FIRST)
    # the credit and the worth of its first instant
    assert (overages(run), units_left(run, ann)) == ([(18, WORTH, Decimal("1.80"))], NONE)

    run.change(replace(made, active_to=EDITED))
    bill(run, SECOND)
    assert given_back(run) == [("CREDITS", 0, 6), ("USD", Decimal("0.90"), 0)]
    assert units_left(run, ann) == 6
    stored = purse.everything()
    bill(run, SECOND)
    assert purse.everything() == stored

    # half of April again, for which that credit and that money are just enough; and May, at the worth of May
    run.change(made)
    bill(run, NEXT)
    assert overages(run)[1:] == [(9, WORTH, 0), (30, Decimal("0.5"), Decimal("15.00"))]
    assert (units_left(run, ann), sums(run)) == (NONE, {"CREDITS": 0, "USD": 0})
    assert audited(run).open == 0


@pytest.mark.parametrize(
    ("before", "since", "back"),
    [
        (EndProration.BILL_ACTUAL_PERIOD, EndProration.BILL_FULL_PERIOD, []),
        (EndProration.BILL_FULL_PERIOD, EndProration.BILL_ACTUAL_PERIOD, [("CREDITS", 0, 15)]),
    ],
)
def test_what_the_profile_said_when_a_fee_was_charged_decides_whether_it_goes_back_however_old_its_gathering_invoice(
    run: Run, purse: Purse, mint: Mint, before: EndProration, since: EndProration, back: list[Any]
) -> None:
    mint.worth("0.1")
    ann = run.customer("ann")
    made = run.subscribe(ann, fee_in_units(), start="2024-03-01")
    grant(purse, ann, 60)
    for end_proration, as_of in ((before, at("2024-03-01T02:00:00Z")), (since, FIRST)):
        said(run, end_proration)
        run.all(as_of)
    run.change(replace(made, active_to=EDITED))
    run.all(SECOND)
    assert given_back(run) == back


def test_a_preview_says_what_goes_back_of_a_fee_in_units(run: Run, purse: Purse, mint: Mint) -> None:
    mint.worth("0.1")
    made = charged(run, purse)
    preview = PreviewSubscription(begins(run.database, PostgresPreview), run.usage, lambda: EDITED)
    told = preview(run.namespace, PreviewCancel(made.id, Soon.IMMEDIATE)).given_back
    assert [
        (one.invoice.currency, sum(line.total for line in one.lines), sum(line.credits for line in one.lines))
        for one in told
    ] == [("CREDITS", 0, 6), ("USD", Decimal("0.90"), 0)]
    assert given_back(run) == []


def test_what_credit_left_of_a_fee_in_advance_is_edited_on_its_draft_as_any_line(
    api: Api, run: Run, purse: Purse, mint: Mint
) -> None:
    mint.worth("0.1")
    api.without_auto_advance()
    charged(run, purse)
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    line = chosen(draft["lines"][0], LINE) | {"name": "What credit left"}
    [renamed] = put(api, draft, line)["lines"]
    assert (renamed["name"], renamed["totals"]["total"]) == ("What credit left", "1.80")
    price = line["rateCard"]["price"] | {"amount": "0.05"}
    [cheaper] = put(api, draft, line | {"price": price, "rateCard": line["rateCard"] | {"price": price}})["lines"]
    assert cheaper["totals"]["total"] == "0.90"


def test_what_a_note_by_hand_held_back_of_a_fee_in_units_is_given_back_once_that_is_voided(
    api: Api, run: Run, purse: Purse, mint: Mint
) -> None:
    mint.worth("0.1")
    made = charged(run, purse)
    [invoice] = run.invoices()
    note = api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", {"reason": "outage"})
    run.change(replace(made, active_to=EDITED))
    run.all(SECOND)
    by_hand = ("USD", Decimal("1.80"), 0)
    assert given_back(run) == [by_hand, ("CREDITS", 0, 6)]
    api.ok("POST", f"/api/v1/billing/credit-notes/{note['id']}/void")
    assert given_back(run) == [by_hand, ("CREDITS", 0, 6), ("USD", Decimal("0.90"), 0)]
    assert units_left(run, made.customer_id) == 6
    assert audited(run).open == 0


def test_what_is_left_of_a_fee_in_units_is_given_back_once_its_invoice_is_paid(
    run: Run, purse: Purse, mint: Mint
) -> None:
    mint.worth("0.1")
    run.app = FakeApp()
    made = charged(run, purse)
    run.change(replace(made, active_to=EDITED))
    run.all(SECOND)
    assert (given_back(run), units_left(run, made.customer_id)) == ([], NONE)
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    for _ in range(2):
        run.all(at("2024-04-16T02:00:00Z"))
    assert given_back(run) == [("CREDITS", 0, 6), ("USD", Decimal("0.90"), 0)]


def test_a_higher_fee_in_units_charges_the_difference_and_one_in_money_is_never_taken_off_it(
    run: Run, mint: Mint
) -> None:
    mint.worth("0.1")
    ann, bob = run.customer("ann"), run.customer("bob")
    for owner, before in ((ann, fee_in_units()), (bob, fee(amount="30"))):
        agreed = run.subscribe(owner, before, start="2024-04-01")
        run.all(FIRST)
        run.change(replace(agreed, active_to=EDITED))
        run.subscribe(owner, fee_in_units("50"), start="2024-04-16", anchor="2024-04-01", previous_id=agreed.id)
    run.all(SECOND)
    of_ann, of_bob = (
        [line for one in run.invoices() if one.customer_id == owner for line in one.lines if line.overage]
        for owner in (ann, bob)
    )
    assert [line.overage.units for line in of_ann if line.overage] == [30, 10]
    assert [line.overage.units for line in of_bob if line.overage] == [25]
    # what bob paid in money for the rest of April goes back
    assert given_back(run) == [("USD", 15, 0)]


def test_credit_alone_bears_a_fee_in_units_in_advance_and_has_it_back(run: Run, purse: Purse, mint: Mint) -> None:
    del mint
    made = charged(run, purse, 40, settlement=SettlementMode.CREDIT_ONLY)
    run.change(replace(made, active_to=EDITED))
    run.all(SECOND)
    assert (units_left(run, made.customer_id), given_back(run)) == (Decimal(25), [("CREDITS", 0, 15)])
    assert run.invoices() == []


def given_up(api: Api, run: Run) -> None:
    """What credit left of the only invoice's fee will never be charged."""
    [invoice] = run.invoices()
    api.ok("POST", f"{INVOICES}/{invoice.id}/void", DISCARD)
    run.all(at("2024-04-02T02:00:00Z"))
    assert [one.state.value for one in run.invoices()] == ["voided"]


@pytest.mark.parametrize(("credit", "difference"), [(12, "19"), (0, "25"), (29, "10.5")])
def test_a_higher_fee_takes_off_what_credit_bore_and_not_what_it_left_if_that_was_given_up(
    api: Api, run: Run, purse: Purse, mint: Mint, credit: int, difference: str
) -> None:
    mint.worth("0.1")
    run.app = FakeApp()
    agreed = charged(run, purse, credit)
    given_up(api, run)
    run.change(replace(agreed, active_to=EDITED))
    run.subscribe(
        agreed.customer_id, fee_in_units("50"), start="2024-04-16", anchor="2024-04-01", previous_id=agreed.id
    )
    for _ in range(2):
        run.all(SECOND)
    # for half of April: 50 less what credit bore of the 30
    standing = [one for one in run.invoices() if one.voided_at is None]
    assert [line.overage.units for one in standing for line in one.lines if line.overage] == [Decimal(difference)]
    assert given_back(run) == []
    assert (units_left(run, agreed.customer_id), sums(run).get("CREDITS", NONE)) == (NONE, NONE)
    assert audited(run).open == 0


def test_an_overage_that_is_voided_to_be_billed_again_is_the_same_units_and_none_is_burnt_twice(
    api: Api, run: Run, purse: Purse, mint: Mint
) -> None:
    mint.worth("0.1")
    run.app = FakeApp()
    agreed = charged(run, purse)
    [first] = run.invoices()
    api.ok("POST", f"{INVOICES}/{first.id}/void", PENDING)
    # credit that came since is for what comes
    grant(purse, agreed.customer_id, 100)
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    for _ in range(2):
        run.all(at("2024-04-02T02:00:00Z"))
    assert sorted((one.state.value, one.totals.total) for one in run.invoices()) == [
        ("paid", Decimal("1.80")),
        ("voided", Decimal("1.80")),
    ]
    assert units_left(run, agreed.customer_id) == 100
    # and it counts as paid: half of it goes back, in money and to credit
    run.change(replace(agreed, active_to=EDITED))
    run.all(SECOND)
    assert given_back(run) == [("CREDITS", 0, 6), ("USD", Decimal("0.90"), 0)]
    assert (sums(run), audited(run).open) == ({"CREDITS": 0, "USD": 0}, 0)


@pytest.mark.parametrize("bill", [Run.all, Run.step_by_step])
def test_what_credit_bore_of_unserved_time_goes_back_whole_where_what_it_left_was_given_up(
    api: Api, run: Run, purse: Purse, mint: Mint, bill: Callable[[Run, datetime], object]
) -> None:
    mint.worth("0.1")
    run.app = FakeApp()
    ann = run.customer("ann")
    agreed = run.subscribe(ann, fee_in_units(), start="2024-04-01")
    grant(purse, ann, 12)
    bill(run, FIRST)
    given_up(api, run)
    run.change(replace(agreed, active_to=EDITED))
    bill(run, SECOND)
    stored = purse.everything()
    bill(run, SECOND)
    assert (given_back(run), units_left(run, ann)) == ([("CREDITS", 0, 6)], Decimal(6))
    assert purse.everything() == stored

    # half of April again: for the part that credit bore, and was given back
    run.change(agreed)
    bill(run, at("2024-04-17T01:00:00Z"))
    assert units_left(run, ann) == NONE
    assert [one.state.value for one in run.invoices()] == ["voided"]
    assert audited(run).open == 0
