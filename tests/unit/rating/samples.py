"""Usage to rate, spelled out only where a test cares."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

from meterhouse.catalog.price import Price
from meterhouse.kernel.currency import currency
from meterhouse.kernel.period import Period
from meterhouse.rating.line import DetailedLine
from meterhouse.rating.numerals import plain
from meterhouse.rating.usage import WHOLE, Usage

DAY = Period(datetime(2021, 1, 1, tzinfo=UTC), datetime(2021, 1, 2, tzinfo=UTC))


def usage_of(
    price: Price,
    quantity: Decimal | int | str = 0,
    before: Decimal | int | str = 0,
    *,
    is_first: bool = True,
    is_last: bool = True,
    share: Fraction = WHOLE,
    code: str = "USD",
) -> Usage:
    return Usage(
        name="Departures",
        price=price,
        currency=currency(code),
        service_period=DAY,
        quantity=Decimal(quantity),
        quantity_before=Decimal(before),
        is_first=is_first,
        is_last=is_last,
        share=share,
    )


def told(line: DetailedLine) -> str:
    """A detailed line in a few words."""
    off = "".join(f" less {plain(taken.amount)}" for taken in line.discounts)
    return f"{line.key}: {plain(line.quantity)} x {plain(line.per_unit_amount)} = {plain(line.amount)}{off}"
