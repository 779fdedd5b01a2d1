"""A change of the catalog, tried and not kept."""

from meterhouse.billing.for_catalog import FeaturesToBill
from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.change_steps import Cast
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.for_meters import PostgresMeterUse
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.ports import FeatureUse
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.catalog.rehearse_api import rehearse_routes
from meterhouse.entitlements.for_catalog import EntitledFeatures
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.metering.service import MeterService
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction

database = Database(PostgresSettings.from_environment)


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction))


begin = begins(database, catalog)
uses: list[FeatureUse] = [EntitledFeatures(database), FeaturesToBill(database)]
cast = Cast(
    MeterService(begins(database, PostgresMeters), PostgresMeterUse(database, uses)),
    FeatureService(begin),
    AddonService(begin),
    AddonSale(begin),
    PlanService(begin),
    PlanSale(begin),
    PlanAddonService(begin),
)
handler = http_handler(rehearse_routes(begin, cast), database=database)
