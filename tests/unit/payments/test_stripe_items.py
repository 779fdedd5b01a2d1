"""Our invoices in Stripe's words: every unit accounted for, in an order that never changes."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.billing.collection import with_lines
from meterhouse.billing.invoice import Invoice, Line, Severity
from meterhouse.billing.profile import Profile
from meterhouse.catalog.price import PaymentTerm
from meterhouse.kernel.currency import currency
from meterhouse.payments.stripe_amounts import NotRepresentable, amount_of, minor_units
from meterhouse.payments.stripe_changes import Changes, Known, changes
from meterhouse.payments.stripe_drafts import days_until_due
from meterhouse.payments.stripe_items import Item, ItemType, items_of
from meterhouse.payments.stripe_validation import issues_of_items
from meterhouse.rating.line import AmountDiscount, Category, DetailedLine, DiscountReason, totals_of
from tests.unit.billing.samples import profile_with, rated_draft

UNTAXED = profile_with(tax_enabled=False)


@pytest.mark.parametrize(
    ("amount", "code", "minor"),
    [
        ("10.05", "USD", 1005),
        ("-0.01", "EUR", -1),
        ("1200", "JPY", 1200),
        ("5.120", "KWD", 5120),
        ("5", "UGX", 500),
        ("7", "ISK", 700),
        ("300.00", "MGA", 300),
        ("0", "USD", 0),
        ("10.50", "HUF", 1050),
    ],
)
def test_amounts_are_sent_in_stripes_own_units(amount: str, code: str, minor: int) -> None:
    assert minor_units(Decimal(amount), code) == minor
    assert amount_of(minor, code) == Decimal(amount)


@pytest.mark.parametrize(
    ("amount", "code"), [("10.005", "USD"), ("0.5", "JPY"), ("5.125", "BHD"), ("1.20", "MGA"), ("0.5", "ISK")]
)
def test_an_amount_that_stripe_cannot_be_told_is_not_rounded(amount: str, code: str) -> None:
    with pytest.raises(NotRepresentable, match=code):
        minor_units(Decimal(amount), code)


def test_every_currency_gives_back_what_was_sent() -> None:
    for code in ("USD", "JPY", "KWD", "UGX", "MGA", "CLP"):
        unit = Decimal(1).scaleb(-currency(code).exponent) * (10 if currency(code).exponent == 3 else 1)
        whole = Decimal(7) if code == "MGA" else 7 * unit
        assert amount_of(minor_units(whole, code), code) == whole


cents = st.integers(0, 10**7).map(lambda number: Decimal(number).scaleb(-2))


@st.composite
def details(draw: st.DrawFn) -> DetailedLine:
    amount = draw(cents)
    taken = draw(st.integers(0, int(amount * 100))) if draw(st.booleans()) else 0
    discount = Decimal(taken).scaleb(-2)
    left = amount - discount
    borne = Decimal(draw(st.integers(0, int(left * 100)))).scaleb(-2)
    kind = draw(st.sampled_from(Category))
    discounts = (AmountDiscount(DiscountReason.PERCENTAGE, discount),) if discount else ()
    name = draw(st.sampled_from(["unit", "flat", "tier/1"]))
    return DetailedLine(name, name, amount, Decimal(1), amount, PaymentTerm.IN_ARREARS, kind, discounts, None, borne)


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    profile = profile_with(tax_enabled=draw(st.booleans()))
    invoice = rated_draft(profile=profile).invoice
    changed: list[Line] = []
    for line in invoice.lines:
        parts = draw(st.lists(details(), min_size=1, max_size=4, unique_by=lambda one: one.key))
        changed.append(replace(line, detailed=tuple(parts), totals=totals_of(parts)))
    return with_lines(invoice, changed)


@settings(max_examples=40)
@given(invoices())
def test_the_items_come_to_our_total_to_the_last_unit(invoice: Invoice) -> None:
    items = items_of(invoice)
    assert sum(item.amount for item in items) == minor_units(invoice.totals.total, invoice.currency)
    assert len({item.key for item in items}) == len(items)
    assert items_of(invoice) == items
    if invoice.workflow.tax_enabled:
        assert all(item.amount >= 0 for item in items)


@settings(max_examples=40)
@given(invoices(), invoices())
def test_whatever_stripe_holds_becomes_what_we_want_and_then_nothing_is_left_to_do(
    one: Invoice, other: Invoice
) -> None:
    held = [Known(f"il_{number}", item.amount, item.metadata) for number, item in enumerate(items_of(one))]
    after = applied(held, changes(items_of(other), held))
    assert sorted(line.metadata["meterhouse_content"] for line in after) == sorted(
        item.content for item in items_of(other)
    )
    assert not changes(items_of(other), after)


def applied(held: list[Known], found: Changes) -> list[Known]:
    """What Stripe holds after the changes; a changed line keeps its tax settings, as at Stripe."""
    changed = dict(found.changed)
    kept = [line for line in held if line.id not in found.removed]
    for line in kept:
        assert line.id not in changed or line.metadata["meterhouse_tax"] == changed[line.id].tax
    rest = [known(line.id, changed[line.id]) if line.id in changed else line for line in kept]
    return rest + [known(f"new_{number}", item) for number, item in enumerate(found.added)]


def known(name: str, item: Item) -> Known:
    return Known(name, item.amount, item.metadata)


def test_discounts_and_credits_are_positions_of_their_own_where_stripe_does_not_tax() -> None:
    invoice = rated_draft(profile=UNTAXED).invoice
    part = invoice.lines[0].detailed[0]
    off = (AmountDiscount(DiscountReason.MAXIMUM_SPEND, Decimal(3)),)
    detail = part._replace(amount=Decimal(20), discounts=off, credits=Decimal("4.50"))
    line = replace(invoice.lines[0], detailed=(detail,), totals=totals_of([detail]))
    items = items_of(with_lines(invoice, [line]))
    assert [(item.type, item.amount) for item in items] == [
        (ItemType.LINE, 2000),
        (ItemType.DISCOUNT, -300),
        (ItemType.CREDIT, -450),
    ]


def many(lines: int, profile: Profile = UNTAXED) -> Invoice:
    """An invoice of so many lines, each of 20 less a discount of 3 and credit of 4.50."""
    invoice = rated_draft(profile=profile).invoice
    off = (AmountDiscount(DiscountReason.MAXIMUM_SPEND, Decimal(3)),)
    detail = invoice.lines[0].detailed[0]._replace(amount=Decimal(20), discounts=off, credits=Decimal("4.50"))
    line = replace(invoice.lines[0], detailed=(detail,), totals=totals_of([detail]))
    return with_lines(invoice, [replace(line, id=f"line-{number}") for number in range(lines)])


@pytest.mark.parametrize(("lines", "positions"), [(83, 249), (84, 84), (250, 250), (251, 251)])
def test_parts_of_lines_are_put_together_where_stripe_would_not_take_all_of_them(lines: int, positions: int) -> None:
    invoice = many(lines)
    items = items_of(invoice)
    assert (len(items), sum(item.amount for item in items)) == (positions, lines * 1250)
    assert {item.line_id for item in items} == {line.id for line in invoice.lines}
    is_together = positions == lines
    assert all((item.amount, item.part_id, item.key) == (1250, item.line_id, item.line_id) for item in items) is (
        is_together
    )


@pytest.mark.parametrize("is_taxed", [True, False])
def test_more_lines_than_stripe_takes_are_told_before_it_refuses_them(is_taxed: bool) -> None:
    profile = profile_with(tax_enabled=is_taxed)
    assert [issue.code for issue in issues_of_items(many(250, profile))] == []
    [issue] = issues_of_items(many(251, profile))
    assert (issue.code, issue.field, issue.severity) == ("too_many_lines", "/lines", Severity.CRITICAL)


def test_a_line_keeps_its_tax_settings_when_its_parts_are_put_together() -> None:
    default = {"behavior": "inclusive", "stripe": {"code": "txcd_10000000"}}
    items = items_of(many(251, profile_with(default_tax_config=default)))
    assert {(item.tax_behavior, item.tax_code) for item in items} == {("inclusive", "txcd_10000000")}


def test_a_lines_tax_settings_come_before_the_invoices() -> None:
    default = {"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}}
    invoice = rated_draft(profile=profile_with(default_tax_config=default)).invoice
    card = replace(invoice.lines[0].rate_card, tax_config={"behavior": "inclusive"})
    first, *others = items_of(replace(invoice, lines=(replace(invoice.lines[0], rate_card=card), *invoice.lines[1:])))
    assert (first.tax_behavior, first.tax_code) == ("inclusive", "txcd_10000000")
    assert {(item.tax_behavior, item.tax_code) for item in others} == {("exclusive", "txcd_10000000")}


def test_a_line_with_a_code_that_stripe_does_not_know_has_not_the_invoices() -> None:
    default = {"behavior": "exclusive", "taxCodeId": "d", "stripe": {"code": "txcd_10000000"}}
    invoice = rated_draft(profile=profile_with(default_tax_config=default)).invoice
    card = replace(invoice.lines[0].rate_card, tax_config={"taxCodeId": "c"})
    [first, *_] = items_of(replace(invoice, lines=(replace(invoice.lines[0], rate_card=card), *invoice.lines[1:])))
    assert (first.tax_behavior, first.tax_code) == ("exclusive", None)


def test_a_line_added_at_stripe_by_hand_is_not_ours_to_remove() -> None:
    items = items_of(rated_draft().invoice)
    stranger = Known("il_hand", 100, {})
    assert changes(items, [stranger]) == Changes(added=items)


def test_of_two_with_one_key_one_goes() -> None:
    [item, *_] = items_of(rated_draft().invoice)
    assert changes([item], [known("il_1", item), known("il_2", item)]) == Changes(removed=("il_2",))


def test_an_item_whose_tax_changed_is_removed_and_added() -> None:
    [item, *_] = items_of(rated_draft().invoice)
    taxed = replace(item, tax_behavior="inclusive")
    assert changes([taxed], [known("il_1", item)]) == Changes(removed=("il_1",), added=(taxed,))
    dearer = replace(item, amount=item.amount + 1)
    assert changes([dearer], [known("il_1", item)]) == Changes(changed=(("il_1", dearer),))


def test_a_part_of_a_day_to_pay_counts_as_a_whole() -> None:
    invoice = rated_draft().invoice
    assert days_until_due(invoice) == 30
    hours = replace(invoice, workflow=replace(invoice.workflow, due_after=type(invoice.workflow.due_after)("P1DT1H")))
    assert days_until_due(hours) == 2
    assert timedelta(days=days_until_due(hours)) > timedelta(days=1)
