"""Issues and revokes API keys; invoked by the operator, who may do everything."""

from typing import Any

from meterhouse.platform.access import EVERYTHING
from meterhouse.platform.api_key import ApiKeySpec
from meterhouse.platform.key_store import PostgresKeys
from meterhouse.platform.manage_keys import ApiKeys
from meterhouse.platform.namespaces import add_namespace, checked_namespace
from meterhouse.platform.postgres import Database, PostgresSettings, begins
from meterhouse.platform.task import operation, text

database = Database(PostgresSettings.from_environment)
keys = ApiKeys(begins(database, PostgresKeys))


@operation
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "name", "role"} issues a key, shown this once, an owner's without a role; the namespace is made.

    {"namespace", "revoke": key id} closes one.
    """
    namespace = checked_namespace(text(event, "namespace"))
    if "revoke" in event:
        keys.revoke(namespace, text(event, "revoke"))
        return {"revoked": True}
    spec = ApiKeySpec(text(event, "name"), text({"role": "owner", **event}, "role"))
    add_namespace(database, namespace)
    issued = keys.create(namespace, spec, [EVERYTHING])
    return {"namespace": namespace, "keyId": issued.key.id, "key": issued.text}
