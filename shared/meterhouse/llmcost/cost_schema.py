"""Cost queries on the wire, to the contract's third version."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from meterhouse.kernel.errors import InvalidInput, Problems
from meterhouse.llmcost.query_cost import CostRow
from meterhouse.metering.filter import All, AnyOf, Filter, parse_filter
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import CUSTOMER, SUBJECT, WindowSize
from meterhouse.metering.usage_schema import Texts
from meterhouse.platform.wire import CurrencyCode, Flag, Instant, Numeric, SnakeWire

_Values = Annotated[list[str], Field(min_length=1, max_length=100)]


class Granularity(StrEnum):
    MINUTE = "PT1M"
    HOUR = "PT1H"
    DAY = "P1D"
    MONTH = "P1M"


_WINDOWS = {
    Granularity.MINUTE: WindowSize.MINUTE,
    Granularity.HOUR: WindowSize.HOUR,
    Granularity.DAY: WindowSize.DAY,
    Granularity.MONTH: WindowSize.MONTH,
}
_NAMES = {
    "/groupBy": "/group_by_dimensions",
    "/windowTimeZone": "/time_zone",
    "/windowSize": "/granularity",
    "/advancedMeterGroupByFilters": "/filters/dimensions",
}
"""What usage queries call by other names, in the first version."""
_CUSTOMERS = "/filterCustomerId"
_SPECIAL = re.compile(r"[%_\\]")


class QueryFilterString(SnakeWire):
    """Conditions on a text; all that are given must hold."""

    exists: Flag | None = None
    eq: str | None = None
    neq: str | None = None
    in_: _Values | None = Field(default=None, alias="in")
    nin: _Values | None = None
    contains: str | None = None
    ncontains: str | None = None
    and_: "Annotated[list[QueryFilterString], Field(min_length=1, max_length=10)] | None" = Field(
        default=None, alias="and"
    )
    or_: "Annotated[list[QueryFilterString], Field(min_length=1, max_length=10)] | None" = Field(
        default=None, alias="or"
    )

    def filter(self) -> Filter:
        parts: list[dict[str, Any]] = [
            {"$eq": self.eq, "$ne": self.neq, "$in": self.in_, "$nin": self.nin},
            {"$like": _containing(self.contains), "$nlike": _containing(self.ncontains)},
        ]
        if self.exists is not None:
            # events that lack the property have the empty text
            parts.append({"$ne" if self.exists else "$eq": ""})
        inner = (parse_filter({"$and": parts}), *(one.filter() for one in self.and_ or ()))
        return All((*inner, AnyOf(tuple(one.filter() for one in self.or_)))) if self.or_ else All(inner)

    def values(self) -> tuple[str, ...] | None:
        """What it names, where it does nothing but name; None else."""
        given = self.model_dump(exclude_none=True)
        if given.keys() == {"eq"} and self.eq is not None:
            return (self.eq,)
        return tuple(self.in_) if given.keys() == {"in_"} and self.in_ is not None else None


class MeterQueryFilters(SnakeWire):
    dimensions: Annotated[dict[str, QueryFilterString], Field(max_length=10)] | None = None


class CostQueryRequest(SnakeWire):
    """The contract's `MeterQueryRequest` of its third version."""

    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    granularity: Granularity | None = None
    time_zone: str = "UTC"
    group_by_dimensions: Texts | None = None
    filters: MeterQueryFilters | None = None

    def asked(self) -> UsageAsked:
        """What is asked.

        Raises:
            InvalidInput: subjects or customers are to be found by more than their names.
        """
        wanted = dict((self.filters and self.filters.dimensions) or {})
        problems = Problems()
        subjects, customers = (_named(name, wanted.pop(name, None), problems) for name in (SUBJECT, CUSTOMER))
        problems.raise_if_any("the cost query cannot be answered")
        return UsageAsked(
            from_=self.from_,
            to=self.to,
            window=None if self.granularity is None else _WINDOWS[self.granularity],
            time_zone=self.time_zone,
            subjects=subjects,
            customer_ids=customers,
            group_by=tuple(self.group_by_dimensions or ()),
            filters={name: one.filter() for name, one in wanted.items()},
        )


class FeatureCostQueryRow(SnakeWire):
    nullable = frozenset({"cost"})

    usage: Numeric
    cost: Numeric | None
    currency: CurrencyCode
    detail: str | None = None
    from_: Instant = Field(alias="from")
    to: Instant
    dimensions: dict[str, str]


class FeatureCostQueryResult(SnakeWire):
    from_: Instant | None = Field(default=None, alias="from")
    to: Instant | None = None
    data: list[FeatureCostQueryRow]


def cost_result(request: CostQueryRequest, rows: Iterable[CostRow]) -> FeatureCostQueryResult:
    data = [
        FeatureCostQueryRow(
            usage=row.cost.quantity,
            cost=row.cost.amount,
            currency=row.cost.currency,
            detail="; ".join(row.cost.details) or None,
            dimensions=dict(row.dimensions),
            **_period(row.start, row.end),
        )
        for row in rows
    ]
    return FeatureCostQueryResult(data=data, **_period(request.from_, request.to))


def named_here(fault: InvalidInput) -> InvalidInput:
    """A fault that a usage query has, with its fields as a cost query calls them."""
    return InvalidInput(fault.detail, [replace(one, field=_name(one.field)) for one in fault.problems])


def _name(field: str) -> str:
    if field.startswith(_CUSTOMERS):
        return f"/filters/dimensions/{CUSTOMER}"
    known = next((name for name in _NAMES if field == name or field.startswith(f"{name}/")), "")
    return _NAMES.get(known, "") + field.removeprefix(known)


def _period(start: datetime | None, end: datetime | None) -> dict[str, Any]:
    return {"from": start, "to": end}


def _named(name: str, wanted: QueryFilterString | None, problems: Problems) -> tuple[str, ...] | None:
    if wanted is None:
        return None
    values = wanted.values()
    if values is None:
        problems.add(f"/filters/dimensions/{name}", "unsupported_filter", "eq or in alone find subjects and customers")
    return values


def _containing(text: str | None) -> str | None:
    if text is None:
        return None
    plain = _SPECIAL.sub(lambda found: f"\\{found[0]}", text)
    return f"%{plain}%"
