from typing import TYPE_CHECKING

import pytest

from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.kernel.errors import Conflict, NotFound
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres import Transaction, begins
from meterhouse.subscriptions.for_catalog import SubscribedFeatures

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction), [SubscribedFeatures(transaction)])


@pytest.fixture
def features(api: "Api") -> FeatureService:
    return FeatureService(begins(api.database, catalog), lambda: api.now)


def take_off_sale(api: "Api", plan_id: str) -> None:
    PlanSale(begins(api.database, catalog), lambda: api.now).archive(api.namespace, plan_id)


@pytest.mark.parametrize("starts", ["2021-01-10T00:00:00Z", "2021-06-01T00:00:00Z"])
def test_a_feature_is_not_archived_while_a_subscription_runs_or_will_run_on_it(
    api: "Api", features: FeatureService, starts: str
) -> None:
    made = api.subscribe(timing=starts)
    take_off_sale(api, made["plan"]["id"])
    with pytest.raises(Conflict) as refused:
        features.archive(api.namespace, "usage")
    assert refused.value.code == "feature_in_use"
    assert made["id"] in refused.value.problems[0].message


def test_a_feature_may_be_archived_when_its_subscriptions_have_ended(api: "Api", features: FeatureService) -> None:
    made = api.subscribe()
    take_off_sale(api, made["plan"]["id"])
    api.call("POST", f"/api/v1/subscriptions/{made['id']}/cancel", {"timing": "immediate"})
    features.archive(api.namespace, "usage")
    with pytest.raises(NotFound):
        features.get(api.namespace, "usage")
