"""The use case of a cost query: what a feature's usage cost, in rows as they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from meterhouse.kernel.errors import NotFound
from meterhouse.llmcost.cost import Cost, Row
from meterhouse.llmcost.ports import LlmCostStore
from meterhouse.llmcost.priced_usage import PricedUsage, Reading
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import CUSTOMER, SUBJECT, UsageRow
from meterhouse.platform.work import Begin

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class CostRow:
    """What a group's usage cost in `[start, end)`; dimensions that its events lack are left out."""

    start: datetime
    end: datetime
    cost: Cost
    dimensions: Mapping[str, str] = field(default_factory=dict)


class QueryCost:
    def __init__(self, begin: Begin[LlmCostStore], usage: PricedUsage) -> None:
        self._begin = begin
        self._usage = usage

    def __call__(self, namespace: str, feature_id: str, asked: UsageAsked) -> list[CostRow]:
        """The rows of each window, the dearest first, those without a price last.

        Raises:
            NotFound: no such feature.
            InvalidInput: it costs nothing that is known; or as a usage query does.
            Unprocessable: more rows than a usage query may have.
        """
        with self._begin(namespace) as work:
            feature = work.store.features.by_ids([feature_id]).get(feature_id)
        if feature is None:
            raise NotFound("feature", feature_id)
        return _answer(asked, self._usage(namespace, feature, asked))


def _answer(asked: UsageAsked, reading: Reading) -> list[CostRow]:
    def row_of(row: UsageRow) -> Row:
        window = row.window_start.isoformat() if asked.window else None
        return window, *(_dimension(name, row, reading) for name in asked.groups)

    # of a window, or of all that was asked for: where it is cut by prices, no row is of a part
    spans: dict[str | None, tuple[datetime, datetime]] = {}
    for row in (one.row for one in reading.found):
        window = row_of(row)[0]
        start, end = spans.get(window, (row.window_start, row.window_end))
        spans[window] = min(start, row.window_start), max(end, row.window_end)
    if asked.window is None and spans:
        start, end = spans[None]
        spans[None] = asked.from_ or start, asked.to or end
    answer = [
        CostRow(*spans[key[0]], cost, {name: told for name, told in zip(asked.groups, key[1:], strict=True) if told})
        for key, cost in reading.costs(row_of).items()
    ]
    return sorted(answer, key=_dearest_first)


def _dimension(name: str, row: UsageRow, reading: Reading) -> str | None:
    if name == SUBJECT:
        return row.subject
    return reading.customer_of(row) if name == CUSTOMER else row.group_by[name]


def _dearest_first(row: CostRow) -> tuple[datetime, bool, Decimal, list[str]]:
    amount = row.cost.amount
    return row.start, amount is None, -(amount or _NOTHING), sorted(row.dimensions.values())
