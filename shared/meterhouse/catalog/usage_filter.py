"""A feature's conditions as the filters of a usage query."""

from collections.abc import Iterator, Mapping
from typing import Any

from meterhouse.catalog.feature import GroupByFilters
from meterhouse.metering.filters import AllOf, AnyOf, Comparison, Filter, Operator


def usage_filters(conditions: GroupByFilters) -> dict[str, Filter]:
    """The filter on each group-by key; keys without a condition are left out."""
    return {key: filter_of(condition) for key, condition in conditions.items() if condition}


def filter_of(condition: Mapping[str, Any]) -> Filter:
    """The filter that a stored FilterString (`{"$in": […]}`, `{"$or": [{…}, …]}`) stands for; all its parts hold."""
    parts = tuple(_parts(condition))
    return parts[0] if len(parts) == 1 else AllOf(parts)


def _parts(condition: Mapping[str, Any]) -> Iterator[Filter]:
    for name, value in condition.items():
        if name == "$and":
            yield AllOf(tuple(filter_of(part) for part in value))
        elif name == "$or":
            yield AnyOf(tuple(filter_of(part) for part in value))
        else:
            yield Comparison(Operator(name), tuple(value) if isinstance(value, list) else (value,))
