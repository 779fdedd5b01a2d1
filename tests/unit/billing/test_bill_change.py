"""Why a bill changed: the effects sum exactly to the difference, whatever changed; and each is its cause's."""

from dataclasses import astuple, replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.billing.bill_change import BillChange, Effects, bill_change
from meterhouse.billing.collection import rated, with_lines, with_result
from meterhouse.billing.families import Families
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.line_keys import part_key
from meterhouse.billing.profile import Workflow
from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import Commitments, FlatPrice, PaymentTerm, Price, UnitPrice
from meterhouse.kernel.currency import currency
from meterhouse.kernel.period import Period
from meterhouse.rating.line import Totals
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import Usage
from tests.unit.billing.samples import NOW, draft, metered, tiers
from tests.unit.rating.anything import usage_prices, usages
from tests.unit.subscriptions.samples import at, fee

DRAFT = draft(fee(), metered())
FEE, *_, USAGE = sorted(DRAFT.lines, key=lambda line: line.rate_card.is_metered)
USD = currency("USD")
SMALL = st.decimals(0, 100, places=2)


def of_usage(line: Line, usage: Usage, credit: Decimal = Decimal(0), tax: Decimal = Decimal(0)) -> Line:
    made = with_result(line, usage.quantity, rate(replace(usage, currency=USD)), NOW)
    return replace(made, totals=made.totals._replace(credits_total=credit, taxes_exclusive_total=tax))


def parts(price: Price, *quantities: Decimal) -> list[Line]:
    """Usage billed in parts: what each used, one after the other, up to the end of the month."""
    whole = USAGE.service_period
    families, done, read = Families(), [], Decimal(0)
    edges = [whole.start, *(at(f"2024-01-{number + 10}") for number in range(len(quantities) - 1)), whole.end]
    card = metered(price=price)
    for number, quantity in enumerate(quantities):
        period, key = Period(edges[number], edges[number + 1]), USAGE.key
        key = part_key(key, period.start, is_metered=True) if number else key
        part = replace(USAGE, id=f"part {number}", key=key, rate_card=card, service_period=period, whole_period=whole)
        read += quantity
        done.append(families.rate(part, read, Workflow(), NOW))
    return done


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    """Up to three lines of a few kinds with anything on them; at times something on the invoice that no line has."""
    lines = []
    for number in range(draw(st.integers(0, 3))):
        of = draw(st.sampled_from([FEE, USAGE]))
        lines.append(of_usage(replace(of, id=f"{number}"), draw(usages()), draw(SMALL), draw(SMALL)))
    if draw(st.booleans()):
        billed = parts(draw(usage_prices()), *draw(st.lists(st.decimals(-5, 200, places=1), min_size=1, max_size=3)))
        lines += draw(st.lists(st.sampled_from(billed), unique_by=lambda line: line.id))
    made = with_lines(DRAFT, lines)
    return replace(made, totals=made.totals + Totals(taxes_exclusive_total=draw(st.just(Decimal(0)) | SMALL)))


def change(old: Line, new: Line) -> BillChange:
    return bill_change(with_lines(DRAFT, [old]), with_lines(DRAFT, [new]))


def used(quantity: str, price: Price | None = None) -> Line:
    line = replace(USAGE, rate_card=metered(price=price or UnitPrice(Decimal("0.10"))))
    return rated(line, Decimal(quantity), Workflow(), NOW)


@given(invoices(), invoices())
@settings(max_examples=60)
def test_effects_of_any_two_invoices_sum_exactly_and_every_line_stands_once(old: Invoice, new: Invoice) -> None:
    found = bill_change(old, new)
    assert found.effects.total == found.difference == new.totals.total - old.totals.total
    for line in found.lines:
        before, after = (0 if side is None else side.totals.total for side in (line.old, line.new))
        assert line.effects.total == after - before
    assert sorted(line.old.id for line in found.lines if line.old) == sorted(line.id for line in old.lines)
    assert sorted(line.new.id for line in found.lines if line.new) == sorted(line.id for line in new.lines)


@given(invoices())
@settings(max_examples=40)
def test_an_invoice_compared_with_itself_has_no_effect_at_all(invoice: Invoice) -> None:
    found = bill_change(invoice, invoice)
    assert not any(any(astuple(effects)) for effects in (found.effects, *(line.effects for line in found.lines)))
    assert [line.old for line in found.lines] == [line.new for line in found.lines] == list(invoice.lines)


@given(invoices(), invoices())
@settings(max_examples=30)
def test_the_way_back_has_the_same_sum_and_pairs_and_what_no_order_of_steps_touches(old: Invoice, new: Invoice) -> None:
    there, back = bill_change(old, new), bill_change(new, old)
    assert there.effects.total == -back.effects.total
    assert (there.effects.credit, there.effects.tax) == (-back.effects.credit, -back.effects.tax)
    assert (there.effects.added, there.effects.removed) == (-back.effects.removed, -back.effects.added)
    pairs = {(line.old and line.old.id, line.new and line.new.id) for line in there.lines}
    assert pairs == {(line.new and line.new.id, line.old and line.old.id) for line in back.lines}


def test_more_usage_is_volume_alone_through_all_tiers() -> None:
    found = change(used("8", tiers()), used("12", tiers()))
    assert found.effects == Effects(volume=Decimal("2.67"))


def test_volume_is_valued_at_the_old_price_and_the_new_price_at_the_new_volume() -> None:
    found = change(used("100"), used("150", UnitPrice(Decimal("0.20"))))
    assert found.effects == Effects(volume=Decimal("5.00"), price=Decimal("15.00"))


def test_part_of_a_period_is_proration() -> None:
    line = replace(FEE, rate_card=replace(FEE.rate_card, price=FlatPrice(Decimal(30), PaymentTerm.IN_ADVANCE)))
    usage = Usage(
        name="Fee",
        price=FlatPrice(Decimal(30), PaymentTerm.IN_ADVANCE),
        currency=USD,
        service_period=FEE.service_period,
    )
    found = change(of_usage(line, usage), of_usage(line, replace(usage, share=Fraction(1, 3))))
    assert found.effects == Effects(proration=Decimal(-20))


def test_free_units_and_percentages_are_discount_on_what_the_volume_became() -> None:
    card = replace(metered(price=UnitPrice(Decimal(1))), discounts=Discounts(percentage=Decimal(50), usage=Decimal(10)))
    cheap = rated(replace(USAGE, rate_card=card), Decimal(30), Workflow(), NOW)
    found = change(used("20", UnitPrice(Decimal(1))), cheap)
    assert found.effects == Effects(volume=Decimal(10), discount=Decimal(-20))


def test_credits_and_taxes_are_effects_of_their_own() -> None:
    plain = used("100")
    changed = replace(
        plain, totals=plain.totals._replace(credits_total=Decimal(4), taxes_exclusive_total=Decimal("1.14"))
    )
    found = change(plain, changed)
    assert found.effects == Effects(credit=Decimal(-4), tax=Decimal("1.14"))


def test_lines_are_paired_by_what_was_sold_and_not_by_their_place() -> None:
    fee_line, usage_line = rated(FEE, Decimal(1), Workflow(), NOW), used("100")
    found = bill_change(with_lines(DRAFT, [fee_line, usage_line]), with_lines(DRAFT, [usage_line, fee_line]))
    assert found.effects == Effects()
    assert [line.new and line.new.id for line in found.lines] == [usage_line.id, fee_line.id]


def test_a_line_follows_its_item_into_another_subscription() -> None:
    assert USAGE.subscription is not None
    moved = replace(used("100"), subscription=USAGE.subscription._replace(subscription_id="another"))
    assert change(used("100"), moved).effects == Effects()


def test_what_only_one_invoice_has_is_added_or_removed() -> None:
    fee_line, usage_line = rated(FEE, Decimal(1), Workflow(), NOW), used("100")
    found = change(fee_line, usage_line).effects
    assert found == Effects(added=Decimal("10.00"), removed=-fee_line.totals.total)


def test_what_was_booked_late_for_the_same_inputs_is_volume() -> None:
    billed = used("100")
    late = replace(billed, totals=Totals(amount=Decimal(12)))
    assert change(billed, late).effects == Effects(volume=Decimal(2))


def test_a_part_is_compared_by_its_own_units_and_not_by_all_of_its_period() -> None:
    [old, *_] = parts(UnitPrice(Decimal(1)), Decimal(40), Decimal(3))
    *_, new = parts(UnitPrice(Decimal(2)), Decimal(130), Decimal(10))
    assert change(old, new).effects == Effects(volume=Decimal(-30), price=Decimal(10))


def test_units_of_a_part_are_valued_in_the_tiers_that_those_before_it_left() -> None:
    old, new = parts(tiers(), Decimal(8), Decimal(13))[1], parts(tiers(), Decimal(8), Decimal(23))[1]
    assert (old.totals.total, new.totals.total) == (Decimal("5.66"), Decimal("8.99"))
    assert change(old, new).effects == Effects(volume=Decimal("3.33"))


def test_a_part_and_a_whole_period_differ_by_what_each_of_them_used() -> None:
    whole = used("100", UnitPrice(Decimal(1)))
    [*_, new] = parts(UnitPrice(Decimal(2)), Decimal(500), Decimal(30))
    assert change(whole, new).effects == Effects(volume=Decimal(-70), price=Decimal(30))
    assert change(new, whole).effects == Effects(volume=Decimal(140), price=Decimal(-100))


def test_the_minimum_that_a_last_part_makes_up_for_is_no_volume() -> None:
    price = UnitPrice(Decimal(1), Commitments(minimum=Decimal(30)))
    first, last = parts(price, Decimal(10), Decimal(10))
    assert (first.totals.total, last.totals.total) == (Decimal(10), Decimal(20))
    assert change(first, last).effects == Effects(proration=Decimal(10))
