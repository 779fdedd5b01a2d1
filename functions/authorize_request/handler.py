"""Lambda authorizer of the HTTP API: the namespace behind a bearer API key."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.platform.api_keys import bearer_token
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.logging import logger
from meterhouse.platform.postgres import Database, PostgresSettings

credentials = Credentials(Database(PostgresSettings.from_environment))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A simple response (payload 2.0); `context` is what the routes learn of the caller.

    Raises:
        Unavailable: the database did not answer; the gateway refuses the request and keeps no such answer.
    """
    token = bearer_token((event.get("headers") or {}).get("authorization", ""))
    found = None if token is None else credentials.find(token)
    logger.info("authorized", extra={"allowed": found is not None, "function": context.function_name})
    if found is None:
        return {"isAuthorized": False, "context": {}}
    return {"isAuthorized": True, "context": {"namespace": found.namespace, "keyId": found.key_id}}
