"""Credit notes: an amount falls on lines, their parts and taxes exactly, and never is more than what was invoiced."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.credit_note import TAXES, CreditNote, NoteLine, NoteState, Refund, summed
from meterhouse.billing.crediting import Left, LineWanted, NoteWanted, lines_of, problems_of
from meterhouse.billing.invoice import Invoice
from meterhouse.catalog.price import PaymentTerm
from meterhouse.rating.line import DetailedLine, totals_of
from tests.unit.billing.samples import NOW, draft, metered
from tests.unit.subscriptions.samples import fee

CENTS = st.decimals(0, 500, places=2)


def part(key: str, amount: Decimal, *, borne: Decimal = Decimal(0)) -> DetailedLine:
    one = Decimal(1)
    return DetailedLine(key, key, amount, one, amount, PaymentTerm.IN_ARREARS, credits=borne)


def invoice_of(*lines: tuple[list[DetailedLine], Decimal]) -> Invoice:
    """An invoice of these detailed lines, each with its taxes on top."""
    made = draft(fee(), metered())
    sample = made.lines[0]
    found = []
    for number, (parts, taxes) in enumerate(lines):
        totals = totals_of(parts)._replace(taxes_exclusive_total=taxes)
        found.append(replace(sample, id=f"line-{number}", key=f"key-{number}", detailed=tuple(parts), totals=totals))
    total = sum((line.totals for line in found[1:]), start=found[0].totals)
    return replace(made, lines=tuple(found), totals=total)


def note(invoice: Invoice, lines: list[NoteLine]) -> CreditNote:
    return CreditNote(
        "id", "CN-000001", "key", invoice.id, "ann", "USD", "why", Refund.NONE, NoteState.ISSUED, tuple(lines), NOW, NOW
    )


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    lines = []
    for _ in range(draw(st.integers(1, 3))):
        amounts = draw(st.lists(CENTS, min_size=1, max_size=3))
        lines.append(([part(f"p{n}", amount) for n, amount in enumerate(amounts)], draw(CENTS)))
    return invoice_of(*lines)


@given(invoices(), st.lists(st.integers(1, 99), max_size=4))
def test_notes_one_after_the_other_take_back_exactly_what_was_invoiced(invoice: Invoice, shares: list[int]) -> None:
    notes: list[CreditNote] = []
    for share in shares:
        left = Left(invoice, notes)
        amount = (left.total * share / 100).quantize(Decimal("0.01"))
        wanted = NoteWanted("why", amount=amount)
        if not list(problems_of(wanted, left)):
            lines = lines_of(wanted, left)
            assert summed(line.total for line in lines) == amount
            assert all(part.amount > 0 for line in lines for part in line.parts)
            notes.append(note(invoice, lines))
            assert Left(invoice, notes).total == left.total - amount
            assert all(Left(invoice, notes).of(line_id) >= 0 for line_id in left.line_ids)
    last = Left(invoice, notes)
    if last.total:
        notes.append(note(invoice, lines_of(NoteWanted("why"), last)))
    assert summed(one.total for one in notes) == invoice.totals.total
    assert summed(one.taxes for one in notes) == invoice.totals.taxes_total
    back: dict[tuple[str, str], Decimal] = {}
    for own in (own for one in notes for own in one.lines):
        for key, amount in own.parts:
            back[own.line_id, key] = back.get((own.line_id, key), Decimal(0)) + amount
    invoiced = {(line.id, detailed.key): detailed.net for line in invoice.lines for detailed in line.detailed}
    assert {place: back.get(place, Decimal(0)) for place in invoiced} == invoiced


def test_a_voided_note_took_back_nothing() -> None:
    invoice = invoice_of(([part("a", Decimal(10))], Decimal(0)))
    voided = replace(note(invoice, Left(invoice, []).all()), state=NoteState.VOIDED)
    assert Left(invoice, [voided]).total == Decimal(10)


def test_what_credit_bore_is_no_money_to_give_back() -> None:
    invoice = invoice_of(([part("a", Decimal(10), borne=Decimal(4))], Decimal("1.20")))
    [line] = Left(invoice, []).all()
    assert [(one.key, one.amount) for one in line.parts] == [("a", Decimal(6)), (TAXES, Decimal("1.20"))]


def test_a_part_of_taxes_within_goes_back_with_the_amount() -> None:
    invoice = invoice_of(([part("a", Decimal(119))], Decimal(0)))
    line = replace(invoice.lines[0], totals=invoice.lines[0].totals._replace(taxes_inclusive_total=Decimal(19)))
    invoice = replace(invoice, lines=(line,))
    first = Left(invoice, []).take("line-0", Decimal("59.50"))
    second = Left(invoice, [note(invoice, [first])]).take("line-0", Decimal("59.50"))
    assert (first.taxes_inclusive, second.taxes_inclusive) == (Decimal("9.50"), Decimal("9.50"))


def test_every_fault_is_named() -> None:
    left = Left(invoice_of(([part("a", Decimal(10))], Decimal(0)), ([part("b", Decimal(5))], Decimal(0))), [])
    wanted = NoteWanted(
        "why",
        amount=Decimal(16),
        lines=[
            LineWanted("line-0", Decimal("0.001")),
            LineWanted("line-0"),
            LineWanted("other"),
            LineWanted("line-1", Decimal(6)),
        ],
    )
    assert [(one.field, one.code) for one in problems_of(wanted, left)] == [
        ("/amount", "amount_or_lines"),
        ("/amount", "more_than_is_left"),
        ("/lines/0/amount", "precision"),
        ("/lines/1/lineId", "duplicate_line"),
        ("/lines/2/lineId", "unknown_line"),
        ("/lines/3/amount", "more_than_is_left"),
        ("/lines", "more_than_is_left"),
    ]


def line_giving(amount: int) -> tuple[list[DetailedLine], Decimal]:
    return [part("a", Decimal(amount))], Decimal(0)


def test_lines_together_are_at_most_what_the_invoice_came_to() -> None:
    invoice = invoice_of(line_giving(20), line_giving(-5))
    left = Left(invoice, [])
    assert [one.code for one in problems_of(NoteWanted("why", lines=[LineWanted("line-0")]), left)] == [
        "more_than_is_left"
    ]
    whole = lines_of(NoteWanted("why"), left)
    assert [line.total for line in whole] == [Decimal(20), Decimal(-5)]


def test_a_failed_note_is_not_tried_again_where_all_lines_together_have_less_left() -> None:
    nothing = Decimal(0)
    invoice = invoice_of(
        ([part("a", Decimal(100))], nothing),
        ([part("b", Decimal(100))], nothing),
        ([part("c", Decimal(-100))], nothing),
    )
    first = Left(invoice, []).take("line-0", Decimal(100))
    failed = replace(note(invoice, [first]), state=NoteState.FAILED)
    second = note(invoice, [Left(invoice, [failed]).take("line-1", Decimal(100))])
    left = Left(invoice, [failed, second])
    assert left.total == nothing
    assert not left.holds(failed.lines)


def test_taxes_go_back_by_their_share_of_what_a_line_comes_to_also_where_a_part_of_it_takes_off() -> None:
    taxes, net = Decimal("27.85"), Decimal("146.59")
    invoice = invoice_of(([part("usage", Decimal("165.63")), part("usage#reversal:19", Decimal("-19.04"))], taxes))
    first = Left(invoice, []).take("line-0", Decimal("131.40"))
    assert (first.total, first.taxes_exclusive) == (Decimal("131.40"), Decimal("20.98"))
    [last] = Left(invoice, [note(invoice, [first])]).all()
    assert (first.taxes_exclusive + last.taxes_exclusive, first.total + last.total) == (taxes, net + taxes)
