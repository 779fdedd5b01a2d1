"""Discounts as sold with a price."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Discounts:
    """What is taken off a price; None: no such discount.

    Attributes:
        percentage: 0 to 100, off every amount.
        usage: units of each full period that are free, counted after any unit conversion.
        percentage_link, usage_link: ids of the author's own by which discounts of several invoices are told to be one.
    """

    percentage: Decimal | None = None
    usage: Decimal | None = None
    percentage_link: str | None = None
    usage_link: str | None = None


UNDISCOUNTED = Discounts()
