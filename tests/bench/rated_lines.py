"""P14: rating an invoice's lines with their traces, against the bare Decimal arithmetic of the same lines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction

from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.price import (
    Commitments,
    DynamicPrice,
    FlatPrice,
    PackagePrice,
    Price,
    Tier,
    TieredPrice,
    TierMode,
    UnitPrice,
)
from meterhouse.kernel.currency import currency
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT, round_fraction, round_half_away
from meterhouse.rating.line import RatedLine
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import WHOLE, Usage
from tests.bench.measurement import Effort, Figure, Kind, Run, take_turns

_ROUNDS = {Effort.FULL: 300, Effort.SMALL: 3}
_CALLS = 20
_FLOOR = "bare Decimal arithmetic"
_DOLLAR = currency("USD")
_MONTH = Period(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
_HALF_MONTH = Fraction(16, 30)
_ZERO, _TENTH = Decimal(0), Decimal("0.1")

_TIERS = (
    Tier(Decimal(1000), Decimal(10), Decimal("0.05")),
    Tier(Decimal(10_000), None, Decimal("0.0333")),
    Tier(Decimal(50_000), Decimal(25), Decimal("0.0275")),
    Tier(None, None, Decimal("0.02")),
)
_TEN_PERCENT = Discounts(percentage=Decimal(10))
_FEE = FlatPrice(Decimal(99))
_UNIT = UnitPrice(Decimal("0.00123"), Commitments(minimum=Decimal(50)))
_GRADUATED = TieredPrice(TierMode.GRADUATED, _TIERS, Commitments(Decimal(100), Decimal(1500)))
_VOLUME = TieredPrice(TierMode.VOLUME, _TIERS)
_PACKAGE = PackagePrice(Decimal(15), Decimal(1000))
_DYNAMIC = DynamicPrice(Decimal("1.0825"))


def measure(run: Run) -> list[Figure]:
    lines = _lines()
    # a fast wrong number fails the run
    if [rate(line).totals.total for line in lines] != _bare():
        raise AssertionError("rating and the bare arithmetic come to different totals")
    rounds = run.track(range(_ROUNDS[run.effort]), "P14 rating with its trace")
    works = (_bare, lambda: _rated(lines), lambda: [line.trace.hash for line in _rated(lines)])
    floor, rated, written = (min(seconds) for seconds in take_turns(*works, rounds=rounds, calls=_CALLS))
    return [
        Figure("P14", f"rate {len(lines)} lines, each with its trace", Kind.RATIO, rated, _FLOOR, floor, 6),
        Figure("P14", "the same, every trace written as JSON and hashed", Kind.RATIO, written, _FLOOR, floor),
    ]


def _rated(lines: Sequence[Usage]) -> list[RatedLine]:
    return [rate(line) for line in lines]


def _lines() -> list[Usage]:
    """What an invoice of a plan with every kind of price has."""
    return [
        _usage(_FEE, "1", share=_HALF_MONTH),
        _usage(_UNIT, "31415.926"),
        _usage(_GRADUATED, "61234.5", _TEN_PERCENT),
        _usage(_VOLUME, "12345.678"),
        _usage(_PACKAGE, "7400"),
        _usage(_DYNAMIC, "1234.56", _TEN_PERCENT),
        _usage(_UNIT, "250000", Discounts(usage=Decimal(100_000))),
    ]


def _usage(price: Price, quantity: str, discounts: Discounts = UNDISCOUNTED, share: Fraction = WHOLE) -> Usage:
    return Usage("API calls", price, _DOLLAR, _MONTH, Decimal(quantity), share=share, discounts=discounts)


def _bare() -> list[Decimal]:
    """The totals of the same lines by the kernel's exact arithmetic and its rounding, and by nothing else."""
    with localcontext(EXACT):
        return [
            round_fraction(Fraction(_FEE.amount) * _HALF_MONTH, 2),
            _at_least(_cents(Decimal("31415.926") * _UNIT.amount), Decimal(50)),
            _graduated(Decimal("61234.5")),
            _volume(Decimal("12345.678")),
            _packages(Decimal(7400)),
            _less_a_tenth(_cents(Decimal("1234.56") * _DYNAMIC.multiplier)),
            _at_least(_cents(max(Decimal(250_000) - Decimal(100_000), _ZERO) * _UNIT.amount), Decimal(50)),
        ]


def _cents(value: Decimal) -> Decimal:
    return round_half_away(value, 2)


def _less_a_tenth(amount: Decimal) -> Decimal:
    return amount - _cents(amount * _TENTH)


def _at_least(amount: Decimal, minimum: Decimal) -> Decimal:
    return amount + max(minimum - amount, _ZERO)


def _packages(quantity: Decimal) -> Decimal:
    whole, rest = divmod(quantity, _PACKAGE.quantity_per_package)
    return _cents((whole + bool(rest)) * _PACKAGE.amount)


def _graduated(quantity: Decimal) -> Decimal:
    over, total, maximum = _ZERO, _ZERO, Decimal(1500)
    for tier in _TIERS:
        if quantity <= over:
            break
        inside = (quantity if tier.up_to is None else min(quantity, tier.up_to)) - over
        for amount in (tier.unit_amount and tier.unit_amount * inside, tier.flat_amount):
            if amount is not None:
                net = _less_a_tenth(_cents(amount))
                total += net - max(total + net - maximum, _ZERO)
        over = tier.up_to or quantity
    return _at_least(total, Decimal(100))


def _volume(quantity: Decimal) -> Decimal:
    tier = next(tier for tier in _TIERS if tier.up_to is None or quantity <= tier.up_to)
    return _cents(tier.flat_amount or _ZERO) + _cents((tier.unit_amount or _ZERO) * quantity)
