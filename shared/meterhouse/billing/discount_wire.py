"""What was taken off lines and detailed lines, as the contract writes it."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from meterhouse.billing.external_ids import USAGE, discount_id
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price_schema import (
    DiscountPercentage,
    DiscountsWire,
    DiscountUsage,
    Percentage,
    discounts_from_wire,
    discounts_to_wire,
)
from meterhouse.platform.wire import Numeric, Resource, Ulid, Wire
from meterhouse.rating.line import AmountDiscount, DetailedLine, DiscountReason
from meterhouse.rating.quantity import Quantities


class BillingDiscountPercentage(DiscountPercentage):
    correlation_id: Ulid | None = None


class BillingDiscountUsage(DiscountUsage):
    correlation_id: Ulid | None = None


class BillingDiscounts(DiscountsWire):
    """What is taken off a line's price, each linked to those of other invoices by whoever wrote the line."""

    percentage: BillingDiscountPercentage | None = None
    usage: BillingDiscountUsage | None = None


class MaximumSpendReason(Wire):
    type: Literal["maximum_spend"] = "maximum_spend"


class PercentageReason(Wire):
    type: Literal["ratecard_percentage"] = "ratecard_percentage"
    percentage: Percentage
    correlation_id: Ulid | None = None


class UsageReason(Wire):
    type: Literal["ratecard_usage"] = "ratecard_usage"
    quantity: Numeric
    correlation_id: Ulid | None = None


DiscountReasonWire = Annotated[MaximumSpendReason | PercentageReason | UsageReason, Field(discriminator="type")]


class PartExternalIds(Wire):
    """What the app calls a line, or what was taken off one."""

    invoicing: str


class AmountDiscountWire(Resource):
    external_ids: PartExternalIds | None = None
    reason: DiscountReasonWire
    amount: Numeric


class UsageDiscountWire(Resource):
    external_ids: PartExternalIds | None = None
    reason: DiscountReasonWire
    quantity: Numeric
    pre_line_period_quantity: Numeric | None = None


class LineDiscountsWire(Wire):
    amount: list[AmountDiscountWire] | None = None
    usage: list[UsageDiscountWire] | None = None


def discounts_from_line(wire: BillingDiscounts | None) -> Discounts:
    found = discounts_from_wire(wire)
    return (
        found if wire is None else replace(found, percentage_link=_link(wire.percentage), usage_link=_link(wire.usage))
    )


def _link(wire: BillingDiscountPercentage | BillingDiscountUsage | None) -> str | None:
    return None if wire is None else wire.correlation_id


def discounts_to_line(discounts: Discounts) -> BillingDiscounts | None:
    """The discounts as sent; None where there are none."""
    shown = discounts_to_wire(discounts)
    if shown is None:
        return None
    percentage, usage = shown.percentage, shown.usage
    return BillingDiscounts(
        percentage=None
        if percentage is None
        else BillingDiscountPercentage(percentage=percentage.percentage, correlation_id=discounts.percentage_link),
        usage=None
        if usage is None
        else BillingDiscountUsage(quantity=usage.quantity, correlation_id=discounts.usage_link),
    )


def usage_discounts(invoice: Invoice, line: Line, free: Quantities | None) -> LineDiscountsWire | None:
    """The units of a line that were free, and those of earlier lines of its full period; None where none were."""
    given = line.rate_card.discounts.usage
    if free is None or given is None or not free.of_line:
        return None
    shown = UsageDiscountWire(
        id=discount_id(line, USAGE),
        external_ids=part_external_ids(invoice, discount_id(line, USAGE)),
        reason=UsageReason(quantity=given, correlation_id=line.rate_card.discounts.usage_link),
        quantity=free.of_line,
        pre_line_period_quantity=free.before or None,
        created_at=line.created_at,
        updated_at=line.updated_at,
    )
    return LineDiscountsWire(usage=[shown])


def amount_discounts(invoice: Invoice, line: Line, part: DetailedLine) -> LineDiscountsWire | None:
    """What was taken off a detailed line; None where nothing was."""
    if not part.discounts:
        return None
    shown = [
        AmountDiscountWire(
            id=discount_id(line, part.key, taken.reason),
            external_ids=part_external_ids(invoice, discount_id(line, part.key, taken.reason)),
            reason=_reason(taken, line.rate_card.discounts),
            amount=taken.amount,
            created_at=line.created_at,
            updated_at=line.updated_at,
        )
        for taken in part.discounts
    ]
    return LineDiscountsWire(amount=shown)


def part_external_ids(invoice: Invoice, part_id: str) -> PartExternalIds | None:
    """What the app calls the part of this id, where it said so."""
    named = invoice.external_ids.get(part_id)
    return None if named is None else PartExternalIds(invoicing=named)


def _reason(taken: AmountDiscount, discounts: Discounts) -> MaximumSpendReason | PercentageReason:
    if taken.reason is DiscountReason.MAXIMUM_SPEND:
        return MaximumSpendReason()
    return PercentageReason(percentage=discounts.percentage or Decimal(0), correlation_id=discounts.percentage_link)
