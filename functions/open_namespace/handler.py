"""Opens a namespace and sets how fast all its keys together may be; invoked by the operator."""

from typing import Any

from meterhouse.platform.key_schema import rate_of_event
from meterhouse.platform.namespaces import add_namespace, set_rate
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import operation, text

database = Database(PostgresSettings.from_environment)


@operation
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "rateLimit": {"requestsPerSecond", "burst"}}; without a limit it has none, whatever it had."""
    namespace, rate = text(event, "namespace"), rate_of_event(event)
    add_namespace(database, namespace)
    set_rate(database, namespace, rate)
    return {"namespace": namespace, "rateLimit": rate and str(rate)}
