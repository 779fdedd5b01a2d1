"""The use case of the portal's meter query: what is asked, narrowed to whom the token shows."""

from collections.abc import Collection
from dataclasses import replace

from meterhouse.kernel.errors import NotFound
from meterhouse.metering.directory import Directory
from meterhouse.metering.query_usage import QueryUsage, UsageAsked
from meterhouse.metering.usage import UsageRow
from meterhouse.portal.caller import Caller


class QueryPortalMeter:
    def __init__(self, directory: Directory, query: QueryUsage) -> None:
        self._directory = directory
        self._query = query

    def __call__(
        self, caller: Caller, slug: str, asked: UsageAsked, customer_ids: Collection[str] | None
    ) -> list[UsageRow]:
        """Rows of the token's subject or customer; none where `customer_ids` are others'.

        Raises:
            NotFound: there is no such meter, or the token does not show it.
            InvalidInput, Unprocessable: as `QueryUsage`.
        """
        scope = caller.scope
        if not scope.shows(slug):
            raise NotFound("meter", slug)
        if scope.customer_id is None:
            owner, asked = self._owner(caller), replace(asked, subjects=(scope.subject,), customer_ids=None)
        else:
            owner, asked = scope.customer_id, replace(asked, subjects=None, customer_ids=(scope.customer_id,))
        rows = self._query(caller.namespace, slug, asked)
        return rows if customer_ids is None or owner in customer_ids else []

    def _owner(self, caller: Caller) -> str | None:
        subject = caller.scope.subject
        return self._directory.customers_of(caller.namespace, [subject]).get(subject)
