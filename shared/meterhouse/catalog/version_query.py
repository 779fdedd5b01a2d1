"""How lists of versions are asked for, in queries of the contract."""

import re
from typing import Annotated, Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.catalog.ports import Slice, VersionOrder
from meterhouse.kernel.errors import Problems
from meterhouse.platform.wire import CurrencyCode, Key, PageNumber, PageSize, SortOrder, Ulid

IncludeDeleted = Annotated[bool, Query(alias="includeDeleted")]
IncludeLatest = Annotated[bool, Query(alias="includeLatest")]
Ids = Annotated[list[Ulid] | None, Query(alias="id")]
Keys = Annotated[list[Key] | None, Query(alias="key")]
Currencies = Annotated[list[CurrencyCode] | None, Query(alias="currency")]
PageQuery = Annotated[PageNumber, Query(alias="page")]
PageSizeQuery = Annotated[PageSize, Query(alias="pageSize")]
OrderQuery = Annotated[SortOrder, Query(alias="order")]
OrderByQuery = Annotated[VersionOrder, Query(alias="orderBy")]
_KEY_VERSION = re.compile(r"keyVersion\[([a-z0-9_]{1,64})\]")
_VERSION = re.compile(r"[0-9]{1,9}", re.ASCII)


def slice_of(page: int, size: int, order: SortOrder, order_by: VersionOrder) -> Slice:
    return Slice(order_by, size, (page - 1) * size, order is SortOrder.DESC)


def key_versions(event: dict[str, Any]) -> dict[str, list[int]] | None:
    """`keyVersion[pro]=1&keyVersion[pro]=2` (the contract's deepObject) of a request as {"pro": [1, 2]}."""
    problems = Problems()
    wanted: dict[str, list[int]] = {}
    for name, value in parse_qsl(event.get("rawQueryString", "")):
        if (match := _KEY_VERSION.fullmatch(name)) is None:
            continue
        if _VERSION.fullmatch(value):
            wanted.setdefault(match[1], []).append(int(value))
        else:
            problems.add(f"query:{name}", "int_parsing", "a version is a whole number")
    problems.raise_if_any("the query is not valid")
    return wanted or None
