"""Rate cards, phases and unit costs as JSON documents, as stored: decimals in strings, durations in ISO 8601."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from meterhouse.catalog.entitlement_template_document import template_from_document, template_to_document
from meterhouse.catalog.plan import PlanPhase
from meterhouse.catalog.price_document import (
    Document,
    discounts_from_document,
    discounts_to_document,
    price_from_document,
    price_to_document,
    unit_config_from_document,
    unit_config_to_document,
)
from meterhouse.catalog.rate_card import RateCard, RateCardType
from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy, UnitCost
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.currency import Currency


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
        # what was stored before there were prices in custom currencies has none, and neither has what is like it
        **({} if card.currency is None else {"currency": asdict(card.currency)}),
        "discounts": discounts_to_document(card.discounts),
        "unit_config": None if card.unit_config is None else unit_config_to_document(card.unit_config),
        "entitlement": None if card.entitlement is None else template_to_document(card.entitlement),
        "tax_config": card.tax_config,
        "metadata": dict(card.metadata),
    }


def rate_card_from_document(document: Mapping[str, Any]) -> RateCard:
    # rate cards that were stored before there were discounts, unit conversions and entitlements lack them
    price, unit_config, entitlement = document["price"], document.get("unit_config"), document.get("entitlement")
    currency = document.get("currency")
    return RateCard(
        type=RateCardType(document["type"]),
        key=document["key"],
        name=document["name"],
        description=document["description"],
        feature_key=document["feature_key"],
        billing_cadence=_cadence(document["billing_cadence"]),
        price=None if price is None else price_from_document(price),
        currency=None if currency is None else Currency(**currency),
        discounts=discounts_from_document(document.get("discounts", {})),
        unit_config=None if unit_config is None else unit_config_from_document(unit_config),
        entitlement=None if entitlement is None else template_from_document(entitlement),
        tax_config=document["tax_config"],
        metadata=document["metadata"],
    )


def unit_cost_to_document(cost: UnitCost) -> Document:
    if isinstance(cost, ManualUnitCost):
        return {"type": "manual", "amount": f"{cost.amount:f}"}
    told = {
        "provider": cost.provider,
        "model": cost.model,
        "token_type": cost.token_type,
        "input_tokens": cost.input_tokens,
        "processing": cost.processing,
    }
    return {"type": "llm"} | {
        name: {"group_by": value.group_by_key} if isinstance(value, ToldBy) else value
        for name, value in told.items()
        if value is not None
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
                _told_by(document.get("input_tokens")),
                _told_by(document.get("processing")),
            )
        case other:
            raise ValueError(f"{other!r} is no type of unit cost")


def _told(document: str | Mapping[str, str]) -> str | ToldBy:
    return document if isinstance(document, str) else ToldBy(document["group_by"])


def _told_by(document: Mapping[str, str] | None) -> ToldBy | None:
    return None if document is None else ToldBy(document["group_by"])


def _cadence(text: str | None) -> Cadence | None:
    return None if text is None else Cadence.parse(text)
