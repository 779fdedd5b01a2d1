from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from decimal import Decimal

import pytest

from meterhouse.billing.metered_usage import BilledMeters, MeteredUsage
from meterhouse.catalog.feature import Feature, FeatureSpec
from meterhouse.kernel.errors import InvalidInput
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.filter import one_of
from meterhouse.metering.model import Meter, MeterSpec, new_meter
from meterhouse.metering.usage import UsageQuery, UsageRow
from meterhouse.platform.outbox import DomainEvent
from meterhouse.platform.work import Work
from tests.unit.billing.samples import NOW
from tests.unit.subscriptions.samples import at, period

JANUARY = period("2024-01-01", "2024-02-01")
METER = new_meter("meter-1", MeterSpec("calls", Aggregation.COUNT, "call", "Calls", group_by={"region": "$.r"}), NOW)
FEATURE = Feature(
    "feature-1", FeatureSpec("calls", "Calls", "calls", {"region": {"$in": ["eu", "us"]}}), NOW, NOW, meter_id="meter-1"
)


@dataclass
class FakeMeters:
    """A unit of work over one meter."""

    meters: dict[str, Meter]
    backfilled: bool = True

    @property
    def store(self) -> BilledMeters:
        return self

    def by_ids(self, meter_ids: Iterable[str]) -> dict[str, Meter]:
        return {meter_id: self.meters[meter_id] for meter_id in meter_ids if meter_id in self.meters}

    def is_backfilled(self, meter: Meter) -> bool:
        return self.backfilled and meter.id in self.meters

    def publish(self, *events: DomainEvent) -> None: ...

    def lock(self, *key: str) -> None: ...

    def commit(self) -> None: ...

    @contextmanager
    def begin(self, _namespace: str) -> Iterator[Work[BilledMeters]]:
        yield self


@dataclass
class FakeStore:
    asked: list[UsageQuery] = field(default_factory=list)

    def query(self, _namespace: str, query: UsageQuery) -> Sequence[UsageRow]:
        self.asked.append(query)
        return [UsageRow(Decimal(7), at("2024-01-01"), at("2024-02-01"), customer_id="ann")]


def test_one_query_asks_for_all_customers_by_their_subjects() -> None:
    store = FakeStore()
    usage = MeteredUsage(FakeMeters({"meter-1": METER}).begin, store)
    found = usage.quantities("default", FEATURE, JANUARY, {"ann": ("ann", "ann-1"), "bob": ("bob",)})
    assert found == {"ann": Decimal(7)}
    [query] = store.asked
    assert query.customers == {"ann": "ann", "ann-1": "ann", "bob": "bob"}
    assert (query.from_, query.to, query.group_by) == (JANUARY.start, JANUARY.end, ("customer_id",))
    assert query.filters == {"region": one_of("eu", "us")}


def test_customers_of_very_many_subjects_are_asked_for_in_several_queries() -> None:
    store = FakeStore()
    usage = MeteredUsage(FakeMeters({"meter-1": METER}).begin, store)
    subjects = {f"c{number}": [f"{number}-{own:030}" for own in range(200)] for number in range(500)}
    subjects |= {"longest": ["\U0001f600" * 508 + f"{own:04}" for own in range(1_000)], "none": []}
    usage.quantities("default", FEATURE, JANUARY, subjects)
    asked: dict[str, list[str]] = {}
    for query in store.asked:
        for subject, customer in (query.customers or {}).items():
            asked.setdefault(customer, []).append(subject)
        # 16 MiB of text hold each name twice, be it twice as long for its backslashes, and an id beside it
        assert sum(4 * len(subject.encode()) + 50 for subject in query.customers or {}) < 16 * 1024 * 1024
    assert asked == {customer: list(own) for customer, own in subjects.items() if own}
    assert 1 < len(store.asked) < 6


def test_nobody_is_asked_for_without_a_query() -> None:
    store = FakeStore()
    assert MeteredUsage(FakeMeters({"meter-1": METER}).begin, store).quantities("default", FEATURE, JANUARY, {}) == {}
    assert store.asked == []


@pytest.mark.parametrize("meter_id", [None, "meter-2"])
def test_a_feature_whose_meter_is_not_known_is_refused(meter_id: str | None) -> None:
    usage = MeteredUsage(FakeMeters({"meter-1": METER}).begin, FakeStore())
    with pytest.raises(InvalidInput):
        usage.quantities("default", replace(FEATURE, meter_id=meter_id), JANUARY, {"ann": ("ann",)})


def test_a_meter_that_has_not_read_all_earlier_events_bills_nothing_yet() -> None:
    usage = MeteredUsage(FakeMeters({"meter-1": METER}, backfilled=False).begin, FakeStore())
    with pytest.raises(InvalidInput, match="still reading earlier events"):
        usage.quantities("default", FEATURE, JANUARY, {"ann": ("ann",)})
