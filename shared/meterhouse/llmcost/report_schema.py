"""Margins and models without a price on the wire; ours, beside the contract."""

from typing import ClassVar

from meterhouse.llmcost.margin import Margin
from meterhouse.llmcost.unknown_models import UnknownModel
from meterhouse.platform.wire import CurrencyCode, Numeric, Ulid, Wire


class MarginRow(Wire):
    nullable: ClassVar[frozenset[str]] = frozenset({"cost", "margin"})

    customer_id: Ulid | None = None
    feature_key: str | None = None
    currency: CurrencyCode
    revenue: Numeric
    cost: Numeric | None
    margin: Numeric | None
    margin_percentage: Numeric | None = None
    detail: str | None = None


class MarginReport(Wire):
    items: list[MarginRow]


class UnknownModelWire(Wire):
    feature_id: Ulid
    feature_key: str
    provider: str
    model: str
    usage: Numeric
    detail: str


class UnknownModels(Wire):
    items: list[UnknownModelWire]


def margin_row(margin: Margin) -> MarginRow:
    return MarginRow(
        customer_id=margin.of.customer_id,
        feature_key=margin.of.feature_key,
        currency=margin.currency,
        revenue=margin.revenue,
        cost=margin.cost,
        margin=margin.amount,
        margin_percentage=margin.percentage,
        detail="; ".join(margin.details) or None,
    )


def unknown_model_wire(one: UnknownModel) -> UnknownModelWire:
    return UnknownModelWire(
        feature_id=one.feature_id,
        feature_key=one.feature_key,
        provider=one.provider,
        model=one.model,
        usage=one.usage,
        detail="; ".join(one.reasons),
    )
