"""Any price, any usage: strategies for the rules that must hold of all of them."""

from decimal import Decimal
from fractions import Fraction

from hypothesis import strategies as st

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import (
    UNCOMMITTED,
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    PaymentTerm,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
    UsagePrice,
)
from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding
from meterhouse.kernel.currency import currency
from meterhouse.rating.conventions import Conventions, CutPeriod, FirstTierFlat, Fractions, RoundingPoint, UpTo
from meterhouse.rating.usage import WHOLE, Usage
from tests.unit.rating.samples import DAY

amounts = st.decimals(0, 1000, places=4)
quantities = st.decimals(0, 10_000, places=3)
percentages = st.decimals(0, 100, places=2)
currencies = st.sampled_from(["USD", "JPY", "KWD"]).map(currency)


@st.composite
def commitments(draw: st.DrawFn) -> Commitments:
    least, most = sorted((draw(amounts), draw(amounts)))
    return Commitments(*draw(st.sampled_from([(None, None), (least, None), (None, most), (least, most)])))


@st.composite
def tiered_prices(draw: st.DrawFn, modes: st.SearchStrategy[TierMode], bound: bool = True) -> TieredPrice:
    bounds = draw(st.lists(st.decimals("0.5", 5_000, places=1), max_size=4, unique=True))
    parts = st.none() | amounts
    tiers = tuple(Tier(up_to, draw(parts), draw(parts)) for up_to in [*sorted(bounds), None])
    return TieredPrice(draw(modes), tiers, draw(commitments()) if bound else UNCOMMITTED)


def usage_prices(bound: bool = True) -> st.SearchStrategy[UsagePrice]:
    """Prices for usage that are charged as it comes: all but volume."""
    committed = commitments() if bound else st.just(UNCOMMITTED)
    return st.one_of(
        st.builds(UnitPrice, amounts, committed),
        tiered_prices(st.just(TierMode.GRADUATED), bound),
        st.builds(PackagePrice, amounts, st.decimals("0.5", 1000, places=1), committed),
        st.builds(DynamicPrice, st.decimals(0, 10, places=5), committed),
    )


prices: st.SearchStrategy[Price] = st.one_of(
    usage_prices(), tiered_prices(st.just(TierMode.VOLUME)), st.builds(FlatPrice, amounts, st.sampled_from(PaymentTerm))
)
discounts = st.builds(Discounts, st.none() | percentages, st.none() | st.decimals("0.1", 5_000, places=1))
unit_configs = st.builds(
    UnitConfig,
    st.sampled_from(Operation),
    st.decimals("0.1", 2_000, places=1),
    st.sampled_from(UnitRounding),
    st.integers(0, 3),
    st.none() | st.just("GB"),
)
conventions = st.builds(
    Conventions,
    st.sampled_from(FirstTierFlat),
    st.sampled_from(UpTo),
    st.sampled_from(Fractions),
    st.sampled_from(RoundingPoint),
    st.sampled_from(CutPeriod),
)


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """Any line of any full period, corrections below zero too."""
    is_progressive = draw(st.booleans())
    return Usage(
        name=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=8)),
        price=draw(prices),
        currency=draw(currencies),
        service_period=DAY,
        quantity=draw(st.decimals(-5_000, 10_000, places=3)),
        quantity_before=draw(quantities) if is_progressive else Decimal(0),
        amount_before=draw(st.decimals(0, 2_000, places=2)),
        is_first=draw(st.booleans()),
        is_last=draw(st.booleans()),
        share=draw(st.just(WHOLE) | st.fractions(0, 1, max_denominator=31)),
        discounts=draw(discounts),
        unit_config=draw(st.none() | unit_configs),
        is_progressive=is_progressive,
        whole_period=draw(st.none() | st.just(DAY)),
        price_version=draw(st.sampled_from(["", 'a/"b"/v[1]'])),
        conventions=draw(conventions),
    )


def exact_sum(values: list[Decimal | Fraction]) -> Fraction:
    return sum((Fraction(value) for value in values), start=Fraction(0))
