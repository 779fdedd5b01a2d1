"""Unit costs on the wire, to the contract."""

from typing import Annotated, Literal, TypeVar

from pydantic import Field

from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, TokenType, ToldBy, UnitCost
from meterhouse.kernel.errors import Problems
from meterhouse.platform.wire import Name, Numeric, Wire

T = TypeVar("T", str, TokenType)


class FeatureManualUnitCost(Wire):
    type: Literal["manual"]
    amount: Annotated[Numeric, Field(ge=0)]


class FeatureLLMUnitCost(Wire):
    """Of each pair one is given: what it is, or the meter's group-by key under which events tell it.

    Beyond the contract: under which keys they tell how long their request was, and how it was processed.
    """

    type: Literal["llm"]
    provider: Name | None = None
    provider_property: Name | None = None
    model: Name | None = None
    model_property: Name | None = None
    token_type: TokenType | None = None
    token_type_property: Name | None = None
    input_tokens_property: Name | None = None
    processing_property: Name | None = None


FeatureUnitCost = Annotated[FeatureManualUnitCost | FeatureLLMUnitCost, Field(discriminator="type")]


def unit_cost_from_wire(wire: FeatureManualUnitCost | FeatureLLMUnitCost | None, problems: Problems) -> UnitCost | None:
    """The unit cost a request describes; None where there is none, or where it adds problems."""
    if wire is None:
        return None
    if isinstance(wire, FeatureManualUnitCost):
        return ManualUnitCost(wire.amount)
    provider = _either("provider", wire.provider, wire.provider_property, problems)
    model = _either("model", wire.model, wire.model_property, problems)
    token_type = _either("tokenType", wire.token_type, wire.token_type_property, problems)
    if provider is None or model is None or token_type is None:
        return None
    return LlmUnitCost(
        provider, model, token_type, _told_by(wire.input_tokens_property), _told_by(wire.processing_property)
    )


def unit_cost_to_wire(cost: UnitCost | None) -> FeatureManualUnitCost | FeatureLLMUnitCost | None:
    if cost is None:
        return None
    if isinstance(cost, ManualUnitCost):
        return FeatureManualUnitCost(type="manual", amount=cost.amount)
    return FeatureLLMUnitCost(
        type="llm",
        provider=_value(cost.provider),
        provider_property=_property(cost.provider),
        model=_value(cost.model),
        model_property=_property(cost.model),
        token_type=_value(cost.token_type),
        token_type_property=_property(cost.token_type),
        input_tokens_property=_property(cost.input_tokens),
        processing_property=_property(cost.processing),
    )


def _either(name: str, value: T | None, group_by_key: str | None, problems: Problems) -> T | ToldBy | None:
    if value is not None and group_by_key is not None:
        problems.add(f"/unitCost/{name}Property", "both_given", f"give {name} or {name}Property, not both")
        return None
    if group_by_key is not None:
        return ToldBy(group_by_key)
    if value is None:
        problems.add(f"/unitCost/{name}", "missing", f"give {name} or {name}Property")
    return value


def _value(told: T | ToldBy) -> T | None:
    return None if isinstance(told, ToldBy) else told


def _told_by(group_by_key: str | None) -> ToldBy | None:
    return None if group_by_key is None else ToldBy(group_by_key)


def _property(told: str | ToldBy | None) -> str | None:
    return told.group_by_key if isinstance(told, ToldBy) else None
