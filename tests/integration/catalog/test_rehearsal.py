"""A change of the catalog that is tried: its problems are told, and nothing of it stays."""

from typing import Any

import pytest

from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.api import routes as catalog_routes
from meterhouse.catalog.change_steps import Cast
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.for_meters import PostgresMeterUse
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.catalog.rehearse_api import rehearse_routes
from meterhouse.metering.api import routes as meter_routes
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, begins
from meterhouse.platform.postgres_transaction import Transaction
from tests.integration.catalog.given import Call, Clock, answering
from tests.integration.catalog.test_plans import PLAN
from tests.unit.catalog.test_schema import FEE_WIRE, MILES_WIRE

V1 = "/api/v1/"
TABLES = ("meters", "meter_backfills", "features", "plans", "addons", "plan_addons", "outbox")
METER: dict[str, Any] = {"slug": "miles", "eventType": "flight", "aggregation": "SUM", "valueProperty": "$.miles"}
FEATURE: dict[str, Any] = {"key": "miles", "name": "Miles", "meterSlug": "miles"}
PHASE: dict[str, Any] = {"key": "default", "name": "Default", "duration": None, "rateCards": [FEE_WIRE, MILES_WIRE]}
SOLD: dict[str, Any] = PLAN | {"phases": [PHASE]}
ADDON: dict[str, Any] = {"key": "seats", "name": "Seats", "currency": "USD", "instanceType": "multiple"}
ADDON |= {"rateCards": [FEE_WIRE | {"key": "seats"}]}
SELLING: dict[str, Any] = SOLD | {"addons": {"seats": {"fromPlanPhase": "default", "maxQuantity": 3}}}
WHOLE: dict[str, Any] = {"meters": [METER], "features": [FEATURE], "addons": [ADDON], "plans": [SELLING]}


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction))


@pytest.fixture
def call(database: Database, namespace: str, clock: Clock) -> Call:
    begin = begins(database, catalog)
    meters = MeterService(begins(database, PostgresMeters), PostgresMeterUse(database), now=clock)
    cast = Cast(
        meters,
        FeatureService(begin, clock),
        AddonService(begin, clock),
        AddonSale(begin, clock),
        PlanService(begin, clock),
        PlanSale(begin, clock),
        PlanAddonService(begin, clock),
    )
    catalog_served = catalog_routes(
        cast.features, cast.plans, cast.plan_sale, cast.addons, cast.addon_sale, cast.plan_addons
    )
    served = (meter_routes(meters), *catalog_served)
    return answering(http_handler(*served, rehearse_routes(begin, cast), database=database), namespace)


@pytest.fixture
def sold(call: Call) -> None:
    """What `WHOLE` says, for good."""
    assert call("POST", V1 + "meters", METER)[0] == 201
    assert call("POST", V1 + "features", FEATURE)[0] == 201
    status, plan = call("POST", V1 + "plans", SOLD)
    assert status == 201
    assert call("POST", f"{V1}plans/{plan['id']}/publish")[0] == 200


def rehearsed(call: Call, **change: object) -> list[tuple[str, str]]:
    status, answer = call("POST", V1 + "catalog/rehearsal", change)
    assert status == 200, answer
    return [(problem["field"], problem["code"]) for problem in answer["validationErrors"]]


def rows(database: Database, namespace: str) -> list[object]:
    with database.transaction(namespace) as transaction:
        return [transaction.fetch_all(f"SELECT * FROM {table} WHERE namespace = %(namespace)s") for table in TABLES]


def test_a_plan_may_stand_on_a_feature_and_a_meter_of_the_same_change_and_nothing_stays(
    call: Call, database: Database, namespace: str
) -> None:
    before = rows(database, namespace)

    assert rehearsed(call, **WHOLE) == []
    assert rehearsed(call, **WHOLE) == []

    assert rows(database, namespace) == before == [[]] * len(TABLES)
    assert call("POST", V1 + "meters", METER)[0] == 201


@pytest.mark.usefixtures("sold")
def test_a_change_of_what_is_there_leaves_it_as_it_is(call: Call, database: Database, namespace: str) -> None:
    call("POST", f"{V1}plans/airline/next")
    before = rows(database, namespace)
    change = {
        "changedMeters": [METER | {"name": "All miles", "groupBy": {"origin": "$.origin"}}],
        "features": [{"key": "calls", "name": "Calls"}],
        "plans": [SOLD | {"name": "Other", "currency": "EUR"}],
        "draftPlans": [SOLD | {"key": "later"}],
        "archivedPlans": ["airline"],
        "archivedFeatures": ["miles"],
    }

    assert rehearsed(call, **change) == []
    assert rows(database, namespace) == before


def test_every_problem_of_every_part_is_told_at_its_pointer(call: Call) -> None:
    change = {
        "meters": [METER, METER | {"slug": "wrong", "valueProperty": None}],
        "features": [FEATURE | {"meterSlug": "none"}, {"key": "calls", "name": "Calls"}],
        "plans": [SOLD, SOLD | {"key": "other", "currency": "USX", "billingCadence": "P5M"}],
        "archivedPlans": ["never"],
    }

    assert rehearsed(call, **change) == [
        ("/meters/1/valueProperty", "missing"),
        ("/features/0/meterSlug", "meter_not_found"),
        ("/plans/0/phases/0/rateCards/1/featureKey", "rate_card_feature_not_found"),
        ("/plans/1/currency", "unknown_currency"),
        ("/plans/1/billingCadence", "plan_billing_cadence_invalid"),
        ("/archivedPlans/0", "not_found"),
    ]


def test_what_a_plan_cannot_sell_is_told_at_the_add_on_s_place_in_it(call: Call) -> None:
    selling = SELLING | {"addons": {"seats": {"fromPlanPhase": "trial"}, "chairs": {"fromPlanPhase": "default"}}}

    assert rehearsed(call, **WHOLE | {"plans": [selling]}) == [
        ("/plans/0/addons/seats/fromPlanPhase", "plan_addon_unknown_plan_phase"),
        ("/plans/0/addons/chairs", "not_found"),
    ]
    assert rehearsed(call, planAddons=[{"key": "never", "addons": {}}]) == [("/planAddons/0", "not_found")]


def test_a_draft_may_be_unfinished_and_what_is_sold_may_not(call: Call) -> None:
    assert rehearsed(call, draftPlans=[SOLD]) == []
    assert rehearsed(call, plans=[SOLD]) == [
        ("/plans/0/phases/0/rateCards/1/featureKey", "rate_card_feature_not_found")
    ]


@pytest.mark.usefixtures("sold")
def test_what_is_in_use_is_told(call: Call) -> None:
    assert rehearsed(call, features=[FEATURE | {"name": "Other"}]) == [("/features/0", "feature_in_use")]
    assert rehearsed(call, archivedFeatures=["miles"]) == [("/archivedFeatures/0", "feature_in_use")]
    assert rehearsed(call, archivedPlans=["airline"], archivedFeatures=["miles"]) == []
    assert rehearsed(call, meters=[METER]) == [("/meters/0", "meter_slug_taken")]
    assert rehearsed(call, changedMeters=[METER | {"aggregation": "MAX"}])[0][0].startswith("/changedMeters/0")


def test_what_is_no_change_is_refused_with_pointers(call: Call) -> None:
    body = {"plans": [SOLD | {"name": 1}], "archivedPlans": ["No Key"], "surplus": 1}

    status, problem = call("POST", V1 + "catalog/rehearsal", body)

    faults = {fault["field"] for fault in problem["extensions"]["validationErrors"]}
    assert (status, faults) == (400, {"/plans/0/name", "/archivedPlans/0", "/surplus"})
    assert rehearsed(call) == []


def test_a_change_of_more_than_is_tried_at_once_is_refused(call: Call) -> None:
    offered = {"key": "airline", "addons": {f"addon_{number}": {"fromPlanPhase": "default"} for number in range(500)}}
    most = {"archivedPlans": ["airline"] * 499, "planAddons": [offered]}

    assert rehearsed(call, **most)
    status, problem = call("POST", V1 + "catalog/rehearsal", most | {"archivedFeatures": ["miles"]})

    assert (status, problem["extensions"]["validationErrors"][0]["code"]) == (400, "change_too_large")


@pytest.mark.usefixtures("sold")
def test_another_namespace_is_another_catalog(call: Call) -> None:
    status, answer = call("POST", V1 + "catalog/rehearsal", {"archivedPlans": ["airline"]}, namespace="elsewhere")

    assert (status, answer["validationErrors"][0]["code"]) == (200, "not_found")
