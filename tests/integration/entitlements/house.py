"""The room's management routes over the real database, at an instant the test sets."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from meterhouse.catalog.feature import FeatureSpec
from meterhouse.catalog.postgres import PostgresFeatures
from meterhouse.customers.model import CustomerDetails
from meterhouse.entitlements.api import management_routes
from meterhouse.entitlements.management import management
from meterhouse.entitlements.postgres import PostgresStore
from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import MeterSpec
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.postgres import begins
from tests.integration.stored import Stored
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import at

BEFORE = at("2024-01-01")
MONTHLY = {"interval": "MONTH", "anchor": "2024-01-01T00:00:00Z"}
METERED = {"type": "metered", "featureKey": "tokens", "usagePeriod": MONTHLY}
ACME = "/api/v2/customers/acme/entitlements"
APP = "/api/v1/subjects/acme-app/entitlements"


@dataclass
class House(Stored):
    """A namespace with the customer "acme" (subject "acme-app") and the features "tokens" (metered) and "sso"."""

    now: datetime = field(default_factory=lambda: at("2024-03-15T10:30:40Z"))
    handler: HttpHandler = field(init=False)
    other: str = ""
    grant: str = ""

    def __post_init__(self) -> None:
        use = management(begins(self.database, PostgresStore), lambda: self.now)
        self.handler = http_handler(*management_routes(use, lambda: self.now), database=self.database)
        self.customer = self.add_customer("acme", "acme-app")
        self.meter = self.add_meter("tokens", Aggregation.SUM)
        self.tokens = self.add_feature("tokens", self.meter)
        self.sso = self.add_feature("sso")

    def add_customer(self, key: str | None, *subjects: str) -> str:
        return self.put_customer(CustomerDetails("Name", key, subjects), BEFORE).id

    def add_meter(self, slug: str, aggregation: Aggregation) -> str:
        spec = MeterSpec(slug, aggregation, "used", slug, "$.value" if aggregation.reads_value else None)
        return self.put_meter(spec, BEFORE).id

    def add_feature(self, key: str, meter_id: str | None = None) -> str:
        spec = FeatureSpec(key, key.title(), None if meter_id is None else "meter")
        return self.put_feature(spec, BEFORE, meter_id).id

    def archive_feature(self, feature_id: str) -> None:
        with self.database.transaction(self.namespace) as transaction:
            features = PostgresFeatures(transaction)
            feature = features.find(feature_id)
            assert feature
            features.archive(feature.archived(self.now))
            transaction.commit()

    def call(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, Any]:
        answer = self.handler(request(method, path, body, **{"namespace": self.namespace, **more}), CONTEXT)
        text = answer.get("body")
        return int(answer["statusCode"]), json.loads(text, parse_float=Decimal) if text else None

    def ok(self, method: str, path: str, body: object = None, **more: Any) -> Any:
        """The answer of a call that must succeed."""
        status, answer = self.call(method, path, body, **more)
        assert status < 300, answer
        return answer

    def refused(self, method: str, path: str, body: object = None, **more: Any) -> tuple[int, set[tuple[str, str]]]:
        """The status of a call that must fail, and each fault's field and code."""
        status, problem = self.call(method, path, body, **more)
        assert status >= 400, problem
        return status, {*faults_of(problem)}

    def entitled(self, **fields: object) -> Any:
        return self.ok("POST", ACME, METERED | fields)

    def granted(self, **fields: object) -> Any:
        body = {"amount": 100, "effectiveAt": "2024-03-15T10:30:00Z"} | fields
        return self.ok("POST", f"{ACME}/tokens/grants", body)

    def events(self) -> list[tuple[str, Any]]:
        """Types and data of all domain events, in order."""
        query = "SELECT type, data FROM outbox WHERE namespace = %(namespace)s ORDER BY position"
        return [(row["type"], row["data"]) for row in self.rows(query)]

    def manage(self, entitlement_id: str, subscription_id: str) -> None:
        """As the subscriptions room will."""
        with self.database.transaction(self.namespace) as transaction:
            transaction.execute(
                "UPDATE entitlements SET managed_by = %(by)s, managed_item = 'item'"
                " WHERE namespace = %(namespace)s AND id = %(id)s",
                {"id": entitlement_id, "by": subscription_id},
            )
            transaction.commit()
