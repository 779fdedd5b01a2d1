"""API keys, for who has one that may."""

from meterhouse.platform.http import http_handler
from meterhouse.platform.key_schema import without_secret
from meterhouse.platform.key_store import PostgresKeys
from meterhouse.platform.keys_api import key_routes
from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.postgres import Database, PostgresSettings, begins

database = Database(PostgresSettings.from_environment)
keys = ApiKeys(begins(database, PostgresKeys))
handler = http_handler(key_routes(keys), database=database, fit_to_keep=without_secret)
