"""Meters."""

from meterhouse.billing.for_catalog import FeaturesToBill
from meterhouse.catalog.for_meters import PostgresMeterUse
from meterhouse.catalog.ports import FeatureUse
from meterhouse.entitlements.for_catalog import EntitledFeatures
from meterhouse.metering.api import routes
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
uses: list[FeatureUse] = [EntitledFeatures(database), FeaturesToBill(database)]
service = MeterService(begins(database, PostgresMeters), PostgresMeterUse(database, uses))
handler = http_handler(routes(service), database=database)
