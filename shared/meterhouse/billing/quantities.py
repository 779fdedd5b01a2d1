"""Quantities of many lines by few queries: one for each feature and period, for all customers at once."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from meterhouse.billing.collection import Missing
from meterhouse.billing.invoice import Line
from meterhouse.billing.ports import BilledFeatures, UsageReader
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
    """What was used in each metered line's service period, by line id; `subjects` are those of each customer.

    Raises:
        Unavailable: the usage store does not answer.
    """
    metered = [line for line in lines if line.rate_card.is_metered]
    known = features.by_keys({line.rate_card.feature_key or "" for line in metered})
    found: dict[str, Decimal | Missing] = {}
    for (feature_key, period), alike in _grouped(metered).items():
        wanted = {line.customer_id: subjects[line.customer_id] for line in alike}
        used = _used(namespace, known.get(feature_key), period, wanted, usage)
        found |= {line.id: used if isinstance(used, Missing) else used.get(line.customer_id, _NONE) for line in alike}
    return found


def _grouped(lines: Iterable[Line]) -> dict[tuple[str, Period], list[Line]]:
    groups: dict[tuple[str, Period], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.rate_card.feature_key or "", line.service_period), []).append(line)
    return groups


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
