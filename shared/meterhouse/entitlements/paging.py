"""The contract's two ways to page a list: `page` and `pageSize`, or the deprecated `offset` and `limit`."""

from dataclasses import dataclass
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from meterhouse.entitlements.ports import EntitlementOrder, GrantOrder, Slice
from meterhouse.platform.wire import PageNumber, PageSize, SortOrder

PageQuery = Annotated[PageNumber | None, Query()]
PageSizeQuery = Annotated[PageSize | None, Query(alias="pageSize")]
OffsetQuery = Annotated[int | None, Field(ge=0, le=2**31 - 1), Query()]
LimitQuery = Annotated[PageSize | None, Query()]
OrderQuery = Annotated[SortOrder, Query()]
_SIZE = 100


@dataclass(frozen=True, slots=True)
class Paging:
    """What a caller asked for; None: nothing was said."""

    page: int | None = None
    page_size: int | None = None
    offset: int | None = None
    limit: int | None = None
    order: SortOrder = SortOrder.ASC

    @property
    def is_paged(self) -> bool:
        return self.page is not None or self.page_size is not None

    @property
    def is_counted(self) -> bool:
        """Whether rows are counted off rather than paged."""
        return not self.is_paged and (self.offset is not None or self.limit is not None)

    @property
    def size(self) -> int:
        return (self.limit if self.is_counted else self.page_size) or _SIZE

    @property
    def number(self) -> int:
        """The page, from 1; of rows that are counted off the one in which the first of them lies."""
        return (self.offset or 0) // self.size + 1 if self.is_counted else self.page or 1

    def rows(self, order_by: EntitlementOrder | GrantOrder) -> Slice:
        offset = (self.offset or 0) if self.is_counted else (self.number - 1) * self.size
        return Slice(order_by, self.size, offset, self.order is SortOrder.DESC)
