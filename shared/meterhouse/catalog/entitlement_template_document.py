"""Entitlement templates as JSON documents, as they are stored."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, assert_never

from meterhouse.catalog.entitlement_template import (
    BooleanTemplate,
    EntitlementTemplate,
    MeteredTemplate,
    StaticTemplate,
)
from meterhouse.catalog.price_document import Document, as_given
from meterhouse.kernel.cadence import Cadence


def template_to_document(template: EntitlementTemplate) -> Document:
    metadata = dict(template.metadata)
    match template:
        case MeteredTemplate():
            issued, period = template.issue_after_reset, template.usage_period
            return {
                "type": "metered",
                "is_soft_limit": template.is_soft_limit,
                "issue_after_reset": None if issued is None else as_given(issued),
                "issue_priority": template.issue_priority,
                "preserve_overage_at_reset": template.preserve_overage_at_reset,
                "usage_period": None if period is None else period.iso(),
                "metadata": metadata,
            }
        case StaticTemplate():
            return {"type": "static", "config": template.config, "metadata": metadata}
        case BooleanTemplate():
            return {"type": "boolean", "metadata": metadata}
        case _:
            assert_never(template)


def template_from_document(document: Mapping[str, Any]) -> EntitlementTemplate:
    """The template of a stored document; `ValueError` for a type that was never written."""
    metadata = document["metadata"]
    match document["type"]:
        case "metered":
            issued, period = document["issue_after_reset"], document["usage_period"]
            return MeteredTemplate(
                is_soft_limit=document["is_soft_limit"],
                issue_after_reset=None if issued is None else Decimal(issued),
                issue_priority=document["issue_priority"],
                preserve_overage_at_reset=document["preserve_overage_at_reset"],
                usage_period=None if period is None else Cadence.parse(period),
                metadata=metadata,
            )
        case "static":
            return StaticTemplate(document["config"], metadata)
        case "boolean":
            return BooleanTemplate(metadata)
        case other:
            raise ValueError(f"{other!r} is no type of entitlement template")
