"""An invoice as the items that Stripe is told, in an order that never changes."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from enum import StrEnum

from meterhouse.billing.external_ids import detailed_id, discount_id
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.taxes import tax_config_of
from meterhouse.kernel.period import Period
from meterhouse.kernel.rounding import EXACT
from meterhouse.payments.stripe_amounts import minor_units
from meterhouse.rating.line import Category, DetailedLine

LINE, ITEM, TYPE = "meterhouse_line", "meterhouse_item", "meterhouse_type"
CONTENT, TAX = "meterhouse_content", "meterhouse_tax"
"""Keys of an item's metadata."""

MOST_ITEMS = 250
"""What Stripe takes on an invoice."""

_LONGEST_DESCRIPTION = 500


class ItemType(StrEnum):
    LINE = "line"
    COMMITMENT = "commitment"
    DISCOUNT = "discount"
    CREDIT = "credit"
    TAX = "tax"


@dataclass(frozen=True, slots=True)
class Item:
    """One position on Stripe's invoice.

    Attributes:
        key: tells it apart from the others of its invoice, for ever.
        part_id: of what it stands for on our line; None: it stands for a part without an id.
        amount: in Stripe's units; what is taken off is negative.
        start: with `end`, what it charges for, in seconds since 1970.
        tax_behavior: inclusive or exclusive; None: as the Stripe account has it.
        tax_code: Stripe's; None: the account's.
    """

    key: str
    line_id: str
    type: ItemType
    amount: int
    description: str
    start: int
    end: int
    tax_behavior: str | None = None
    tax_code: str | None = None
    part_id: str | None = None

    @property
    def content(self) -> str:
        """Differs where anything that Stripe is told does."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:32]

    @property
    def tax(self) -> str:
        """Its tax settings as one text; empty where it has none of its own."""
        return f"{self.tax_behavior or ''} {self.tax_code or ''}".strip()

    @property
    def metadata(self) -> dict[str, str]:
        """Our ids, by which the item is known again."""
        return {LINE: self.line_id, ITEM: self.key, TYPE: self.type.value, CONTENT: self.content, TAX: self.tax}


def items_of(invoice: Invoice) -> tuple[Item, ...]:
    """Every position of the invoice, in the order of its lines.

    Stripe's automatic tax takes no negative item: with it each position is net of its discounts and credits.
    Otherwise these are items of their own, and so are taxes that the house worked out itself. Where these are more than
    Stripe takes, each line is one position with all that is its.

    Raises:
        NotRepresentable: an amount has digits that Stripe does not take.
    """
    parts = [tuple(_items_of(invoice, line)) for line in invoice.lines]
    if sum(map(len, parts)) > MOST_ITEMS:
        parts = [_together(line, items) for line, items in zip(invoice.lines, parts, strict=True)]
    return tuple(item for items in parts for item in items)


def _together(line: Line, items: tuple[Item, ...]) -> tuple[Item, ...]:
    if not items[1:]:
        return items
    start, end = _seconds(line.service_period)
    whole = replace(
        items[0],
        key=line.id,
        type=ItemType.LINE,
        amount=sum(item.amount for item in items),
        description=line.name[:_LONGEST_DESCRIPTION],
        start=start,
        end=end,
        part_id=line.id,
    )
    return (whole,)


def _items_of(invoice: Invoice, line: Line) -> Iterator[Item]:
    for detail in line.detailed:
        if invoice.workflow.tax_enabled:
            amount = EXACT.subtract(detail.net, detail.credits)
            yield _charge(invoice, line, detail, amount)
        else:
            yield from _apart(invoice, line, detail)
    on_top = line.totals.taxes_exclusive_total
    if on_top and not invoice.workflow.tax_enabled:
        yield _item(invoice, line, None, "taxes", ItemType.TAX, on_top, f"Tax: {line.name}")


def _apart(invoice: Invoice, line: Line, detail: DetailedLine) -> Iterator[Item]:
    yield _charge(invoice, line, detail, detail.amount)
    for discount in detail.discounts:
        key, name = f"{detail.key}/{discount.reason.value}", f"Discount: {detail.name}"
        item = _item(invoice, line, detail, key, ItemType.DISCOUNT, EXACT.minus(discount.amount), name)
        yield replace(item, part_id=discount_id(line, detail.key, discount.reason))
    if detail.credits:
        key, name = f"{detail.key}/credits", f"Credit: {detail.name}"
        yield _item(invoice, line, detail, key, ItemType.CREDIT, EXACT.minus(detail.credits), name)


def _charge(invoice: Invoice, line: Line, detail: DetailedLine, amount: Decimal) -> Item:
    item = _item(invoice, line, detail, detail.key, _type(detail), amount, _described(detail))
    return replace(item, part_id=detailed_id(line, detail.key))


def _item(
    invoice: Invoice,
    line: Line,
    detail: DetailedLine | None,
    key: str,
    kind: ItemType,
    amount: Decimal,
    name: str,
) -> Item:
    period = (detail.service_period if detail else None) or line.service_period
    behavior, code = tax_settings(invoice, line)
    start, end = _seconds(period)
    return Item(
        key=f"{line.id}/{key}",
        line_id=line.id,
        type=kind,
        amount=minor_units(amount, invoice.currency),
        description=name[:_LONGEST_DESCRIPTION],
        start=start,
        end=end,
        tax_behavior=behavior,
        tax_code=code,
    )


def tax_settings(invoice: Invoice, line: Line) -> tuple[str | None, str | None]:
    """Behaviour and Stripe's code: the line's, or else those of the invoice's workflow; nothing where tax is off."""
    if not invoice.workflow.tax_enabled:
        return None, None
    config = tax_config_of(line, invoice.workflow)
    return _text(config, "behavior"), _code(config)


def _code(config: Mapping[str, object]) -> str | None:
    stripe = config.get("stripe")
    return _text(stripe, "code") if isinstance(stripe, Mapping) else None


def _text(config: Mapping[str, object], name: str) -> str | None:
    value = config.get(name)
    return value if isinstance(value, str) else None


def _described(detail: DetailedLine) -> str:
    if detail.quantity == 1:
        return detail.name
    return f"{detail.name} ({detail.quantity:f} x {detail.per_unit_amount:f})"


def _type(detail: DetailedLine) -> ItemType:
    return ItemType.COMMITMENT if detail.category is Category.COMMITMENT else ItemType.LINE


def _seconds(period: Period) -> tuple[int, int]:
    return int(period.start.timestamp()), int(period.end.timestamp())
