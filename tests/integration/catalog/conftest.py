"""The catalog on the real database, behind its HTTP edge."""

import pytest

from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.api import routes
from meterhouse.catalog.custom_currency_api import all_currency_routes, custom_currency_routes
from meterhouse.catalog.custom_currency_service import CustomCurrencyService
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.tax_code_api import default_tax_code_routes, tax_code_routes
from meterhouse.catalog.tax_code_service import TaxCodeService
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, begins
from tests.integration.catalog.given import Call, Clock, answering, catalog


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def call(database: Database, namespace: str, clock: Clock) -> Call:
    """Send a request: `status, body = call("POST", "/api/v1/plans", {...})`, as the test's namespace unless told."""
    begin = begins(database, catalog)
    handler = http_handler(
        *routes(
            FeatureService(begin, clock),
            PlanService(begin, clock),
            PlanSale(begin, clock),
            AddonService(begin, clock),
            AddonSale(begin, clock),
            PlanAddonService(begin, clock),
        ),
        tax_code_routes(TaxCodeService(begin, clock)),
        default_tax_code_routes(TaxCodeService(begin, clock)),
        all_currency_routes(CustomCurrencyService(begin, clock)),
        custom_currency_routes(CustomCurrencyService(begin, clock)),
        database=database,
    )
    return answering(handler, namespace)


@pytest.fixture
def features(call: Call) -> None:
    for key in ("miles", "departures"):
        assert call("POST", "/api/v1/features", {"key": key, "name": key, "meterSlug": key})[0] == 201
    assert call("POST", "/api/v1/features", {"key": "lounge", "name": "Lounge"})[0] == 201
