"""API keys, for who has one that may."""

from functools import partial

from meterhouse.platform.dynamodb import DynamoCounts
from meterhouse.platform.http import http_handler
from meterhouse.platform.key_schema import without_secret
from meterhouse.platform.key_store import PostgresKeys
from meterhouse.platform.keys_api import key_routes
from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.namespaces import allowance_of
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.show_quota import ShowQuota

database = Database(PostgresSettings.from_environment)
keys = ApiKeys(begins(database, PostgresKeys))
quota = ShowQuota(keys, partial(allowance_of, database), DynamoCounts())
handler = http_handler(key_routes(keys, quota), database=database, fit_to_keep=without_secret)
