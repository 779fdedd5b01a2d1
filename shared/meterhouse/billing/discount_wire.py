"""What was taken off lines and detailed lines, as the contract writes it."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from meterhouse.billing.invoice import Line
from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price_schema import Percentage
from meterhouse.kernel.ids import derived_ulid
from meterhouse.platform.wire import Numeric, Resource, Wire
from meterhouse.rating.line import AmountDiscount, DetailedLine, DiscountReason
from meterhouse.rating.quantity import Quantities


class MaximumSpendReason(Wire):
    type: Literal["maximum_spend"] = "maximum_spend"


class PercentageReason(Wire):
    type: Literal["ratecard_percentage"] = "ratecard_percentage"
    percentage: Percentage


class UsageReason(Wire):
    type: Literal["ratecard_usage"] = "ratecard_usage"
    quantity: Numeric


DiscountReasonWire = Annotated[MaximumSpendReason | PercentageReason | UsageReason, Field(discriminator="type")]


class AmountDiscountWire(Resource):
    reason: DiscountReasonWire
    amount: Numeric


class UsageDiscountWire(Resource):
    reason: DiscountReasonWire
    quantity: Numeric
    pre_line_period_quantity: Numeric | None = None


class LineDiscountsWire(Wire):
    amount: list[AmountDiscountWire] | None = None
    usage: list[UsageDiscountWire] | None = None


def usage_discounts(line: Line, free: Quantities | None) -> LineDiscountsWire | None:
    """The units of a line that were free, and those of earlier lines of its full period; None where none were."""
    given = line.rate_card.discounts.usage
    if free is None or given is None or not free.of_line:
        return None
    shown = UsageDiscountWire(
        id=_id(line, "usage"),
        reason=UsageReason(quantity=given),
        quantity=free.of_line,
        pre_line_period_quantity=free.before or None,
        created_at=line.created_at,
        updated_at=line.updated_at,
    )
    return LineDiscountsWire(usage=[shown])


def amount_discounts(line: Line, part: DetailedLine) -> LineDiscountsWire | None:
    """What was taken off a detailed line; None where nothing was."""
    if not part.discounts:
        return None
    shown = [
        AmountDiscountWire(
            id=_id(line, part.key, taken.reason),
            reason=_reason(taken, line.rate_card.discounts),
            amount=taken.amount,
            created_at=line.created_at,
            updated_at=line.updated_at,
        )
        for taken in part.discounts
    ]
    return LineDiscountsWire(amount=shown)


def _reason(taken: AmountDiscount, discounts: Discounts) -> MaximumSpendReason | PercentageReason:
    if taken.reason is DiscountReason.MAXIMUM_SPEND:
        return MaximumSpendReason()
    return PercentageReason(percentage=discounts.percentage or Decimal(0))


def _id(line: Line, *parts: str) -> str:
    return derived_ulid(line.service_period.start, "line_discount", line.id, *parts)
