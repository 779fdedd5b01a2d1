"""Opens a namespace and sets how much its keys may together, and its portal's tokens; invoked by the operator."""

from typing import Any

from meterhouse.platform.key_schema import allowance_of_event
from meterhouse.platform.namespaces import add_namespace, set_allowance
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import operation, text

database = Database(PostgresSettings.from_environment)


@operation
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "rateLimit": {"requestsPerSecond", "burst"}, "quota": {"requestsPerMonth", "eventsPerMonth"}}.

    And "portalRateLimit", like the first, of each portal token. What is not given is unlimited, whatever it was, and as
    usual for tokens.
    """
    namespace, allowance = text(event, "namespace"), allowance_of_event(event)
    add_namespace(database, namespace)
    set_allowance(database, namespace, allowance)
    limits = (("rateLimit", allowance.rate), ("quota", allowance.quota), ("portalRateLimit", allowance.portal_rate))
    return {"namespace": namespace, **{name: limit and str(limit) for name, limit in limits}}
