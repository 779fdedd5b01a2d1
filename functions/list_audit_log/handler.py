"""Who changed what."""

from meterhouse.platform.audit_api import audit_routes
from meterhouse.platform.audit_log import AuditLog
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.postgres_read import glances

handler = http_handler(audit_routes(glances(Database(PostgresSettings.from_environment), AuditLog)))
