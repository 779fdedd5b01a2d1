"""A meter that features stand on keeps what they need of it."""

import pytest

from meterhouse.catalog.feature import FeatureSpec
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.for_meters import PostgresMeterUse
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.kernel.errors import Conflict, InvalidInput
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterChange, MeterSpec
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.postgres import Database, Transaction, begins

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
