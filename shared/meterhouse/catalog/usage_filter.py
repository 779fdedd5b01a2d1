"""A feature's conditions as the filters of a usage query."""

from meterhouse.catalog.feature import GroupByFilters
from meterhouse.metering.filter import Filter, parse_filter


def usage_filters(conditions: GroupByFilters) -> dict[str, Filter]:
    """The filter on each group-by key; keys without a condition are left out."""
    return {key: parse_filter(condition) for key, condition in conditions.items() if condition}
