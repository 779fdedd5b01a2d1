"""The use case of the margin report: revenue of issued invoices beside the cost of the usage."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from meterhouse.kernel.errors import Unprocessable
from meterhouse.llmcost.cost import Cost, Row
from meterhouse.llmcost.feature_life import Life, lives
from meterhouse.llmcost.margin import By, Margin, Of, Revenue, Spent, margins_of
from meterhouse.llmcost.ports import LlmCostStore
from meterhouse.llmcost.priced_usage import PricedUsage, Unpriceable
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import CUSTOMER, UsageRow
from meterhouse.platform.work import Begin

_NOTHING = Decimal(0)


class Revenues(Protocol):
    def __call__(self, namespace: str, from_: datetime, to: datetime) -> Sequence[Revenue]:
        """What issued invoices, less credit notes, charge for what begins in `[from_, to)`, by customer and feature."""


class ReportMargins:
    def __init__(self, begin: Begin[LlmCostStore], usage: PricedUsage, revenues: Revenues) -> None:
        self._begin = begin
        self._usage = usage
        self._revenues = revenues

    def __call__(self, namespace: str, from_: datetime, to: datetime, by: Collection[By]) -> list[Margin]:
        """What was sold in `[from_, to)` less what it cost: costs of all features that have a unit cost.

        Of a key that had several features each counts what was used while it was the key's.
        Usage of subjects of no customer costs, too; it brings nothing in. What a feature cost whose usage cannot be
        priced, or is in more rows than can be read at once, is not known, nor for whom.

        Raises:
            InvalidInput: `from_` is not before `to`.
        """
        with self._begin(namespace) as work:
            features = work.store.features.costed()
        spent = [one for life in lives(features, from_, to) for one in self._spent(namespace, life)]
        return margins_of(self._revenues(namespace, from_, to), spent, by)

    def _spent(self, namespace: str, life: Life) -> Iterator[Spent]:
        asked = UsageAsked(life.from_, life.to, group_by=(CUSTOMER,))
        try:
            reading = self._usage(namespace, life.feature, asked)
        except (Unpriceable, Unprocessable) as fault:
            yield Spent(Of(feature_key=life.feature.key), Cost(_NOTHING, None, details=(fault.detail,)))
            return

        def row_of(row: UsageRow) -> Row:
            return (reading.customer_of(row),)

        for (customer_id,), cost in reading.costs(row_of).items():
            yield Spent(Of(customer_id, life.feature.key), cost)
