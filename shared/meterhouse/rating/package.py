"""Packages: each one begun is charged in full."""

from decimal import Decimal

from meterhouse.catalog.price import PackagePrice
from meterhouse.rating.part import Part, Span


def package_parts(price: PackagePrice, span: Span) -> list[Part]:
    """The packages that the line begins: those of the full period up to its end, less those up to its start."""
    before = packages(span.before, price.quantity_per_package)
    begun = packages(span.after, price.quantity_per_package) - before
    if not begun:
        return []
    return [Part("usage", f"{span.name}: usage in period", price.amount, Decimal(begun), Decimal(before))]


def packages(quantity: Decimal, size: Decimal) -> int:
    """How many packages of `size` units hold a quantity that is not below zero: the quotient, rounded up."""
    whole, rest = divmod(quantity, size)
    return int(whole) + bool(rest)
