"""Quantities of many lines by few queries: one for each feature and period, for all customers at once.

Whose usage a line charges for stands on it by then: on a draft that is its invoice's copy, else what holds today.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain

from meterhouse.billing.collection import Missing
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.ports import BilledFeatures, UsageReader
from meterhouse.billing.split import is_divisible, under_way
from meterhouse.catalog.feature import Feature
from meterhouse.customers.model import Customer
from meterhouse.kernel.changed import replace
from meterhouse.kernel.errors import InvalidInput, InvariantBroken
from meterhouse.kernel.period import Period

_NONE = Decimal(0)


def of_invoices(invoices: Iterable[Invoice]) -> list[Line]:
    """Their lines, each with the subjects of its own invoice: a customer may have several, made on different days."""
    return [_of(line, invoice.subject_keys) for invoice in invoices for line in invoice.lines]


def of_customers(lines: Iterable[Line], customers: Mapping[str, Customer]) -> list[Line]:
    """The lines, each with the subjects that its customer has now: what is on no draft yet charges for these."""
    return [_of(line, customers[line.customer_id].usage_subjects) for line in lines]


def _of(line: Line, subjects: tuple[str, ...]) -> Line:
    return line if line.subjects or not line.is_metered else replace(line, subjects=subjects)


def quantities_of(
    namespace: str, lines: Iterable[Line], features: BilledFeatures, usage: UsageReader
) -> dict[str, Decimal | Missing]:
    """What was used of each metered line's subjects in its service period, by line id.

    Raises:
        Unavailable: the usage store does not answer.
    """
    metered = [line for line in lines if line.is_metered]
    sold = features_of(metered, features)
    found: dict[str, Decimal | Missing] = {}
    for question in _questions(metered, sold):
        first = question.lines[0]
        used = _used(namespace, sold.get(first.id), first.service_period, question.subjects, usage)
        for line in question.lines:
            found[line.id] = used if isinstance(used, Missing) else used.get(line.customer_id, _NONE)
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


class _Question:
    """Lines that one query answers: in it a subject is one customer's, and a customer has the same subjects for all."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.subjects: dict[str, tuple[str, ...]] = {}
        self._taken: set[str] = set()

    def takes(self, line: Line, subjects: tuple[str, ...]) -> bool:
        """Whether it asks for the line, too, from now on."""
        known = self.subjects.get(line.customer_id)
        if known is None and self._taken.isdisjoint(subjects):
            self.subjects[line.customer_id] = subjects
            self._taken.update(subjects)
        elif known != subjects:
            return False
        self.lines.append(line)
        return True


def _questions(lines: Iterable[Line], sold: Mapping[str, Feature]) -> Iterator[_Question]:
    """One for each feature and period; more only where what was copied onto invoices on different days differs."""
    groups: dict[tuple[str | None, Period], list[_Question]] = {}
    for line in lines:
        if line.subjects is None:
            raise InvariantBroken(f"nobody said whose usage line {line.key} charges for")
        feature = sold.get(line.id)
        asked = groups.setdefault((feature.id if feature else None, line.service_period), [])
        if not any(question.takes(line, line.subjects) for question in asked):
            asked.append(made := _Question())
            made.takes(line, line.subjects)
    return chain.from_iterable(groups.values())


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
