"""Features on the wire, to the contract."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from meterhouse.catalog.feature import Feature, FeatureSpec, GroupByFilters
from meterhouse.catalog.unit_cost_schema import FeatureUnitCost, unit_cost_from_wire, unit_cost_to_wire
from meterhouse.kernel.errors import Problems
from meterhouse.metering.filter_schema import FilterText
from meterhouse.platform.wire import Instant, Key, Metadata, Ulid, Wire

_SIMPLE, _ADVANCED = "/meterGroupByFilters", "/advancedMeterGroupByFilters"


class FeatureCreateInputs(Wire):
    key: Key
    name: Annotated[str, Field(min_length=1, max_length=256)]
    metadata: Metadata | None = None
    meter_slug: Key | None = None
    meter_group_by_filters: dict[str, str] | None = None
    advanced_meter_group_by_filters: dict[str, FilterText] | None = None
    unit_cost: FeatureUnitCost | None = None


class FeatureWire(FeatureCreateInputs):
    id: Ulid
    created_at: Instant
    updated_at: Instant
    archived_at: Instant | None = None


def feature_spec(wire: FeatureCreateInputs) -> FeatureSpec:
    """The spec a request describes.

    Raises:
        InvalidInput: both forms of filters are given and do not say the same; of a pair of a language model's unit
            cost both or neither are given.
    """
    problems = Problems()
    spec = FeatureSpec(
        key=wire.key,
        name=wire.name,
        meter_slug=wire.meter_slug,
        filters=_filters(wire, problems),
        unit_cost=unit_cost_from_wire(wire.unit_cost, problems),
        metadata=wire.metadata or {},
    )
    problems.raise_if_any("the feature contradicts itself")
    return spec


def filters_at(wire: FeatureCreateInputs) -> str:
    """The pointer to the filters that count."""
    return _ADVANCED if wire.advanced_meter_group_by_filters else _SIMPLE


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
        "unit_cost": unit_cost_to_wire(spec.unit_cost),
    }
    return FeatureWire(**fields)


def _filters(wire: FeatureCreateInputs, problems: Problems) -> dict[str, dict[str, Any]]:
    """The filters in the advanced form; a form without a filter counts as left out."""
    simple = {key: {"$eq": value} for key, value in (wire.meter_group_by_filters or {}).items()}
    filters = (wire.advanced_meter_group_by_filters or {}).items()
    advanced = {key: one.model_dump(mode="json", by_alias=True) for key, one in filters}
    if simple and advanced and simple != advanced:
        message = "must say the same as advancedMeterGroupByFilters, or be left out"
        problems.add(_SIMPLE, "filters_differ", message)
    return advanced or simple


def _simple(filters: GroupByFilters) -> dict[str, str] | None:
    """The deprecated form, where it can say the same."""
    if not filters or any(not _is_equality(condition) for condition in filters.values()):
        return None
    return {key: condition["$eq"] for key, condition in filters.items()}


def _is_equality(condition: Mapping[str, Any]) -> bool:
    return condition.keys() == {"$eq"}
