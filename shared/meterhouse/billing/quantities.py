"""Quantities of many lines by few queries: one for each feature and period, for all customers at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from meterhouse.billing.collection import Missing
from meterhouse.billing.invoice import Line
from meterhouse.billing.ports import BilledFeatures, UsageReader
from meterhouse.billing.split import is_divisible, under_way
from meterhouse.catalog.feature import Feature
from meterhouse.kernel.errors import InvalidInput
from meterhouse.kernel.period import Period

_NONE = Decimal(0)


def quantities_of(
    namespace: str,
    lines: Iterable[Line],
    subjects: Mapping[str, Collection[str]],
    features: BilledFeatures,
    usage: UsageReader,
) -> dict[str, Decimal | Missing]:
    """What was used in each metered line's service period, by line id.

    `subjects` are those of each customer, for lines that have none of their own.

    Raises:
        Unavailable: the usage store does not answer.
    """
    metered = [line for line in lines if line.is_metered]
    sold = features_of(metered, features)
    found: dict[str, Decimal | Missing] = {}
    for alike in _grouped(metered, sold):
        wanted = {line.customer_id: line.subjects or subjects[line.customer_id] for line in alike}
        used = _used(namespace, sold.get(alike[0].id), alike[0].service_period, wanted, usage)
        found |= {line.id: used if isinstance(used, Missing) else used.get(line.customer_id, _NONE) for line in alike}
    return found


def progressive(namespace: str, lines: Sequence[Line], features: BilledFeatures, usage: UsageReader) -> list[Line]:
    """Those whose feature's usage can be charged for a part of a period."""
    sold = features_of(lines, features)
    can = {one.id: usage.is_progressive(namespace, one) for one in {one.id: one for one in sold.values()}.values()}
    return [line for line in lines if line.id in sold and can[sold[line.id].id]]


def billable_in_part(
    namespace: str, pending: Iterable[Line], features: BilledFeatures, usage: UsageReader, at: datetime
) -> list[Line]:
    """Those for usage that has begun and is not due, of which what there is by `at` can be charged for."""
    begun = under_way(pending, at)
    divisible = {line.id for line in progressive(namespace, begun, features, usage) if is_divisible(line)}
    return [line for line in begun if line.service_period.end <= at or line.id in divisible]


def features_of(lines: Sequence[Line], features: BilledFeatures) -> dict[str, Feature]:
    """By line id, the feature that it names, or else that of its key; a line without one is left out."""
    named = features.by_ids({line.feature_id for line in lines if line.feature_id})
    of_key = features.by_keys({line.rate_card.feature_key or "" for line in lines if not line.feature_id})
    found = {
        line.id: named.get(line.feature_id) if line.feature_id else of_key.get(line.rate_card.feature_key or "")
        for line in lines
    }
    return {line_id: feature for line_id, feature in found.items() if feature is not None}


def _grouped(lines: Iterable[Line], sold: Mapping[str, Feature]) -> Iterable[list[Line]]:
    """Those of the same feature and period together; who has subjects of its own may share them with others."""
    groups: dict[tuple[str | None, Period, tuple[str, ...] | None], list[Line]] = {}
    for line in lines:
        feature = sold.get(line.id)
        feature_id = None if feature is None else feature.id
        groups.setdefault((feature_id, line.service_period, line.subjects), []).append(line)
    return groups.values()


def _used(
    namespace: str,
    feature: Feature | None,
    period: Period,
    subjects: Mapping[str, Collection[str]],
    usage: UsageReader,
) -> Mapping[str, Decimal] | Missing:
    if feature is None:
        return Missing("feature_not_found", "its feature does not exist")
    try:
        return usage.quantities(namespace, feature, period, subjects)
    except InvalidInput as error:
        return Missing("usage_not_readable", error.detail)
