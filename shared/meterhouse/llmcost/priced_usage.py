"""Usage with the prices of the time: read in parts between their changes, told by what prices are found by."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import Protocol

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.unit_cost import LlmUnitCost, ManualUnitCost, ToldBy, UnitCost
from meterhouse.catalog.usage_filter import usage_filters
from meterhouse.kernel.errors import InvalidInput, Problem, Problems
from meterhouse.llmcost.cost import Cost, Row, Used, costs_of, name_of
from meterhouse.llmcost.model_name import provider_id, seller_id
from meterhouse.llmcost.ports import LlmCostStore
from meterhouse.llmcost.price_book import Name, PriceBook
from meterhouse.metering.directory import Directory
from meterhouse.metering.filter import All, Filter
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageQuery, UsageRow
from meterhouse.platform.work import Begin


@dataclass(frozen=True, slots=True)
class Found:
    """A row of usage, read from `since` on: a window may begin before a price that holds for the rest of it."""

    since: datetime
    row: UsageRow

    @property
    def at(self) -> datetime:
        return max(self.since, self.row.window_start)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found of a feature, and what it takes to price it; `owners` are customers by subject."""

    unit_cost: UnitCost
    book: PriceBook
    found: Sequence[Found]
    owners: Mapping[str, str]

    def customer_of(self, row: UsageRow) -> str | None:
        return row.customer_id or self.owners.get(row.subject or "")

    def costs(self, row_of: Callable[[UsageRow], Row]) -> dict[Row, Cost]:
        """The costs of the rows that `row_of` makes."""
        used = (Used(one.row.value, row_of(one.row), one.at, one.row.group_by) for one in self.found)
        return costs_of(self.unit_cost, used, self.book)


class Unpriceable(InvalidInput):
    """The feature's usage cannot be priced, whatever is asked of it."""


class UsageStore(Protocol):
    def query(self, namespace: str, query: UsageQuery) -> Sequence[UsageRow]: ...


Understand = Callable[[str, str, UsageAsked], UsageQuery]
"""Of a namespace and a meter, what is asked, by meter, subjects and zone."""


class PricedUsage:
    def __init__(
        self, begin: Begin[LlmCostStore], directory: Directory, understand: Understand, usage: UsageStore
    ) -> None:
        self._begin = begin
        self._directory = directory
        self._understand = understand
        self._usage = usage

    def __call__(self, namespace: str, feature: Feature, asked: UsageAsked) -> Reading:
        """What is asked of the feature's usage; customers whom nobody named are told by their subjects.

        Raises:
            Unpriceable: it has no meter, no unit cost, or one of tokens on a meter whose parts do not sum.
            InvalidInput: it is to be told apart by lengths of requests; or as a usage query does.
            Unprocessable: more rows than a usage query may have.
        """
        unit_cost = _unit_cost(feature)
        _check_groups(unit_cost, asked)
        query = self._query(namespace, feature, asked)
        names = self._names(namespace, query, unit_cost)
        book = self._book(namespace, names)
        found = [
            Found(part.from_ or row.window_start, row)
            for part in _parts(query, unit_cost, book.changes(names), book.thresholds(names))
            for row in self._usage.query(namespace, part)
        ]
        return Reading(unit_cost, book, found, self._owners(namespace, asked, (one.row for one in found)))

    def _query(self, namespace: str, feature: Feature, asked: UsageAsked) -> UsageQuery:
        own = usage_filters(feature.spec.filters)
        group_by = [SUBJECT if name == CUSTOMER and not asked.customer_ids else name for name in asked.group_by]
        meter = feature.meter_id or ""
        query = self._understand(namespace, meter, replace(asked, group_by=tuple(group_by)))
        if isinstance(feature.spec.unit_cost, LlmUnitCost) and not query.meter.aggregation.is_summable:
            raise _unpriceable(f"feature {feature.key}: meter {query.meter.slug} is no sum, its tokens have no price")
        # added when the question is known to be sound: the meter of an archived feature may have lost its keys
        filters = {key: _both(own.get(key), asked.filters.get(key)) for key in {*own, *asked.filters}}
        query = replace(query, filters=filters)
        return query if query.meter.aggregation.is_summable else self._by_customers(namespace, query, asked)

    def _by_customers(self, namespace: str, query: UsageQuery, asked: UsageAsked) -> UsageQuery:
        """Customers are told apart by the store itself: the maxima of their subjects, say, make no sum."""
        if CUSTOMER not in asked.groups or asked.customer_ids:
            return query
        rows = self._usage.query(namespace, replace(query, group_by=(SUBJECT,), window=None))
        subjects = [row.subject for row in rows if row.subject is not None]
        owners = self._directory.customers_of(namespace, subjects)
        # subjects of nobody count together
        customers = {subject: owners.get(subject, "") for subject in subjects}
        return replace(query, group_by=asked.groups, customers=customers)

    def _names(self, namespace: str, query: UsageQuery, unit_cost: UnitCost) -> set[Name]:
        """What the usage calls its providers and models."""
        if isinstance(unit_cost, ManualUnitCost):
            return set()
        told = [one.group_by_key for one in (unit_cost.provider, unit_cost.model) if isinstance(one, ToldBy)]
        if not told:
            return {name_of(unit_cost, {})}
        rows = self._usage.query(namespace, replace(query, group_by=tuple(dict.fromkeys(told)), window=None))
        return {name_of(unit_cost, row.group_by) for row in rows}

    def _book(self, namespace: str, names: Iterable[Name]) -> PriceBook:
        providers = {provider_id(provider) for provider, _ in names}
        with self._begin(namespace) as work:
            return PriceBook(work.store.prices.of_providers({*providers, *map(seller_id, providers)}))

    def _owners(self, namespace: str, asked: UsageAsked, rows: Iterable[UsageRow]) -> Mapping[str, str]:
        if CUSTOMER not in asked.groups or asked.customer_ids:
            return {}
        return self._directory.customers_of(namespace, {row.subject for row in rows if row.subject is not None})


def _parts(
    query: UsageQuery, unit_cost: UnitCost, changes: Iterable[datetime], thresholds: tuple[int, ...]
) -> Iterator[UsageQuery]:
    """The query in the times between the changes, grouped by what prices are found by, too."""
    told = tuple(unit_cost.group_bys.values())
    key = unit_cost.input_tokens if isinstance(unit_cost, LlmUnitCost) else None
    group_by = tuple(dict.fromkeys((*query.group_by, *told)))
    # every length exceeds the first step: what exceeds none is no length
    steps = {} if key is None else {key.group_by_key: (-1, *thresholds)}
    cuts = [at for at in changes if (not query.from_ or query.from_ < at) and (not query.to or at < query.to)]
    for start, end in pairwise([query.from_, *cuts, query.to]):
        yield replace(query, from_=start, to=end, group_by=group_by, steps=steps)


def _check_groups(unit_cost: UnitCost, asked: UsageAsked) -> None:
    key = unit_cost.input_tokens if isinstance(unit_cost, LlmUnitCost) else None
    problems = Problems()
    for index, name in enumerate(asked.group_by):
        if key is not None and name == key.group_by_key:
            message = f"{name!r} tells lengths of requests, of which only the thresholds of prices are known"
            problems.add(f"/groupBy/{index}", "length_not_grouped", message)
    problems.raise_if_any("the costs cannot be told apart so")


def _both(one: Filter | None, other: Filter | None) -> Filter:
    return All(tuple(part for part in (one, other) if part is not None))


def _unit_cost(feature: Feature) -> UnitCost:
    if feature.meter_id is None or feature.spec.unit_cost is None:
        missing = "unit cost" if feature.meter_id else "meter"
        raise _unpriceable(f"feature {feature.key} has no {missing}: it costs nothing that is known")
    return feature.spec.unit_cost


def _unpriceable(why: str) -> Unpriceable:
    return Unpriceable(why, [Problem("path:feature_id", "no_cost", why)])
