"""Rate cards, phases and unit costs as JSON documents, as stored: decimals in strings, durations in ISO 8601."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from meterhouse.catalog.plan import PlanPhase
from meterhouse.catalog.price import FlatPrice, PaymentTerm, Price, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy, UnitCost
from meterhouse.kernel.cadence import Cadence

Document = dict[str, Any]


def phase_to_document(phase: PlanPhase) -> Document:
    return {
        "key": phase.key,
        "name": phase.name,
        "description": phase.description,
        "duration": phase.duration and phase.duration.iso(),
        "rate_cards": [rate_card_to_document(card) for card in phase.rate_cards],
        "metadata": dict(phase.metadata),
    }


def phase_from_document(document: Mapping[str, Any]) -> PlanPhase:
    return PlanPhase(
        key=document["key"],
        name=document["name"],
        description=document["description"],
        duration=_cadence(document["duration"]),
        rate_cards=tuple(rate_card_from_document(card) for card in document["rate_cards"]),
        metadata=document["metadata"],
    )


def rate_card_to_document(card: RateCard) -> Document:
    """The card as JSON; `rate_card_from_document` gives an equal card back."""
    return {
        "type": card.type.value,
        "key": card.key,
        "name": card.name,
        "description": card.description,
        "feature_key": card.feature_key,
        "billing_cadence": card.billing_cadence and card.billing_cadence.iso(),
        "price": None if card.price is None else price_to_document(card.price),
        "tax_config": card.tax_config,
        "metadata": dict(card.metadata),
    }


def rate_card_from_document(document: Mapping[str, Any]) -> RateCard:
    price = document["price"]
    return RateCard(
        type=RateCardType(document["type"]),
        key=document["key"],
        name=document["name"],
        description=document["description"],
        feature_key=document["feature_key"],
        billing_cadence=_cadence(document["billing_cadence"]),
        price=None if price is None else price_from_document(price),
        tax_config=document["tax_config"],
        metadata=document["metadata"],
    )


def price_to_document(price: Price) -> Document:
    if isinstance(price, FlatPrice):
        return {"type": "flat", "amount": f"{price.amount:f}", "payment_term": price.payment_term.value}
    if isinstance(price, UnitPrice):
        return {"type": "unit", "amount": f"{price.amount:f}"}
    return {"type": "tiered", "mode": price.mode.value, "tiers": [_tier_to_document(tier) for tier in price.tiers]}


def price_from_document(document: Mapping[str, Any]) -> Price:
    """The price of a stored document; `ValueError` for a type that was never written."""
    match document["type"]:
        case "flat":
            return FlatPrice(Decimal(document["amount"]), PaymentTerm(document["payment_term"]))
        case "unit":
            return UnitPrice(Decimal(document["amount"]))
        case "tiered":
            tiers = tuple(_tier_from_document(tier) for tier in document["tiers"])
            return TieredPrice(TierMode(document["mode"]), tiers)
        case other:
            raise ValueError(f"{other!r} is no type of price")


def unit_cost_to_document(cost: UnitCost) -> Document:
    if isinstance(cost, ManualUnitCost):
        return {"type": "manual", "amount": f"{cost.amount:f}"}
    told = {"provider": cost.provider, "model": cost.model, "token_type": cost.token_type}
    return {"type": "llm"} | {
        name: {"group_by": value.group_by_key} if isinstance(value, ToldBy) else value for name, value in told.items()
    }


def unit_cost_from_document(document: Mapping[str, Any]) -> UnitCost:
    """The unit cost of a stored document; `ValueError` for a type that was never written."""
    match document["type"]:
        case "manual":
            return ManualUnitCost(Decimal(document["amount"]))
        case "llm":
            token_type = _told(document["token_type"])
            return LlmUnitCost(
                _told(document["provider"]),
                _told(document["model"]),
                token_type if isinstance(token_type, ToldBy) else TokenType(token_type),
            )
        case other:
            raise ValueError(f"{other!r} is no type of unit cost")


def _told(document: str | Mapping[str, str]) -> str | ToldBy:
    return document if isinstance(document, str) else ToldBy(document["group_by"])


def _tier_to_document(tier: Tier) -> Document:
    parts = {"up_to": tier.up_to, "flat_amount": tier.flat_amount, "unit_amount": tier.unit_amount}
    return {name: None if value is None else f"{value:f}" for name, value in parts.items()}


def _tier_from_document(document: Mapping[str, Any]) -> Tier:
    return Tier(_decimal(document["up_to"]), _decimal(document["flat_amount"]), _decimal(document["unit_amount"]))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _cadence(text: str | None) -> Cadence | None:
    return None if text is None else Cadence.parse(text)
