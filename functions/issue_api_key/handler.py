"""Issues and revokes API keys; invoked by the operator."""

from typing import Any

from meterhouse.platform.api_keys import new_key
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.namespaces import checked_namespace
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.platform.task import task, text

credentials = Credentials(Database(PostgresSettings.from_environment))


@task
def handler(event: dict[str, Any]) -> dict[str, Any]:
    """{"namespace", "name"} issues a key, shown this once; {"namespace", "revoke": key id} closes one."""
    namespace = checked_namespace(text(event, "namespace"))
    if "revoke" in event:
        return {"revoked": credentials.revoke(namespace, text(event, "revoke"))}
    key = new_key()
    issued = credentials.register(namespace, text(event, "name"), key)
    return {"namespace": namespace, "keyId": issued.key_id, "key": key}
