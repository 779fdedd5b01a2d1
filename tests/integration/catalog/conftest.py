"""The catalog on the real database, behind its HTTP edge."""

import json
from typing import Any

import pytest

from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.api import routes
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, begins
from tests.integration.catalog.given import Call, Clock, catalog
from tests.unit.platform.requests import CONTEXT, request


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
        database=database,
    )

    def send(method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = handler(request(method, path, body, **{"namespace": namespace, **more}), CONTEXT)
        text = answer.get("body")
        return answer["statusCode"], json.loads(text) if text else None

    return send


@pytest.fixture
def features(call: Call) -> None:
    for key in ("miles", "departures"):
        assert call("POST", "/api/v1/features", {"key": key, "name": key, "meterSlug": key})[0] == 201
    assert call("POST", "/api/v1/features", {"key": "lounge", "name": "Lounge"})[0] == 201
