"""Whom a presented portal token shows what. The authorizer loads this file: it reaches no other room."""

from collections.abc import Callable
from datetime import datetime

from meterhouse.platform import clock
from meterhouse.platform.limits import Rate, rate_of
from meterhouse.platform.peppers import PeppersAt, known_peppers
from meterhouse.platform.postgres import Database
from meterhouse.platform.sql import queries
from meterhouse.portal.caller import Caller
from meterhouse.portal.rows import token_of

_SQL = queries("meterhouse.portal", "tokens.sql")
_NO_NAMESPACE = ""
USUAL_RATE = Rate(20, 100)
"""Of a token where its namespace has no other: a page asks a dozen questions at once."""


class PresentedTokens:
    def __init__(
        self,
        database: Database,
        peppers: PeppersAt = known_peppers,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database = database
        self._peppers = peppers
        self._now = now

    def find(self, text: str) -> Caller | None:
        """The caller behind a token; None where it is unknown, expired, invalidated, or its customer was deleted."""
        at = self._now()
        hashes = self._peppers(at).hashes(text)
        with self._database.transaction(_NO_NAMESPACE, credential=" ".join(hashes), walk="namespaces") as transaction:
            found = transaction.fetch_one(_SQL["find_presented"], {"hashes": hashes, "at": at})
        if found is None:
            return None
        rate = rate_of(found["portal_requests_per_second"], found["portal_burst"]) or USUAL_RATE
        caller = Caller(found["namespace"], token_of(found), str(rate))
        return caller if self._shows_somebody(caller) else None

    def _shows_somebody(self, caller: Caller) -> bool:
        customer_id = caller.scope.customer_id
        if customer_id is None:
            return True
        with self._database.transaction(caller.namespace) as transaction:
            return transaction.fetch_one(_SQL["customer_lives"], {"customer_id": customer_id}) is not None
