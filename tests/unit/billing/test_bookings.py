"""Whatever becomes of an invoice, its books say where its total is."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.billing.bookings import bookings_of
from meterhouse.billing.books import Standing, standing_of
from meterhouse.billing.drive import Driven
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.state import TRANSITIONS, InvoiceState, Trigger
from meterhouse.ledger.account import Account, Payment
from meterhouse.ledger.transaction import Transaction
from meterhouse.rating.line import Totals
from tests.unit.billing.samples import NOW, rated_draft

S = InvoiceState
WORK = (S.ISSUING_CHARGE_BOOKING, S.BOOKING_AUTHORIZED, S.BOOKING_AUTHORIZED_AND_SETTLED, S.BOOKING_SETTLED)
PROMISED = {S.PAYMENT_AUTHORIZED, S.BOOKING_SETTLED_FAILED}


def issuing(*, is_purchase: bool = False, taxes: str = "0") -> Invoice:
    """An invoice of 46 whose metered line is a purchase of credit, if wanted."""
    invoice = rated_draft().invoice
    first = replace(invoice.lines[0], grant_id="grant" if is_purchase else None)
    totals = invoice.totals._replace(taxes_exclusive_total=Decimal(taxes))
    return replace(invoice, state=S.ISSUING_CHARGE_BOOKING, lines=(first, *invoice.lines[1:]), totals=totals)


def work_of(driven: Driven) -> list[Transaction]:
    """What the work of the invoice's state books."""
    invoice = driven.invoice
    booked = bookings_of(invoice, invoice.state, NOW) if invoice.state in WORK else []
    assert isinstance(booked, list)
    return booked


def worked(driven: Driven) -> Driven:
    return replace(driven, bookings=(*driven.bookings, *work_of(driven)))


def standing(bookings: tuple[Transaction, ...]) -> dict[object, Decimal]:
    sums: dict[object, Decimal] = defaultdict(Decimal)
    for booking in bookings:
        for entry in booking.entries:
            sums[entry.route.payment or entry.account] += entry.amount
    return {where: amount for where, amount in sums.items() if amount}


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(list(Trigger)), max_size=25), st.booleans(), st.sampled_from(["0", "3.40"]))
def test_the_total_is_open_promised_lost_paid_or_nowhere(
    triggers: list[Trigger], is_purchase: bool, taxes: str
) -> None:
    driven = worked(Driven(issuing(is_purchase=is_purchase, taxes=taxes)))
    total = driven.invoice.totals.total
    for trigger in (Trigger.NEXT, Trigger.NEXT, *triggers):
        following = (driven if trigger is Trigger.NEXT else _refused(driven)).fired(trigger, NOW)
        driven = driven if following is None else worked(following)
    assert _audited(_refused(driven)) == standing_of(driven.invoice, ())
    booked, state = standing(driven.bookings), driven.invoice.state
    if state is S.VOIDED:
        assert booked == {}
        return
    where = _where(state)
    assert booked.pop(where) == -total
    assert sum(booked.values()) == total
    assert set(booked) <= {Account.EARNINGS, Account.BROKERAGE, Account.TAXES}
    keys = [booking.key for booking in driven.bookings]
    assert len(keys) == len(set(keys))


def _refused(driven: Driven) -> Driven:
    """As it is when the books refuse the state's work."""
    return replace(driven, bookings=driven.bookings[: len(driven.bookings) - len(work_of(driven))])


def _audited(driven: Driven) -> Standing:
    """By currency and account, as the auditor reads it."""
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for entry in (entry for booking in driven.bookings for entry in booking.entries):
        payment = entry.route.payment
        sums[entry.route.currency, "/".join(filter(None, [entry.account.value, payment and payment.value]))] += (
            entry.amount
        )
    return {place: amount for place, amount in sums.items() if amount}


def _where(state: InvoiceState) -> object:
    if state in {S.PAID, S.BOOKING_AUTHORIZED_AND_SETTLED, S.BOOKING_SETTLED}:
        return Account.WASH
    if state is S.UNCOLLECTIBLE:
        return Account.LOSSES
    return Payment.AUTHORIZED if state in PROMISED | {S.BOOKING_AUTHORIZED} else Payment.OPEN


def test_what_is_bought_on_an_invoice_is_not_earned_by_it_and_taxes_are_the_states() -> None:
    invoice = issuing(is_purchase=True, taxes="3.40")
    bought = invoice.lines[0].totals.total
    booked = standing(worked(Driven(invoice)).bookings)
    assert booked == {
        Payment.OPEN: -invoice.totals.total,
        Account.BROKERAGE: bought,
        Account.TAXES: Decimal("3.40"),
        Account.EARNINGS: invoice.totals.total - bought - Decimal("3.40"),
    }


def test_an_invoice_of_nothing_books_nothing() -> None:
    free = replace(issuing(), totals=Totals(), lines=())
    assert worked(Driven(free)).bookings == ()


def test_every_way_out_of_a_promise_is_booked() -> None:
    ways = {way.to for state in PROMISED for ways in TRANSITIONS[state].values() for way in ways}
    assert ways == {
        S.BOOKING_SETTLED,
        S.PAYMENT_FAILED,
        S.UNCOLLECTIBLE,
        S.OVERDUE,
        S.PAYMENT_ACTION_REQUIRED,
        S.VOIDED,
    }
