"""An edit that comes after the invoice for its period: nobody pays twice for one time, and nothing is lost silently."""

from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.billing.app import Accepted, Payment, Refused, Waiting
from meterhouse.billing.credit_note import CreditNote
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.postgres import PostgresLines
from meterhouse.billing.prepaid import REACHES_TOO_FAR
from meterhouse.billing.state import InvoiceState, Trigger
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.plan import SettlementMode
from meterhouse.kernel.errors import Unavailable
from meterhouse.ledger.account import Account
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.patch import AddItem, Moment, Patch, RemoveItem, UnscheduleEdit
from meterhouse.subscriptions.patching import patched
from tests.integration.billing.audited import audited, kinds
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.unit.billing.samples import FakeApp
from tests.unit.subscriptions.samples import at, fee

FIRST = at("2024-04-01T02:00:00Z")
EDITED = at("2024-04-16")
SECOND = at("2024-04-16T01:00:00Z")
NEXT = at("2024-05-01T02:00:00Z")


def invoiced(run: Run, amount: str = "30") -> Subscription:
    """Subscribed to so much a month, in advance, and invoiced on 1 April."""
    made = run.subscribe(run.customer("ann"), fee(amount=amount), start="2024-04-01")
    run.all(FIRST)
    return made


def edit(run: Run, before: Subscription, *patches: Patch, when: str = "2024-04-16") -> Subscription:
    after = patched(before, patches, Moment(at(when), at(when), KnownFeatures()))
    run.change(after)
    return after


def totals(run: Run) -> list[Decimal]:
    return [invoice.totals.total for invoice in run.invoices()]


def warned(run: Run) -> list[list[str]]:
    """Where each invoice warns of a line that reaches too far."""
    return [[one.field for one in invoice.issues if one.code == REACHES_TOO_FAR] for invoice in run.invoices()]


def given_back(run: Run) -> list[Decimal]:
    return [row["total"] for row in run.rows("SELECT total FROM credit_notes ORDER BY issued_at, number")]


def test_a_higher_price_charges_the_difference_for_what_was_paid_already(run: Run) -> None:
    before = invoiced(run)
    history = run.invoices()[0].lines
    edit(run, before, AddItem("default", fee(amount="50")))
    run.all(SECOND)
    assert totals(run) == [Decimal(30), Decimal(10)]
    assert run.invoices()[1].lines[0].name == "Fee (difference)"
    assert run.invoices()[0].lines == history
    run.all(NEXT)
    assert totals(run) == [Decimal(30), Decimal(10), Decimal(50)]


def test_the_longest_name_is_cut_for_what_is_said_of_the_difference(run: Run) -> None:
    edit(run, invoiced(run), AddItem("default", replace(fee(amount="50"), name="n" * 256)))
    run.all(SECOND)
    assert run.invoices()[1].lines[0].name == "n" * 243 + " (difference)"


def test_a_second_change_is_charged_on_top_of_the_first(run: Run) -> None:
    once = edit(run, invoiced(run), AddItem("default", fee(amount="50")))
    run.all(SECOND)
    edit(run, once, AddItem("default", fee(amount="80")), when="2024-04-21")
    run.all(at("2024-04-21T01:00:00Z"))
    assert totals(run) == [Decimal(30), Decimal(10), Decimal(10)]


def test_a_lower_price_gives_the_difference_back_and_the_invoice_says_what_it_reaches(run: Run) -> None:
    edit(run, invoiced(run), AddItem("default", fee(amount="10")))
    run.all(SECOND)
    assert (totals(run), given_back(run), warned(run)) == ([Decimal(30)], [Decimal(10)], [["/lines/0"]])
    run.all(NEXT)
    [next_month] = run.invoices()[1].lines
    assert (next_month.totals.charged, next_month.totals.total) == (Decimal(10), Decimal(0))


def test_what_is_taken_out_is_given_back_as_credit_and_a_repeat_changes_nothing(run: Run) -> None:
    edit(run, invoiced(run), RemoveItem("default", "fee"), AddItem("default", fee("other")))
    run.all(SECOND)
    assert (given_back(run), warned(run)) == ([Decimal(15)], [[], []])
    # the other item, 10 for half a month, is paid from what was given back
    assert totals(run) == [Decimal(30), Decimal(0)]
    stored = run.everything()
    run.all(SECOND)
    assert run.everything() == stored


def test_what_was_given_back_is_charged_when_the_item_comes_back(run: Run) -> None:
    before = invoiced(run)
    run.change(replace(before, active_to=EDITED))
    run.all(SECOND)
    assert (given_back(run), warned(run)) == ([Decimal(15)], [[]])
    run.change(before)
    run.all(SECOND)
    assert warned(run) == [[], []]
    [rest] = run.invoices()[1].lines
    assert (rest.totals.charged, rest.totals.total) == (Decimal(15), Decimal(0))


def test_nothing_is_given_back_before_its_time_and_the_warning_goes_when_the_item_comes_back(run: Run) -> None:
    before = invoiced(run)
    run.change(replace(before, active_to=EDITED))
    run.all(at("2024-04-10"))
    assert (given_back(run), warned(run)) == ([], [["/lines/0"]])
    run.change(before)
    run.all(at("2024-04-11"))
    assert (given_back(run), warned(run), totals(run)) == ([], [[]], [Decimal(30)])


def test_what_is_not_paid_is_given_back_once_it_is(run: Run) -> None:
    run.app = FakeApp()
    before = invoiced(run)
    run.change(replace(before, active_to=EDITED))
    run.all(SECOND)
    assert (given_back(run), warned(run)) == ([], [["/lines/0"]])
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    run.all(SECOND)
    run.all(SECOND)
    assert (given_back(run), warned(run)) == ([Decimal(15)], [[]])


def test_what_was_taken_back_by_hand_is_not_given_back_again(run: Run, api: Api) -> None:
    run.app = FakeApp()
    run.change(replace(invoiced(run, "20"), active_to=EDITED))
    run.all(SECOND)
    api.ok("POST", f"{INVOICES}/{run.invoices()[0].id}/credit-notes", {"reason": "unused", "amount": "10"})
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    run.all(SECOND)
    run.all(SECOND)
    assert run.invoices()[0].state is InvoiceState.PAID
    assert sum(given_back(run)) == Decimal(10)


@pytest.mark.parametrize(
    ("refund", "told", "ends", "retried"),
    [
        ("none", [], ("void", None), (200, None)),
        ("payment", [], ("given-back", {"failure": "account closed"}), (409, "nothing_left")),
        ("payment", [{"externalId": "bank-1"}], ("given-back", {"failure": "it came back"}), (409, "nothing_left")),
    ],
)
def test_what_a_note_by_hand_held_back_is_given_back_once_that_stands_no_more(
    run: Run,
    api: Api,
    refund: str,
    told: list[dict[str, str]],
    ends: tuple[str, dict[str, str] | None],
    retried: tuple[int, str | None],
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID), waits={"take_back"})
    before = invoiced(run)
    [invoice] = run.invoices()
    note = api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", {"reason": "outage", "refund": refund})
    path = f"/api/v1/billing/credit-notes/{note['id']}"
    for said in told:
        api.ok("POST", f"{path}/given-back", said)
    run.change(replace(before, active_to=EDITED))
    run.all(SECOND)
    assert given_back(run) == [Decimal(30), Decimal(0)]
    api.ok("POST", f"{path}/{ends[0]}", ends[1])
    assert given_back(run) == [Decimal(30), Decimal(0), Decimal(15)]
    stored = run.everything()
    api.ok("POST", f"{path}/{ends[0]}", ends[1])
    run.all(SECOND)
    assert run.everything() == stored
    audited(run)
    assert kinds(run) == []
    # half a month is left of it to be taken back, and no more
    status, again = api("POST", f"{path}/retry")
    assert (status, again.get("code")) == retried


class Away(FakeApp):
    """Pays, and is not there when money is to go back."""

    def take_back(self, invoice: Invoice, note: CreditNote) -> Accepted | Refused | Waiting:
        raise Unavailable(f"nobody gives back {note.total} of {invoice.id}")


def test_what_a_note_held_back_that_no_app_ever_heard_of_is_given_back_once_it_is_given_up(run: Run, api: Api) -> None:
    run.app = Away(payment=Payment(Trigger.PAID))
    before = invoiced(run)
    path = f"{INVOICES}/{run.invoices()[0].id}/credit-notes"
    note = api.ok("POST", path, {"reason": "outage", "refund": "payment"})
    assert note["status"] == "pending"
    run.change(replace(before, active_to=EDITED))
    run.all(SECOND)
    assert given_back(run) == [Decimal(30), Decimal(0)]
    for _ in range(2):
        api.ok("POST", f"/api/v1/billing/credit-notes/{note['id']}/void")
        assert given_back(run) == [Decimal(30), Decimal(0), Decimal(15)]
    stored = run.everything()
    run.all(SECOND)
    assert run.everything() == stored
    audited(run)


@pytest.mark.parametrize("told", [[], [{"externalId": "bank-1"}]])
@pytest.mark.parametrize("fails_first", [False, True])
def test_a_note_by_hand_that_failed_and_what_went_back_in_its_place_are_never_summed(
    run: Run, api: Api, told: list[dict[str, str]], *, fails_first: bool
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID), waits={"take_back"})
    before = invoiced(run)
    [invoice] = run.invoices()
    wanted = {"reason": "outage", "refund": "payment", "amount": "15"}
    note = api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", wanted)
    path = f"/api/v1/billing/credit-notes/{note['id']}"
    for said in told:
        api.ok("POST", f"{path}/given-back", said)

    def fail() -> None:
        api.ok("POST", f"{path}/given-back", {"failure": "account closed"})

    def end_early() -> None:
        run.change(replace(before, active_to=EDITED))
        run.all(SECOND)

    for step in (fail, end_early) if fails_first else (end_early, fail):
        step()
    stored = run.everything()
    status, answer = api("POST", f"{path}/retry")
    assert (status, answer["code"]) == (409, "given_back_meanwhile")
    assert run.everything() == stored
    in_force = [one for one in api.ok("GET", "/api/v1/billing/credit-notes")["items"] if one["status"] == "issued"]
    assert sum(Decimal(one["total"]) for one in in_force) == 15


def test_a_note_by_hand_that_failed_is_retried_whatever_went_back_before_it(run: Run, api: Api) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID), waits={"take_back"})
    before = invoiced(run)
    run.change(replace(before, active_to=EDITED))
    run.now = SECOND
    run.all(SECOND)
    [invoice] = run.invoices()
    run.now = NEXT
    wanted = {"reason": "outage", "refund": "payment", "amount": "10"}
    note = api.ok("POST", f"{INVOICES}/{invoice.id}/credit-notes", wanted)
    path = f"/api/v1/billing/credit-notes/{note['id']}"
    api.ok("POST", f"{path}/given-back", {"failure": "account closed"})
    assert api.ok("POST", f"{path}/retry")["status"] == "pending"
    api.ok("POST", f"{path}/given-back", {"externalId": "bank-1"})
    assert given_back(run) == [Decimal(15), Decimal(10)]


@pytest.mark.parametrize(("granted", "money", "credit"), [("0", "15", "0"), ("30", "0", "15"), ("15", "7.50", "7.50")])
def test_what_credit_bore_goes_back_to_its_grant_and_money_by_the_same_share(
    run: Run, purse: Purse, granted: str, money: str, credit: str
) -> None:
    ann = run.customer("ann")
    if granted != "0":
        purse.grant(ann, granted)
    made = run.subscribe(ann, fee(amount="30"), start="2024-04-01")
    run.all(FIRST)
    earned = purse.sum_of(Account.EARNINGS)
    run.change(replace(made, active_to=EDITED))
    run.all(SECOND)
    stored = purse.everything()
    run.all(SECOND)
    assert purse.everything() == stored
    [note] = run.rows("SELECT total, unused, credits FROM credit_note_lines")
    assert (note["total"], note["credits"], len(note["unused"])) == (Decimal(money), Decimal(credit), 1)
    assert (given_back(run), warned(run)) == ([Decimal(money)], [[]])
    assert purse.settled(ann) == Decimal(15)
    assert purse.sum_of(Account.EARNINGS) == earned - 15
    assert purse.sum_of(Account.ACCRUED) == 0
    with run.database.transaction(run.namespace) as transaction:
        # what backtests take off the line
        [line] = run.invoices()[0].lines
        assert PostgresLines(transaction).given_back([line.id]) == {line.id: Decimal(15)}
    # what comes back is charged again, and the credit bears it
    run.change(made)
    run.all(SECOND)
    [rest] = run.invoices()[1].lines
    assert (rest.totals.charged, rest.totals.total, purse.settled(ann)) == (Decimal(15), Decimal(0), Decimal(0))


def test_a_second_cut_gives_back_what_the_first_left_of_credit(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    grant = purse.grant(ann, 10)
    made = run.subscribe(ann, fee(amount="30"), start="2024-04-01")
    run.all(FIRST)
    once = edit(run, made, AddItem("default", fee(amount="10")))
    run.all(SECOND)
    edit(run, once, RemoveItem("default", "fee"), AddItem("default", fee("other", "0")), when="2024-04-21")
    run.all(at("2024-04-21T01:00:00Z"))
    # half a month at 20 less, then a third of it at 10; a third of each goes back to the grant
    rows = run.rows("SELECT total, credits FROM credit_note_lines ORDER BY total")
    assert [(row["total"], row["credits"]) for row in rows] == [
        (Decimal("2.22"), Decimal("1.11")),
        (Decimal("6.67"), Decimal("3.33")),
    ]
    entries = run.rows(f"SELECT amount FROM ledger_entries WHERE account = 'customer_fbo' AND grant_id = '{grant.id}'")
    assert sum(entry["amount"] for entry in entries) == Decimal("4.44")


def test_each_change_gives_back_what_it_leaves_unused_and_no_more_than_was_paid(run: Run) -> None:
    once = edit(run, invoiced(run), AddItem("default", fee(amount="10")))
    run.all(SECOND)
    twice = edit(run, once, AddItem("default", fee(amount="4")), when="2024-04-21")
    run.all(at("2024-04-21T01:00:00Z"))
    edit(run, twice, RemoveItem("default", "fee"), AddItem("default", fee("other", "1")), when="2024-04-26")
    run.all(at("2024-04-26T01:00:00Z"))
    # 20 for half a month; then 6 for a third of it; then 4 for the last sixth, rounded as it would have been charged
    assert given_back(run) == [Decimal(10), Decimal(2), Decimal("0.67")]


def test_an_edit_of_the_next_cycle_touches_nothing_that_was_paid(run: Run) -> None:
    before = invoiced(run)
    scheduled = Moment(at("2024-05-01"), EDITED, KnownFeatures())
    after = patched(before, [AddItem("default", fee(amount="10"))], scheduled)
    run.change(after)
    run.all(SECOND)
    assert (totals(run), warned(run)) == ([Decimal(30)], [[]])
    run.change(patched(after, [UnscheduleEdit()], Moment(EDITED, EDITED, KnownFeatures())))
    run.all(NEXT)
    assert totals(run) == [Decimal(30), Decimal(30)]


def test_a_subscription_that_gives_way_is_charged_for_once_where_the_new_one_has_the_same_item(run: Run) -> None:
    before = invoiced(run)
    run.change(replace(before, active_to=EDITED, superseding_id="next"))
    run.subscribe(before.customer_id, fee(amount="50"), start="2024-04-16", anchor="2024-04-01", previous_id=before.id)
    run.all(SECOND)
    assert totals(run) == [Decimal(30), Decimal(10)]


def test_an_invoice_that_covers_only_a_part_of_what_follows_is_taken_off_that_part(run: Run) -> None:
    open_again = run.subscribe(run.customer("ann"), fee(amount="30"), start="2024-04-01")
    run.change(replace(open_again, active_to=at("2024-04-21")))
    run.all(FIRST)
    assert totals(run) == [Decimal(20)]
    run.change(open_again)
    edit(run, open_again, AddItem("default", fee(amount="50")))
    run.all(SECOND)
    assert sorted(line.totals.total for line in run.invoices()[1].lines) == [Decimal("3.33"), Decimal("16.67")]
    stored = run.everything()
    run.all(SECOND)
    assert run.everything() == stored
    assert warned(run) == [["/lines/0"], []]


def test_what_credit_alone_paid_in_advance_goes_back_to_its_grant_once(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    made = run.subscribe(ann, fee(amount="30"), start="2024-04-01", settlement=SettlementMode.CREDIT_ONLY)
    purse.grant(ann, 100)
    run.all(FIRST)
    assert purse.settled(ann) == 70
    run.change(replace(made, active_to=EDITED))
    run.all(SECOND)
    assert (purse.settled(ann), given_back(run)) == (Decimal(85), [Decimal(0)])
    assert (purse.sum_of(Account.ACCRUED), purse.sum_of(Account.EARNINGS)) == (Decimal(0), Decimal(15))
    stored = purse.everything()
    run.all(SECOND)
    assert purse.everything() == stored
    assert run.invoices() == []
    run.change(made)
    run.all(NEXT)
    # half of April again, and May
    assert purse.settled(ann) == 40


def test_several_fees_that_credit_alone_settled_go_back_each_to_what_bore_it(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    fees = fee(amount="10"), fee("other", "10")
    made = run.subscribe(ann, *fees, start="2024-04-01", settlement=SettlementMode.CREDIT_ONLY)
    purse.grant(ann, 10)
    run.all(FIRST)
    assert purse.settled(ann) == -10
    run.change(replace(made, active_to=at("2024-04-11")))
    run.all(at("2024-04-11T01:00:00Z"))

    # of each a third is served; the credit bears both now
    assert purse.settled(ann) == Decimal("3.34")
    assert (purse.sum_of(Account.CREDIT), purse.sum_of(Account.ADVANCE)) == (Decimal("3.34"), Decimal(0))
    assert (purse.sum_of(Account.ACCRUED), purse.sum_of(Account.EARNINGS)) == (Decimal(0), Decimal("6.66"))
    stored = purse.everything()
    run.all(at("2024-04-11T01:00:00Z"))
    assert purse.everything() == stored
