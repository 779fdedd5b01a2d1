"""Access of many customers over HTTP, to the contract's third version."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated

from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import Field

from meterhouse.entitlements.access_api import FailOpen, any_failed_open, told
from meterhouse.entitlements.check_access import AccessOfMany, CheckAccess
from meterhouse.entitlements.entitlement_access_schema import (
    MOST_NAMES,
    EntitlementAccessQueryRequest,
    EntitlementAccessQueryResponse,
    ListCustomerEntitlementAccessResponseData,
    access_list_wire,
    errors_wire,
    results_wire,
)
from meterhouse.entitlements.holder import Holder
from meterhouse.entitlements.standing import CustomerStanding
from meterhouse.kernel.ids import is_ulid
from meterhouse.platform.cursor import After, Before, CursorMeta, CursorMetaPage, cursor_link, item_of, no_cursor
from meterhouse.platform.http import namespace_of
from meterhouse.platform.paged_query import BY_CURSOR, refuse_other_pages
from meterhouse.platform.wire import Ulid

_TAGS = ["Entitlements"]
_QUERY = "/api/v3/openmeter/entitlement-access/query"
Size = Annotated[int, Field(ge=1, le=MOST_NAMES), Query(alias="page[size]")]


def entitlement_access_routes(check: CheckAccess) -> Router:
    router = Router()

    def namespace() -> str:
        return namespace_of(router.current_event.raw_event)

    @router.get(
        "/api/v3/openmeter/customers/<customer_id>/entitlement-access",
        operation_id="listCustomerEntitlementAccess",
        tags=_TAGS,
        summary="List what a customer may use",
    )
    def of_customer(
        customer_id: Annotated[Ulid, Path()], fail_open: FailOpen = False
    ) -> ListCustomerEntitlementAccessResponseData:
        found = check.of_customer(namespace(), Holder(customer_id), fail_open=fail_open)
        failed_open = found is None or any_failed_open(*found.values())
        return told(access_list_wire(found or {}), failed_open=failed_open)

    @router.post(
        _QUERY,
        operation_id="queryEntitlementAccess",
        tags=_TAGS,
        summary="Tell what many customers may use of features",
    )
    def query(
        body: Annotated[EntitlementAccessQueryRequest, Body()],
        size: Size = MOST_NAMES,
        after: After = None,
        before: Before = None,
        fail_open: FailOpen = False,
    ) -> EntitlementAccessQueryResponse:
        refuse_other_pages(router.current_event.resolved_query_string_parameters, BY_CURSOR)
        page = _Page(size, _customer_id("after", after), _customer_id("before", before))
        features = None if body.feature is None else body.feature.keys
        found = check.of_many(
            namespace(), body.customer.keys, features, page.of, with_credit=body.include_credits, fail_open=fail_open
        )
        answer = EntitlementAccessQueryResponse(
            data=results_wire(found, features),
            # told once: with the page that nothing stands before
            errors=[] if page.previous else errors_wire(found),
            meta=CursorMeta(page=CursorMetaPage(size=size, next=page.next, previous=page.previous)),
        )
        return told(answer, failed_open=_is_open(found))

    return router


@dataclass
class _Page:
    """A page of the customers found, in order of their ids; links to its neighbours once it is cut."""

    size: int
    after: str | None
    before: str | None
    next: str | None = field(default=None, init=False)
    previous: str | None = field(default=None, init=False)

    def of(self, customers: Sequence[CustomerStanding]) -> Sequence[CustomerStanding]:
        ids = [one.customer.id for one in customers]
        end = len(ids) if self.before is None else sum(key < self.before for key in ids)
        start = 0 if self.after is None else sum(key <= self.after for key in ids)
        if self.before is not None and self.after is None:
            start = max(start, end - self.size)
        end = min(end, start + self.size)
        page = customers[start:end]
        if page and end < len(ids):
            self.next = self._link("after", page[-1])
        if page and start > 0:
            self.previous = self._link("before", page[0])
        return page

    def _link(self, side: str, customer: CustomerStanding) -> str:
        return cursor_link(_QUERY, side, customer.customer.id, [("page[size]", str(self.size))])


def _customer_id(side: str, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    text = item_of(cursor)
    if not is_ulid(text):
        raise no_cursor(side)
    return text


def _is_open(found: AccessOfMany) -> bool:
    accesses = [access for customer in found.customers for access in customer.features.values()]
    return bool(found.failed_open) or any_failed_open(*accesses)
