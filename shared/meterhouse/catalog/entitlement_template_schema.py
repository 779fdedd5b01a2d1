"""Entitlement templates on the wire, to the contract; the rooms above reuse the kinds of fields they are made of."""

import json
from typing import Annotated, Literal, assert_never

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.catalog.duration_schema import Duration
from meterhouse.catalog.entitlement_template import (
    BooleanTemplate,
    EntitlementTemplate,
    MeteredTemplate,
    StaticTemplate,
)
from meterhouse.metering.aggregation import DECIMALS
from meterhouse.platform.http import decode_json
from meterhouse.platform.wire import Flag, JsonNumber, Metadata, Whole, Wire

_WHOLE_DIGITS = 20
_LONGEST_CONFIG = 65_536


def _json_text(text: str) -> str:
    try:
        decode_json(text)
    except json.JSONDecodeError as error:
        raise PydanticCustomError("json_text", "must be JSON: {reason}", {"reason": str(error)}) from None
    return text


UsageAmount = Annotated[
    JsonNumber,
    Field(ge=0, max_digits=_WHOLE_DIGITS + DECIMALS, decimal_places=DECIMALS),
    WithJsonSchema({"type": "number", "minimum": 0, "exclusiveMaximum": 10**_WHOLE_DIGITS}),
]
"""Less than 10^20, of at most 18 decimals: what meters measure in. Whole ones are exact on the wire."""
Priority = Annotated[Whole, Field(ge=1, le=255)]
JsonText = Annotated[
    str,
    StringConstraints(max_length=_LONGEST_CONFIG),
    AfterValidator(_json_text),
    Field(json_schema_extra={"format": "json"}),
]
"""JSON inside a string, kept as it was written; no longer than a row well holds, the contract sets no limit."""


class RateCardMeteredEntitlement(Wire):
    metadata: Metadata | None = None
    type: Literal["metered"]
    is_soft_limit: Flag = False
    issue_after_reset: UsageAmount | None = None
    issue_after_reset_priority: Priority = 1
    preserve_overage_at_reset: Flag = False
    usage_period: Duration | None = None


class RateCardStaticEntitlement(Wire):
    metadata: Metadata | None = None
    type: Literal["static"]
    config: JsonText


class RateCardBooleanEntitlement(Wire):
    metadata: Metadata | None = None
    type: Literal["boolean"]


TemplateWire = RateCardMeteredEntitlement | RateCardStaticEntitlement | RateCardBooleanEntitlement
RateCardEntitlement = Annotated[TemplateWire, Field(discriminator="type")]


def template_from_wire(wire: TemplateWire) -> EntitlementTemplate:
    metadata = wire.metadata or {}
    match wire:
        case RateCardMeteredEntitlement():
            return MeteredTemplate(
                is_soft_limit=wire.is_soft_limit,
                issue_after_reset=wire.issue_after_reset,
                issue_priority=wire.issue_after_reset_priority,
                preserve_overage_at_reset=wire.preserve_overage_at_reset,
                usage_period=wire.usage_period,
                metadata=metadata,
            )
        case RateCardStaticEntitlement():
            return StaticTemplate(wire.config, metadata)
        case RateCardBooleanEntitlement():
            return BooleanTemplate(metadata)
        case _:
            assert_never(wire)


def template_to_wire(template: EntitlementTemplate) -> TemplateWire:
    metadata = dict(template.metadata) or None
    match template:
        case MeteredTemplate():
            return RateCardMeteredEntitlement(
                type="metered",
                is_soft_limit=template.is_soft_limit,
                issue_after_reset=template.issue_after_reset,
                issue_after_reset_priority=template.issue_priority,
                preserve_overage_at_reset=template.preserve_overage_at_reset,
                usage_period=template.usage_period,
                metadata=metadata,
            )
        case StaticTemplate():
            return RateCardStaticEntitlement(type="static", config=template.config, metadata=metadata)
        case BooleanTemplate():
            return RateCardBooleanEntitlement(type="boolean", metadata=metadata)
        case _:
            assert_never(template)
