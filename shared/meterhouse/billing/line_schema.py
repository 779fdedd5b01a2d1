"""Lines that callers write: pending, supposed and edited ones, as the contract has them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field

from meterhouse.billing.discount_wire import BillingDiscounts, discounts_from_line
from meterhouse.billing.invoice_schema import InvoiceWire, LineWire
from meterhouse.billing.line_spec import LineSpec
from meterhouse.billing.simulation import Supposed
from meterhouse.catalog.price_schema import UsageBasedPrice, price_from_wire
from meterhouse.catalog.schema import TaxConfig
from meterhouse.kernel.errors import Problem, Problems
from meterhouse.platform.wire import (
    CurrencyCode,
    Description,
    Entries,
    Instant,
    Key,
    Metadata,
    Name,
    Numeric,
    PeriodWire,
    Ulid,
    Wire,
)

_OF_THE_CARD = ("price", "feature_key", "tax_config")
_NAMES = {"price": "price", "feature_key": "featureKey", "tax_config": "taxConfig"}


class CardInput(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"price"})

    price: UsageBasedPrice | None
    feature_key: Key | None = None
    tax_config: TaxConfig | None = None
    discounts: BillingDiscounts | None = None


class LineInput(Wire):
    """What the rate card says may, as in older clients, stand on the line itself."""

    name: Name
    description: Description | None = None
    metadata: Metadata | None = None
    period: PeriodWire
    invoice_at: Instant
    rate_card: CardInput | None = None
    tax_config: TaxConfig | None = None
    price: UsageBasedPrice | None = None
    feature_key: Key | None = None


class PendingLineCreate(LineInput):
    pass


class PendingLinesCreate(Wire):
    currency: CurrencyCode
    lines: Annotated[Entries[PendingLineCreate], Field(min_length=1)]


class PendingLinesCreated(Wire):
    lines: list[LineWire]
    invoice: InvoiceWire
    is_invoice_new: bool


class SupposedLine(LineInput):
    id: Ulid | None = None
    quantity: Numeric
    pre_line_period_quantity: Numeric = Decimal(0)


class Simulation(Wire):
    number: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    currency: CurrencyCode
    lines: Entries[SupposedLine]


class EditedLine(LineInput):
    id: Ulid | None = None


def specs_of(lines: Sequence[PendingLineCreate | SupposedLine | EditedLine]) -> list[LineSpec]:
    """What the callers say of each of the document's `lines`.

    Raises:
        InvalidInput: what stands on a line and on its rate card differs.
    """
    problems = Problems()
    for number, line in enumerate(lines):
        for fault in _differences(line, f"/lines/{number}"):
            problems.add(fault.field, fault.code, fault.message)
    problems.raise_if_any("lines contradict their rate cards")
    return [_spec(line) for line in lines]


def supposed_of(lines: Sequence[SupposedLine]) -> list[Supposed]:
    """As `specs_of`, with the units that each line would have used."""
    return [
        Supposed(spec, line.quantity, line.pre_line_period_quantity)
        for spec, line in zip(specs_of(lines), lines, strict=True)
    ]


def _differences(line: LineInput, at: str) -> list[Problem]:
    card = line.rate_card
    if card is None:
        return []
    # a card that says nothing of taxes contradicts nobody
    sent = [name for name in _OF_THE_CARD if getattr(line, name) is not None]
    compared = [name for name in sent if name != "tax_config" or card.tax_config is not None]
    differing = [name for name in compared if getattr(line, name) != getattr(card, name)]
    message = "differs from the rate card's: leave it out"
    return [Problem(f"{at}/{_NAMES[name]}", "line_differs_from_rate_card", message) for name in differing]


def _spec(line: PendingLineCreate | SupposedLine | EditedLine) -> LineSpec:
    card = line.rate_card or line
    taxed = line if card.tax_config is None else card
    return LineSpec(
        name=line.name,
        start=line.period.from_,
        end=line.period.to,
        invoice_at=line.invoice_at,
        price=None if card.price is None else price_from_wire(card.price),
        feature_key=card.feature_key,
        discounts=discounts_from_line(None if line.rate_card is None else line.rate_card.discounts),
        tax_config=None if taxed.tax_config is None else taxed.tax_config.model_dump(mode="json", by_alias=True),
        description=line.description,
        metadata=line.metadata or {},
        line_id=None if isinstance(line, PendingLineCreate) else line.id,
        card_field="" if line.rate_card is None else "/rateCard",
        tax_field="" if taxed is line else "/rateCard",
    )
