"""Random cuts of a fee that money and prepaid credit paid for in advance, against a small oracle."""

from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.collection import rated, with_lines
from meterhouse.billing.credit_note import CreditNote, NoteLine, NoteState, Refund, Unused
from meterhouse.billing.crediting import Left
from meterhouse.billing.credits import credited_line
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.unused import given_back
from meterhouse.kernel.period import Period
from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Allocation
from tests.unit.billing.samples import NOW, draft
from tests.unit.subscriptions.samples import at, fee

CENT = Decimal("0.01")
JANUARY = at("2024-01-01")
NOTHING = Decimal(0)
PRICES = st.decimals(CENT, 100, places=2)
CUTS = st.lists(st.tuples(st.integers(0, 31), st.fractions(0, 1)), max_size=5, unique_by=lambda cut: cut[0])
"""Days that divide January, and which part of the price is given back from each of them."""


def invoiced(price: Decimal, credit: Decimal) -> Invoice:
    """January's fee, of which credit bears so much."""
    made = draft(fee(amount=f"{price:f}"))
    [line] = [one for one in made.lines if one.service_period.start == JANUARY]
    line = rated(line, Decimal(1), made.workflow, NOW)
    borne = Collected((Allocation("grant", credit, NOW),), price - credit) if credit else Collected((), price)
    return with_lines(made, [credited_line(line, {f"invoice_line/{line.id}/1": borne}, "1")])


def note(invoice: Invoice, line: NoteLine) -> CreditNote:
    return CreditNote(
        "id", "CN-000001", "key", invoice.id, "ann", "USD", "why", Refund.NONE, NoteState.ISSUED, (line,), NOW, NOW
    )


@given(PRICES, st.fractions(0, 1), CUTS)
def test_what_is_kept_is_what_the_time_left_costs_and_credit_bears_its_share_of_it(
    price: Decimal, part: Fraction, cuts: list[tuple[int, Fraction]]
) -> None:
    credit = (price * part.numerator / part.denominator).quantize(CENT)
    invoice = invoiced(price, credit)
    [line] = invoice.lines
    notes: list[CreditNote] = []
    kept, bears, due = price - credit, credit, Fraction(price)
    days = [*sorted(cuts), (31, Fraction(0))]
    for (start, share), (end, _) in pairwise(days):
        amount = (price * share.numerator / share.denominator).quantize(CENT)
        if start == end or not amount:
            continue
        unused = Unused(Period(JANUARY + timedelta(days=start), JANUARY + timedelta(days=end)), amount)
        [found] = given_back(invoice, notes, {one.charge: bears for one in line.credits}, {line.key: [unused]})
        due -= Fraction(amount) * (end - start) / 31
        kept, bears = kept - found.total, bears - found.credits
        exact = Decimal(due.numerator) / Decimal(due.denominator)
        assert found.total >= 0
        assert found.credits >= 0
        assert kept + bears == exact.quantize(CENT, ROUND_HALF_UP)
        assert abs(bears - (kept + bears) * credit / price) < CENT
        notes.append(note(invoice, found))


@given(PRICES, st.fractions(0, 1), st.fractions(0, 1), st.integers(0, 30))
def test_what_a_note_by_hand_took_back_counts_towards_money_and_credit(
    price: Decimal, part: Fraction, taken: Fraction, day: int
) -> None:
    credit = (price * part.numerator / part.denominator).quantize(CENT)
    invoice = invoiced(price, credit)
    [line] = invoice.lines
    unused = Unused(Period(JANUARY + timedelta(days=day), JANUARY + timedelta(days=31)), price)
    borne = {one.charge: credit for one in line.credits}
    [alone] = given_back(invoice, [], borne, {line.key: [unused]})
    by_hand = ((price - credit) * taken.numerator / taken.denominator).quantize(CENT)
    before = [note(invoice, Left(invoice, []).take(line.id, by_hand))] if by_hand else []
    [found] = given_back(invoice, before, borne, {line.key: [unused]})
    assert found.total + found.credits == max(alone.total + alone.credits - by_hand, NOTHING)
    assert NOTHING <= found.total <= price - credit - by_hand
    assert NOTHING <= found.credits <= alone.credits
    assert found.unused == [unused]
    # the note by hand is voided
    borne = dict.fromkeys(borne, credit - found.credits)
    [held] = given_back(invoice, [note(invoice, found)], borne, {line.key: ()})
    assert (found.total + held.total, found.credits + held.credits) == (alone.total, alone.credits)
