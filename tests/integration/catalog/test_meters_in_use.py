"""A meter that features stand on keeps what they need of it."""

from collections.abc import Collection

import pytest

from meterhouse.catalog.feature import FeatureSpec
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.for_meters import PostgresMeterUse
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.catalog.unit_cost import LlmUnitCost, TokenType, ToldBy
from meterhouse.kernel.errors import Conflict, InvalidInput, NotFound
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterChange, MeterSpec
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction

DEPARTURES = MeterSpec(
    "departures", Aggregation.COUNT, "flight.departed", "Departures", group_by={"origin": "$.origin"}
)
FROM_NEWARK = FeatureSpec("departures", "Departures", meter_slug="departures", filters={"origin": {"$eq": "EWR"}})


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction))


@pytest.fixture
def meters(database: Database, namespace: str) -> MeterService:
    service = MeterService(begins(database, PostgresMeters), PostgresMeterUse(database))
    service.create(namespace, DEPARTURES)
    return service


@pytest.fixture
def features(database: Database) -> FeatureService:
    return FeatureService(begins(database, catalog))


def test_a_meter_is_deleted_only_after_its_features_are_archived(
    meters: MeterService, features: FeatureService, namespace: str
) -> None:
    feature = features.create(namespace, FROM_NEWARK)
    with pytest.raises(Conflict) as refused:
        meters.delete(namespace, "departures")
    assert refused.value.code == "meter_in_use"

    features.archive(namespace, feature.id)
    meters.delete(namespace, "departures")
    with pytest.raises(InvalidInput):
        features.create(namespace, FROM_NEWARK)


def test_a_group_by_key_that_a_feature_filters_on_cannot_be_dropped(
    meters: MeterService, features: FeatureService, namespace: str
) -> None:
    features.create(namespace, FROM_NEWARK)
    with pytest.raises(Conflict) as refused:
        meters.change(namespace, "departures", MeterChange(group_by={"dest": "$.dest"}))
    assert refused.value.code == "meter_group_by_in_use"

    kept = MeterChange(group_by={"origin": "$.origin", "dest": "$.dest"})
    assert set(meters.change(namespace, "departures", kept).group_by) == {"origin", "dest"}


def test_a_group_by_key_that_a_unit_cost_is_told_by_cannot_be_dropped(
    meters: MeterService, features: FeatureService, namespace: str
) -> None:
    cost = LlmUnitCost("openai", ToldBy("origin"), TokenType.INPUT)
    features.create(namespace, FeatureSpec("departures", "Departures", meter_slug="departures", unit_cost=cost))

    with pytest.raises(Conflict, match="'departures' reads origin") as refused:
        meters.change(namespace, "departures", MeterChange(group_by={}))
    assert refused.value.code == "meter_group_by_in_use"


class StillMeasured:
    """A room above that goes on measuring by some features, archived or not."""

    def __init__(self) -> None:
        self.ids: set[str] = set()

    def still_used(self, namespace: str, feature_ids: Collection[str]) -> Collection[str]:
        assert namespace
        return self.ids.intersection(feature_ids)


def test_an_archived_feature_that_is_still_measured_by_keeps_its_meter(
    database: Database, meters: MeterService, features: FeatureService, namespace: str
) -> None:
    above = StillMeasured()
    guarded = MeterService(begins(database, PostgresMeters), PostgresMeterUse(database, [above]))
    archived = features.create(namespace, FROM_NEWARK)
    features.archive(namespace, archived.id)
    heir = features.create(namespace, FeatureSpec("departures", "All departures", meter_slug="departures"))
    above.ids = {archived.id}

    with pytest.raises(Conflict) as refused:
        guarded.change(namespace, "departures", MeterChange(group_by={}))
    assert refused.value.code == "meter_group_by_in_use"
    features.archive(namespace, heir.id)
    with pytest.raises(Conflict) as refused:
        guarded.delete(namespace, "departures")
    assert refused.value.code == "meter_in_use"

    above.ids = set()
    guarded.delete(namespace, "departures")
    with pytest.raises(NotFound):
        meters.get(namespace, "departures")


@pytest.mark.parametrize("aggregation", Aggregation)
def test_a_feature_may_stand_on_any_meter(
    meters: MeterService, features: FeatureService, namespace: str, aggregation: Aggregation
) -> None:
    path = "$.delay" if aggregation.reads_value else None
    meters.create(namespace, MeterSpec("delay", aggregation, "flight.departed", "Delay", value_property=path))

    assert features.create(namespace, FeatureSpec("delay", "Delay", meter_slug="delay")).is_metered
