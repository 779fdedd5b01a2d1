"""What a caller says of a line, what may be wrong with it, and the line that comes of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from meterhouse.billing.invoice import Invoice, Line, ManagedBy
from meterhouse.catalog.discount import UNDISCOUNTED, Discounts
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.price import FlatPrice, Price
from meterhouse.catalog.price_rules import price_problems
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.catalog.rate_card_rules import unsold
from meterhouse.kernel.errors import Problem
from meterhouse.kernel.period import Period

_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(5000, 1, 1, tzinfo=UTC)
"""Far from the calendar's end: collection, draft and payment periods are counted from a line's instants."""
OUT_OF_RANGE = "must lie in the years 1970 to 4999"
_WITHOUT_FEATURE = "manual"
_BY_HAND = "manual/"
"""How keys begin of lines that no subscription has."""


@dataclass(frozen=True, slots=True)
class LineSpec:
    """A line in a caller's words; nothing of it is checked yet.

    Attributes:
        start, end: of the service period.
        line_id: which line it is to become; None: a new one.
        card_field: where, below the line, its price, discounts and feature were given ("" for the line itself).
        tax_field: where its tax config was.
    """

    name: str
    start: datetime
    end: datetime
    invoice_at: datetime
    price: Price | None
    feature_key: str | None = None
    discounts: Discounts = UNDISCOUNTED
    tax_config: Mapping[str, object] | None = None
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    line_id: str | None = None
    card_field: str = "/rateCard"
    tax_field: str = "/rateCard"

    @property
    def card(self) -> RateCard:
        """The rate card of a line that no subscription has: charged once, under its feature's key."""
        return RateCard(
            type=RateCardType.FLAT_FEE if isinstance(self.price, FlatPrice) else RateCardType.USAGE_BASED,
            key=self.feature_key or _WITHOUT_FEATURE,
            name=self.name,
            price=self.price,
            billing_cadence=None,
            feature_key=self.feature_key,
            description=self.description,
            discounts=self.discounts,
            tax_config=self.tax_config,
            metadata=self.metadata,
        )


def problems_of(spec: LineSpec, known: KnownFeatures, at: str) -> Iterator[Problem]:
    """Everything that is wrong with a line at the JSON pointer `at`; `known` holds its feature, if there is one."""
    for name, instant in (("period/from", spec.start), ("period/to", spec.end), ("invoiceAt", spec.invoice_at)):
        if not is_in_range(instant):
            yield Problem(f"{at}/{name}", "out_of_range", OUT_OF_RANGE)
    if spec.start >= spec.end:
        yield Problem(f"{at}/period/to", "period_empty", "a period ends after it starts")
    card, card_at = spec.card, f"{at}{spec.card_field}"
    if card.price is None:
        yield Problem(f"{card_at}/price", "line_price_required", "a line has a price")
    yield from price_problems(card, card_at)
    yield from unsold(card, known, card_at)
    if card.is_metered and spec.invoice_at < spec.end:
        message = "usage is invoiced after its end: part of a period is not billed by hand"
        yield Problem(f"{at}/invoiceAt", "invoice_at_before_end", message)


def is_in_range(instant: datetime) -> bool:
    """Whether a line may have it."""
    return _FIRST <= instant < _LAST


def is_by_hand(line: Line) -> bool:
    """Whether a caller added the line, in whatever revision; one of a subscription that was edited is not by hand."""
    return line.key.startswith(_BY_HAND)


def manual_line(spec: LineSpec, line_id: str, staging: Invoice, known: KnownFeatures, now: datetime) -> Line:
    """The line, pending on a gathering invoice, that nobody but callers changes; `spec` is sound."""
    period = Period(spec.start, spec.end)
    return Line(
        id=line_id,
        key=f"{_BY_HAND}{line_id}",
        invoice_id=staging.id,
        customer_id=staging.customer_id,
        currency=staging.currency,
        name=spec.name,
        rate_card=spec.card,
        feature_id=feature_id_of(spec, known),
        service_period=period,
        full_service_period=period,
        billing_period=period,
        invoice_at=spec.invoice_at,
        is_prorated=False,
        managed_by=ManagedBy.MANUAL,
        created_at=now,
        updated_at=now,
    )


def feature_id_of(spec: LineSpec, known: KnownFeatures) -> str | None:
    """The feature that the key means today; later it may mean another."""
    return None if spec.feature_key is None else known.by_key[spec.feature_key].id
