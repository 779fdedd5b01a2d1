"""Models that were used and of which no price is known: their usage waits, at no cost, until there is one."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from meterhouse.catalog.unit_cost import LlmUnitCost
from meterhouse.kernel.errors import Unprocessable
from meterhouse.llmcost.cost import Row, name_of
from meterhouse.llmcost.feature_life import Life, lives
from meterhouse.llmcost.ports import LlmCostStore
from meterhouse.llmcost.priced_usage import PricedUsage, Unpriceable
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import UsageRow
from meterhouse.platform.work import Begin

_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class UnknownModel:
    """Provider and model as events call them, and how much of the feature was used of them without a price."""

    feature_id: str
    feature_key: str
    provider: str
    model: str
    usage: Decimal
    reasons: tuple[str, ...]


class ListUnknownModels:
    def __init__(self, begin: Begin[LlmCostStore], usage: PricedUsage) -> None:
        self._begin = begin
        self._usage = usage

    def __call__(self, namespace: str, from_: datetime, to: datetime) -> list[UnknownModel]:
        """Of every feature whose unit costs are those of language models, by feature, provider and model.

        Nothing is stored: once a price is there that held then, the model is known, and its usage of then is priced.

        Raises:
            InvalidInput: `from_` is not before `to`.
        """
        with self._begin(namespace) as work:
            features = work.store.features.costed()
        return [one for life in lives(features, from_, to) for one in self._of(namespace, life)]

    def _of(self, namespace: str, life: Life) -> Iterator[UnknownModel]:
        feature = life.feature
        unit_cost = feature.spec.unit_cost
        if not isinstance(unit_cost, LlmUnitCost):
            return

        def row_of(row: UsageRow) -> Row:
            return name_of(unit_cost, row.group_by)

        try:
            reading = self._usage(namespace, feature, UsageAsked(life.from_, life.to))
        except (Unpriceable, Unprocessable) as fault:
            yield UnknownModel(feature.id, feature.key, *name_of(unit_cost, {}), _NOTHING, (fault.detail,))
            return
        for (provider, model), cost in sorted(reading.costs(row_of).items()):
            if cost.reasons:
                yield UnknownModel(feature.id, feature.key, provider or "", model or "", cost.unpriced, cost.reasons)
