"""Features, plans and add-ons."""

from meterhouse.catalog.addon_service import AddonSale, AddonService
from meterhouse.catalog.api import routes
from meterhouse.catalog.currencies_api import currency_routes
from meterhouse.catalog.custom_currency_api import all_currency_routes, custom_currency_routes
from meterhouse.catalog.custom_currency_service import CustomCurrencyService
from meterhouse.catalog.feature_service import FeatureService
from meterhouse.catalog.plan_addon_service import PlanAddonService
from meterhouse.catalog.plan_sale import PlanSale
from meterhouse.catalog.plan_service import PlanService
from meterhouse.catalog.postgres import PostgresCatalog
from meterhouse.catalog.tax_code_api import default_tax_code_routes, tax_code_routes
from meterhouse.catalog.tax_code_service import TaxCodeService
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.postgres_transaction import Transaction

database = Database(PostgresSettings.from_environment)


def catalog(transaction: Transaction) -> PostgresCatalog:
    return PostgresCatalog(transaction, PostgresMeters(transaction))


begin = begins(database, catalog)
handler = http_handler(
    *routes(
        FeatureService(begin),
        PlanService(begin),
        PlanSale(begin),
        AddonService(begin),
        AddonSale(begin),
        PlanAddonService(begin),
    ),
    currency_routes(),
    all_currency_routes(CustomCurrencyService(begin)),
    custom_currency_routes(CustomCurrencyService(begin)),
    tax_code_routes(TaxCodeService(begin)),
    default_tax_code_routes(TaxCodeService(begin)),
    database=database,
)
