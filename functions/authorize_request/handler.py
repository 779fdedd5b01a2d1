"""Lambda authorizer of the HTTP API: whom a key or a person's token lets in, or what a portal token shows."""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from meterhouse.platform.api_keys import bearer_token
from meterhouse.platform.calls import told
from meterhouse.platform.credentials import Credentials
from meterhouse.platform.logging import logger
from meterhouse.platform.oidc import People
from meterhouse.platform.postgres import Database, PostgresSettings
from meterhouse.portal.caller import context_of, is_portal_route
from meterhouse.portal.presented import PresentedTokens

database = Database(PostgresSettings.from_environment)
credentials, people, tokens = Credentials(database), People(database), PresentedTokens(database)


def _status(answer: dict[str, Any]) -> int:
    """What becomes of the request, at the gateway or at the routes that learn of no caller."""
    if "namespace" in answer["context"]:
        return HTTPStatus.OK
    return HTTPStatus.SERVICE_UNAVAILABLE if "unknowable" in answer["context"] else HTTPStatus.FORBIDDEN


def _authorized(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A simple response (payload 2.0); `context` is what the routes learn of the caller.

    Routes of the portal ask by an authorizer of their own, which remembers nothing. They are told of no caller where
    the token is none, and answer 401 themselves: the gateway would answer 403.

    Raises:
        Unavailable: the database did not answer; the gateway refuses the request and keeps no such answer.
    """
    token = bearer_token((event.get("headers") or {}).get("authorization", ""))
    if is_portal_route(event):
        caller = None if token is None else tokens.find(token)
        logger.info("portal", extra={"allowed": caller is not None, "function": context.function_name})
        return {"isAuthorized": True, "context": context_of(caller)}
    found = None if token is None else people.told_of(token) or _told_of_key(token)
    logger.info(
        "authorized", extra={"allowed": bool(found and "namespace" in found), "function": context.function_name}
    )
    return {"isAuthorized": found is not None, "context": found or {}}


handler = logger.inject_lambda_context(told(_authorized, _status), clear_state=True)


def _told_of_key(text: str) -> dict[str, str] | None:
    found = credentials.find(text)
    return None if found is None else found.context()
