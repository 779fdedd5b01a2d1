"""Features on the wire, to the contract."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from meterhouse.catalog.feature import Feature, FeatureSpec, GroupByFilters
from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.metering.filter_schema import FilterText
from meterhouse.platform.wire import Instant, Key, Metadata, Numeric, Ulid, Wire


def _manual(value: object) -> object:
    if isinstance(value, dict) and value.get("type") == "llm":
        raise PydanticCustomError("not_supported_yet", "unit costs of language models are not supported yet")
    return value


class FeatureManualUnitCost(Wire):
    type: Literal["manual"]
    amount: Annotated[Numeric, Field(ge=0)]


class FeatureCreateInputs(Wire):
    key: Key
    name: Annotated[str, Field(min_length=1, max_length=256)]
    metadata: Metadata | None = None
    meter_slug: Key | None = None
    meter_group_by_filters: dict[str, str] | None = None
    advanced_meter_group_by_filters: dict[str, FilterText] | None = None
    unit_cost: Annotated[FeatureManualUnitCost | None, BeforeValidator(_manual)] = None


class FeatureWire(FeatureCreateInputs):
    id: Ulid
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None = None


def feature_spec(wire: FeatureCreateInputs) -> FeatureSpec:
    """The spec a request describes.

    Raises:
        InvalidInput: both forms of filters are given and do not say the same.
    """
    return FeatureSpec(
        key=wire.key,
        name=wire.name,
        meter_slug=wire.meter_slug,
        filters=_filters(wire),
        unit_cost=None if wire.unit_cost is None else wire.unit_cost.amount,
        metadata=wire.metadata or {},
    )


def feature_wire(feature: Feature) -> FeatureWire:
    spec = feature.spec
    fields: dict[str, Any] = {
        "id": feature.id,
        "created_at": feature.created_at,
        "updated_at": feature.updated_at,
        "archived_at": feature.archived_at,
        "key": spec.key,
        "name": spec.name,
        "metadata": spec.metadata or None,
        "meter_slug": spec.meter_slug,
        "meter_group_by_filters": _simple(spec.filters),
        "advanced_meter_group_by_filters": spec.filters or None,
        "unit_cost": None if spec.unit_cost is None else {"type": "manual", "amount": spec.unit_cost},
    }
    return FeatureWire(**fields)


def _filters(wire: FeatureCreateInputs) -> dict[str, dict[str, Any]]:
    simple = {key: {"$eq": value} for key, value in (wire.meter_group_by_filters or {}).items()}
    if wire.advanced_meter_group_by_filters is None:
        return simple
    filters = wire.advanced_meter_group_by_filters.items()
    advanced = {key: one.model_dump(mode="json", by_alias=True) for key, one in filters}
    if simple and simple != advanced:
        message = "must say the same as advancedMeterGroupByFilters, or be left out"
        problem = Problem("/meterGroupByFilters", "filters_differ", message)
        raise InvalidInput("two kinds of filters contradict each other", [problem])
    return advanced


def _simple(filters: GroupByFilters) -> dict[str, str] | None:
    """The deprecated form, where it can say the same."""
    if not filters or any(not _is_equality(condition) for condition in filters.values()):
        return None
    return {key: condition["$eq"] for key, condition in filters.items()}


def _is_equality(condition: Mapping[str, Any]) -> bool:
    return condition.keys() == {"$eq"}
