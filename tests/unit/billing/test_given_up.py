"""What of a fee in units counts as paid where what credit left of it is never charged for."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.line_keys import part_key
from meterhouse.billing.prepaid import Prepaid, less_given_up
from meterhouse.billing.unused import parted
from meterhouse.catalog.price import FlatPrice
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.target import TargetLine, target_lines
from tests.unit.subscriptions.samples import at, fee, subscription

AMOUNTS = st.decimals("0.001", 10_000, places=3)
APRIL, MIDDLE = Period(at("2024-04-01"), at("2024-05-01")), at("2024-04-16")


def asked(amount: Decimal) -> TargetLine:
    """The line that asks for a fee of April."""
    line, _may = target_lines(subscription("2024-04-01", [fee(amount=f"{amount}")]), at("2024-04-10"))
    return line


def paid(line: TargetLine, amount: Decimal) -> Prepaid:
    return Prepaid(line.key, "invoice", "CREDITS", amount, None, line.service_period, line.full_service_period)


def price_of(line: TargetLine) -> Decimal:
    assert isinstance(line.rate_card.price, FlatPrice)
    return line.rate_card.price.amount


@given(price=AMOUNTS, charged=AMOUNTS, share=st.decimals(0, 1, places=3))
def test_what_credit_bore_and_what_is_given_up_are_the_price_and_neither_is_below_nothing(
    price: Decimal, charged: Decimal, share: Decimal
) -> None:
    stands, gone = parted(paid(asked(price), price), charged, charged * share)
    assert stands.amount + gone.amount == price
    assert min(stands.amount, gone.amount) >= 0
    assert abs(stands.amount - price * share) <= Decimal("1e-12")


@given(price=AMOUNTS, share=st.decimals(0, 1, places=3))
def test_a_rest_of_the_period_charges_what_was_not_given_up_and_the_period_itself_its_price(
    price: Decimal, share: Decimal
) -> None:
    whole = asked(price)
    stands, gone = parted(paid(whole, price), price, price * share)
    rest = whole._replace(key=part_key(whole.key, MIDDLE, is_metered=False), service_period=Period(MIDDLE, APRIL.end))
    assert price_of(less_given_up(rest, [gone])) == stands.amount
    assert less_given_up(whole, [gone]) == whole
    assert less_given_up(rest, []) == rest
    other = replace(gone, key=f"other/{gone.key}")
    before = gone.at(Period(APRIL.start, MIDDLE), gone.amount)
    assert less_given_up(rest, [other, before]) == rest
