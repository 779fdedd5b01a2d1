"""What credit bears of a rated line goes to its detailed lines in their order, to the cent."""

from dataclasses import replace
from decimal import Decimal
from itertools import dropwhile

from hypothesis import given, settings
from hypothesis import strategies as st

from meterhouse.billing.burn_lines import in_order_of_burning
from meterhouse.billing.collection import rated, with_lines
from meterhouse.billing.credits import charge_of, charges_of, credited, credited_line, used_at
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Line
from meterhouse.billing.profile import Workflow
from meterhouse.catalog.price import PaymentTerm
from meterhouse.ledger.book import Collected
from meterhouse.ledger.charge import Allocation
from meterhouse.rating.line import Totals
from tests.unit.billing.samples import NOW, metered, pending, rated_draft, tiers
from tests.unit.subscriptions.samples import at, fee


def tiered(quantity: str = "30") -> Line:
    """January's usage of a graduated price, in three detailed lines."""
    [line, *_] = pending(metered(price=tiers()))
    return rated(line, Decimal(quantity), Workflow(), NOW)


def borne(line: Line, *amounts: Decimal) -> Line:
    charge = charge_of(line, "7")
    allocations = tuple(Allocation(f"grant-{number}", amount, NOW) for number, amount in enumerate(amounts))
    return credited_line(line, {charge.key: Collected(allocations, Decimal(0))}, "7")


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 60), st.integers(1, 100), st.integers(1, 99))
def test_what_is_borne_is_divided_exactly_and_nothing_is_borne_twice(units: int, share: int, first: int) -> None:
    line = tiered(str(units))
    total = line.totals.charged
    part = (total * share / 100).quantize(Decimal("0.01"))
    one = (part * first / 100).quantize(Decimal("0.01"))
    after = borne(line, *(amount for amount in (one, part - one) if amount))

    assert after.totals.credits_total == part == sum(piece.credits for piece in after.detailed)
    assert after.totals.total == total - part
    assert all(0 <= piece.credits <= piece.net for piece in after.detailed)
    # the first are borne in full before the next is borne at all
    rest = list(dropwhile(lambda piece: piece.credits == piece.net, after.detailed))
    assert not any(piece.credits for piece in rest[1:])


def test_a_line_rated_again_bears_nothing_of_before() -> None:
    line = borne(tiered(), Decimal(3))
    again = credited_line(rated(line, Decimal(30), Workflow(), NOW), {}, "8")
    assert not again.credits
    assert again.totals.credits_total == 0


def test_usage_is_borne_by_the_credit_of_its_last_instant_and_a_fee_by_that_of_when_it_is_due() -> None:
    usage, *_ = [line for line in pending() if line.rate_card.is_metered]
    january, *_ = [line for line in pending(fee()) if not line.rate_card.is_metered]
    assert used_at(usage) == at("2024-01-31T23:59:59.999999Z")
    assert used_at(january) == at("2024-01-01")
    assert used_at(replace(january, invoice_at=at("2024-01-20"))) == at("2024-01-01")


def test_a_fee_by_hand_that_is_due_before_it_is_served_is_borne_by_the_credit_of_when_it_is_due() -> None:
    [served, *_] = pending(fee(term=PaymentTerm.IN_ARREARS))
    added = replace(served, key="manual/setup")
    assert used_at(added) == at("2024-01-31T23:59:59.999999Z")
    assert used_at(replace(added, invoice_at=at("2024-01-20"))) == at("2024-01-20")
    assert used_at(replace(added, invoice_at=at("2024-03-01"))) == at("2024-01-31T23:59:59.999999Z")


def test_usage_and_fees_of_subscriptions_are_borne_by_the_credit_of_their_time_whenever_they_are_due() -> None:
    [usage, *_] = pending(metered())
    [served, *_] = pending(fee(term=PaymentTerm.IN_ARREARS))
    for line in (usage, served, replace(usage, key="manual/usage")):
        assert used_at(replace(line, invoice_at=at("2024-01-20"))) == at("2024-01-31T23:59:59.999999Z")


def test_lines_that_are_burnt_alone_are_burnt_by_their_keys_whatever_their_ids() -> None:
    due = [line for line in pending(metered("a"), metered("b")) if line.service_period.start == at("2024-01-01")]
    lines = [replace(line, id={"a": "2", "b": "1"}[line.rate_card.key]) for line in due]
    ordered = in_order_of_burning(lines, {"1": NOW, "2": NOW})
    assert [line.rate_card.key for line in ordered] == ["a", "b"]


def test_an_invoice_whose_credit_differs_from_what_bears_it_is_never_issued() -> None:
    invoice = rated_draft().invoice
    charge = charge_of(invoice.lines[0], f"{invoice.step}")
    collected = {charge.key: Collected((Allocation("grant", Decimal(2), NOW),), Decimal(0))}
    sound = credited(invoice, collected)
    assert issues_of(sound) == ()
    broken = replace(sound, lines=(replace(sound.lines[0], credits=()), *sound.lines[1:]))
    assert [issue.code for issue in issues_of(broken)] == ["line_credits_differ"]


@given(st.lists(st.integers(-100, 100), max_size=5))
def test_credit_bears_no_more_than_all_lines_come_to_together(amounts: list[int]) -> None:
    draft = rated_draft().invoice
    usage = draft.lines[0]
    lines = [replace(usage, id=f"{number}", totals=Totals(Decimal(one))) for number, one in enumerate(amounts)]
    charged = [charge.amount for charge in charges_of(with_lines(draft, lines))]
    assert sum(charged) == min(max(sum(amounts), 0), sum(one for one in amounts if one > 0))
    assert all(amount > 0 for amount in charged)


def test_credit_bought_on_the_invoice_is_paid_whatever_other_lines_take_off() -> None:
    draft = rated_draft().invoice
    usage = draft.lines[0]
    lines = [
        replace(usage, id="service", totals=Totals(Decimal(100))),
        replace(usage, id="less", totals=Totals(Decimal(-40))),
        replace(usage, id="bought", totals=Totals(Decimal(25)), grant_id="grant"),
    ]
    assert [charge.amount for charge in charges_of(with_lines(draft, lines))] == [60]
