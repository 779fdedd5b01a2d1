"""`Idempotency-Key`: the first response of a POST again, saved in the transaction of the change itself."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from meterhouse.kernel.errors import InvalidInput, Problem, Unprocessable
from meterhouse.platform import clock
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries

_SQL = queries("meterhouse.platform", "idempotency.sql")
_LONGEST_KEY = 255
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Replay:
    """A request that may have been made before."""

    namespace: str
    key: str
    event: dict[str, Any]

    @property
    def fingerprint(self) -> str:
        """Hash of what was asked: route, query and body."""
        parts = (str(self.event.get(name) or "") for name in ("rawPath", "rawQueryString", "body"))
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def as_it_is(body: str) -> str:
    return body


def replayed(
    database: Database,
    replay: Replay,
    respond: Callable[[], dict[str, Any]],
    fit_to_keep: Callable[[str], str] = as_it_is,
) -> dict[str, Any]:
    """The first response to this key, or `respond()` kept as it, for 30 days at least.

    `fit_to_keep` takes what may stand in no row out of a body.

    A second request under way waits for the first. Failures are not kept: they changed nothing and may be repeated.

    Raises:
        Unprocessable: the key was used for another request.
    """
    if len(replay.key) > _LONGEST_KEY:
        fault = Problem("header:idempotency-key", "too_long", f"at most {_LONGEST_KEY} characters")
        raise InvalidInput("the idempotency key is too long", [fault])
    at = clock.now()
    asked = {"key": replay.key, "fingerprint": replay.fingerprint, "at": at}
    with database.transaction(replay.namespace) as transaction:
        if not transaction.execute(_SQL["claim_key"], asked):
            row = transaction.fetch_one(_SQL["find_response"], asked)
            if row is None or row["fingerprint"] != replay.fingerprint:
                raise Unprocessable("this Idempotency-Key was used for another request")
            return {
                "statusCode": row["status"],
                "headers": {"content-type": row["content_type"], "idempotent-replayed": "true"},
                "body": row["body"],
                "isBase64Encoded": False,
            }
        transaction.execute(_SQL["forget_old_keys"], {"before": at - _KEPT})
        answer = respond()
        if answer["statusCode"] < HTTPStatus.BAD_REQUEST:
            headers = {name.lower(): value for name, value in answer.get("headers", {}).items()}
            kept = {
                "status": answer["statusCode"],
                "content_type": headers.get("content-type", "application/json"),
                "body": fit_to_keep(answer.get("body") or ""),
            }
            transaction.execute(_SQL["keep_response"], asked | kept)
            transaction.commit()
    return answer
