"""What happened to credit, listed over HTTP, to the contract's third version."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.ledger.filter_query import (
    FEATURE,
    CurrencyEq,
    FeatureEq,
    FeatureExists,
    FeatureIs,
    FeatureOneOf,
    scope_of,
)
from meterhouse.ledger.grant_api import CREDITS, CustomerId
from meterhouse.ledger.management import Credits
from meterhouse.ledger.ports import Movement, MovementFilter
from meterhouse.ledger.service import CreditReads
from meterhouse.ledger.transaction import Kind
from meterhouse.ledger.transaction_schema import (
    BillingCreditTransaction,
    CreditTransactionPaginatedResponse,
    MovementType,
    cursor_text,
    place_of,
    transaction_wire,
)
from meterhouse.platform.cursor import After, Before, CursorMeta, CursorMetaPage, cursor_link
from meterhouse.platform.http import namespace_of
from meterhouse.platform.paged_query import BY_CURSOR, refuse_other_pages
from meterhouse.platform.text_filter import refuse_other_filters
from meterhouse.platform.wire import PageSize

_FILTERS = {"filter[type]", "filter[currency]", *FEATURE}
_CURSORS = ("page[after]", "page[before]")


def transaction_routes(credits_: Credits) -> Router:
    router = Router()

    @router.get(
        f"{CREDITS}/transactions",
        operation_id="listCreditTransactions",
        tags=["Credits"],
        summary="List what happened to credit, the newest first",
    )
    def transactions(
        customer_id: CustomerId,
        size: Annotated[PageSize, Query(alias="page[size]")] = 100,
        after: After = None,
        before: Before = None,
        kind: Annotated[MovementType | None, Query(alias="filter[type]")] = None,
        currency: CurrencyEq = None,
        feature: FeatureIs = None,
        feature_eq: FeatureEq = None,
        feature_one_of: FeatureOneOf = None,
        feature_exists: FeatureExists = None,
    ) -> CreditTransactionPaginatedResponse:
        event = router.current_event
        refuse_other_pages(event.resolved_query_string_parameters, BY_CURSOR)
        refuse_other_filters(event.resolved_query_string_parameters, _FILTERS)
        wanted = MovementFilter(
            customer_id,
            credits_.reads.now(),
            scope_of(feature, feature_eq, feature_one_of, feature_exists),
            kind and Kind(kind),
            currency,
            place_of("after", after),
            place_of("before", before),
            size + 1,
        )
        return movements_answer(credits_.reads, event.raw_event, wanted)

    return router


def movements_answer(
    reads: CreditReads,
    event: Mapping[str, Any],
    wanted: MovementFilter,
    wire: Callable[[Movement], BillingCreditTransaction] = transaction_wire,
) -> CreditTransactionPaginatedResponse:
    """A page of what is wanted, which asks for one more than fits, with links to those beside it."""
    page = _Page(wanted, reads.movements(namespace_of(event), wanted))
    kept = [pair for pair in parse_qsl(str(event.get("rawQueryString"))) if pair[0] not in _CURSORS]
    return CreditTransactionPaginatedResponse(
        data=[wire(one) for one in page.shown],
        meta=CursorMeta(page=page.meta(str(event["rawPath"]), kept)),
    )


@dataclass(frozen=True, slots=True)
class _Page:
    """`found` is one more than fits where there are more, on the far side of the list."""

    wanted: MovementFilter
    found: list[Movement]

    @property
    def size(self) -> int:
        return self.wanted.limit - 1

    @property
    def is_backward(self) -> bool:
        return self.wanted.before is not None and self.wanted.after is None

    @property
    def shown(self) -> list[Movement]:
        return self.found[-self.size :] if self.is_backward else self.found[: self.size]

    def meta(self, path: str, kept: list[tuple[str, str]]) -> CursorMetaPage:
        shown, is_more = self.shown, len(self.found) > self.size
        has_next = self.is_backward or is_more
        has_previous = is_more if self.is_backward else self.wanted.after is not None
        return CursorMetaPage(
            size=self.size,
            next=cursor_link(path, "after", cursor_text(shown[-1]), kept) if shown and has_next else None,
            previous=cursor_link(path, "before", cursor_text(shown[0]), kept) if shown and has_previous else None,
        )
