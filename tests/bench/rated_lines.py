"""P14: rating an invoice's lines with their traces, against the bare Decimal arithmetic of the same lines."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

from meterhouse.catalog.discount import Discounts
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
from meterhouse.rating.rate import rate
from meterhouse.rating.usage import WHOLE, Usage
from tests.bench.measurement import Effort, Figure, Kind, Run, take_turns

_ROUNDS = {Effort.FULL: 200, Effort.SMALL: 3}
_CALLS = 20
_FLOOR = "bare Decimal arithmetic"
_DOLLAR = currency("USD")
_MONTH = Period(datetime(2025, 6, 1, tzinfo=UTC), datetime(2025, 7, 1, tzinfo=UTC))
_HALF_MONTH = Fraction(16, 30)
_ZERO, _ONE, _CENT, _PER_CENT = Decimal(0), Decimal(1), Decimal("0.01"), Decimal("0.01")
_ROUNDED = Context(prec=60, rounding=ROUND_HALF_UP)

_TIERS = (
    Tier(Decimal(1000), Decimal(10), Decimal("0.05")),
    Tier(Decimal(10_000), None, Decimal("0.0333")),
    Tier(Decimal(50_000), Decimal(25), Decimal("0.0275")),
    Tier(None, None, Decimal("0.02")),
)
_BOUNDED = Commitments(Decimal(100), Decimal(1500))
_TEN_PERCENT = Discounts(percentage=Decimal(10))
_GRADUATED = TieredPrice(TierMode.GRADUATED, _TIERS, _BOUNDED)
_VOLUME = TieredPrice(TierMode.VOLUME, _TIERS)
_UNIT = UnitPrice(Decimal("0.00123"), Commitments(minimum=Decimal(50)))
_PACKAGE = PackagePrice(Decimal(15), Decimal(1000))
_DYNAMIC = DynamicPrice(Decimal("1.0825"))
_FEE = FlatPrice(Decimal(99))


def _usage(price: Price, quantity: str, discounts: Discounts = Discounts(), share: Fraction = WHOLE) -> Usage:
    return Usage("API calls", price, _DOLLAR, _MONTH, Decimal(quantity), share=share, discounts=discounts)


_LINES = (
    _usage(_FEE, "1", share=_HALF_MONTH),
    _usage(_UNIT, "31415.926"),
    _usage(_GRADUATED, "61234.5", _TEN_PERCENT),
    _usage(_VOLUME, "12345.678"),
    _usage(_PACKAGE, "7400"),
    _usage(_DYNAMIC, "1234.56", _TEN_PERCENT),
    _usage(_UNIT, "250000", Discounts(usage=Decimal(100_000))),
)
"""What an invoice of a plan with every kind of price has."""


def measure(run: Run) -> list[Figure]:
    _check()
    rounds = run.track(range(_ROUNDS[run.effort]), "P14 rating with its trace")
    bare, rated, hashed, stored = (
        min(taken) for taken in take_turns(_bare, _rate, _hash, _store, rounds=rounds, calls=_CALLS)
    )
    work = f"rate {len(_LINES)} lines"
    return [
        Figure("P14", f"{work}, with their traces", Kind.RATIO, rated, _FLOOR, bare, 6),
        Figure("P14", f"{work}, hash", Kind.RATIO, hashed, _FLOOR, bare),
        Figure("P14", f"{work}, hash", Kind.RATIO, stored, _FLOOR, bare),
    ]


def _rate() -> list[str]:
    return [rate(line).trace.canonical for line in _LINES]


def _hash() -> list[str]:
    return [rate(line).trace.hash for line in _LINES]


def _store() -> list[object]:
    return [rate(line).trace.document() for line in _LINES]


def _check() -> None:
    """A fast wrong number fails the run."""
    ours = [rate(line).totals.total for line in _LINES]
    if ours != _bare():
        raise AssertionError(f"rated {ours}, by hand {_bare()}")


def _bare() -> list[Decimal]:
    """The totals of the lines as one would write them by hand: no objects, no names, no trace."""
    with localcontext(EXACT):
        return [
            _fee(_FEE.amount, _HALF_MONTH),
            _at_least(_cents(_ONE * Decimal("31415.926") * _UNIT.amount), Decimal(50)),
            _graduated(Decimal("61234.5")),
            _volume(Decimal("12345.678")),
            _packages(Decimal(7400)),
            _less_ten_percent(_cents(Decimal("1234.56") * _DYNAMIC.multiplier)),
            _at_least(_cents(max(Decimal(250_000) - Decimal(100_000), _ZERO) * _UNIT.amount), Decimal(50)),
        ]


def _cents(value: Decimal) -> Decimal:
    return round_half_away(value, 2)


def _fee(amount: Decimal, share: Fraction) -> Decimal:
    return round_fraction(Fraction(amount) * share, 2)


def _packages(quantity: Decimal) -> Decimal:
    whole, rest = divmod(quantity, _PACKAGE.quantity_per_package)
    return _cents((whole + bool(rest)) * _PACKAGE.amount)


def _less_ten_percent(amount: Decimal) -> Decimal:
    return amount - _cents(amount * Decimal(10) * _PER_CENT)


def _at_least(amount: Decimal, minimum: Decimal) -> Decimal:
    return amount + max(minimum - amount, _ZERO)


def _graduated(quantity: Decimal) -> Decimal:
    over, nets = _ZERO, []
    for tier in _TIERS:
        if quantity <= over:
            break
        inside = (quantity if tier.up_to is None else min(quantity, tier.up_to)) - over
        if tier.unit_amount is not None:
            nets.append(_less_ten_percent(_cents(inside * tier.unit_amount)))
        if tier.flat_amount is not None:
            nets.append(_less_ten_percent(_cents(_ONE * tier.flat_amount)))
        over = tier.up_to or quantity
    return _at_least(_at_most(nets, Decimal(1500)), Decimal(100))


def _at_most(nets: Sequence[Decimal], maximum: Decimal) -> Decimal:
    total = _ZERO
    for net in nets:
        total += net - max(total + net - maximum, _ZERO)
    return total


def _volume(quantity: Decimal) -> Decimal:
    for tier in _TIERS:
        if tier.up_to is None or quantity <= tier.up_to:
            flat = _cents(tier.flat_amount) if tier.flat_amount is not None else _ZERO
            return flat + (_cents(tier.unit_amount * quantity) if tier.unit_amount is not None else _ZERO)
    raise AssertionError("the last tier is open")
