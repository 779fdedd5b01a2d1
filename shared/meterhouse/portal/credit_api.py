"""What credit a customer has and what became of it, over HTTP."""

from dataclasses import replace
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.ledger.balance import EVERYTHING
from meterhouse.ledger.balance_schema import BillingCreditBalances, balances_wire
from meterhouse.ledger.ports import Movement, MovementFilter
from meterhouse.ledger.service import CreditReads
from meterhouse.ledger.transaction import Words
from meterhouse.ledger.transaction_schema import (
    BillingCreditTransaction,
    CreditTransactionPaginatedResponse,
    place_of,
    transaction_wire,
)
from meterhouse.ledger.transactions_api import movements_answer
from meterhouse.platform.cursor import After, Before
from meterhouse.platform.wire import PageSize
from meterhouse.portal.caller import caller_of

_CREDITS = "/api/v1/portal/credits"
_TAGS = ["Portal"]


def portal_credit_routes(reads: CreditReads) -> Router:
    router = Router()

    @router.get(
        f"{_CREDITS}/balance", operation_id="getPortalCreditBalance", tags=_TAGS, summary="Tell what credit there is"
    )
    def balance() -> BillingCreditBalances:
        caller = caller_of(router.current_event.raw_event)
        return balances_wire(reads.balances(caller.namespace, caller.customer(), EVERYTHING))

    @router.get(
        f"{_CREDITS}/transactions",
        operation_id="listPortalCreditTransactions",
        tags=_TAGS,
        summary="List what happened to credit, the newest first",
    )
    def transactions(
        size: Annotated[PageSize, Query(alias="page[size]")] = 25, after: After = None, before: Before = None
    ) -> CreditTransactionPaginatedResponse:
        event = router.current_event.raw_event
        sides = place_of("after", after), place_of("before", before)
        wanted = MovementFilter(caller_of(event).customer(), reads.now(), EVERYTHING, None, None, *sides, size + 1)
        return movements_answer(reads, event, wanted, _customers_wire)

    return router


def _customers_wire(movement: Movement) -> BillingCreditTransaction:
    """By its name alone: what else was noted of it is for whoever noted it."""
    return transaction_wire(replace(movement, words=Words(movement.words.name)))
