"""Portal tokens, for who has an API key."""

from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.portal.postgres import portal_store
from meterhouse.portal.token_api import token_routes
from meterhouse.portal.tokens import PortalTokens

# no idempotency keys: a kept answer would keep the text of a token
handler = http_handler(token_routes(PortalTokens(begins(Database(PostgresSettings.from_environment), portal_store))))
