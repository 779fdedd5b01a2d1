"""How lists of versions are asked for, in queries of the contract."""

import re
from typing import Annotated, Any
from urllib.parse import parse_qsl

from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.catalog.ports import Slice, VersionOrder
from meterhouse.kernel.errors import Problems
from meterhouse.platform.query_openapi import by_key, query_parameters
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
KEY_VERSION = query_parameters(by_key("keyVersion", {"type": "array", "items": {"type": "integer"}}))
_KEY_VERSION = re.compile(r"keyVersion\[([a-z0-9_]{1,64})\](?:\[\])?")
_VERSION = re.compile(r"[0-9]{1,9}", re.ASCII)
_VERSIONS_OF = re.compile(r"'([a-z0-9_]{1,64})': \[([0-9, ]+)\]", re.ASCII)
_ONE_KEY = r"'[a-z0-9_]{1,64}': \[[0-9]{1,9}(?:, [0-9]{1,9})*\]"
_ALL_VERSIONS = re.compile(rf"\{{{_ONE_KEY}(?:, {_ONE_KEY})*\}}", re.ASCII)


def slice_of(page: int, size: int, order: SortOrder, order_by: VersionOrder) -> Slice:
    return Slice(order_by, size, (page - 1) * size, order is SortOrder.DESC)


def key_versions(event: dict[str, Any]) -> dict[str, list[int]] | None:
    """Of a request's query the versions of keys: `keyVersion[pro]=1&keyVersion[pro]=2` as {"pro": [1, 2]}.

    That is the contract's deepObject. What the official Python SDK sends, `keyVersion={'pro': [1, 2]}`, is read, too.
    """
    problems = Problems()
    wanted: dict[str, list[int]] = {}
    for name, value in parse_qsl(event.get("rawQueryString", "")):
        if name == "keyVersion":
            for key, version in _written_out(value, problems):
                wanted.setdefault(key, []).append(version)
        elif match := _KEY_VERSION.fullmatch(name):
            if _VERSION.fullmatch(value):
                wanted.setdefault(match[1], []).append(int(value))
            else:
                problems.add(f"query:{name}", "int_parsing", "a version is a whole number")
        elif name.startswith("keyVersion"):
            problems.add(f"query:{name}", "key_version", "must be as keyVersion[key]=1")
    problems.raise_if_any("the query is not valid")
    return wanted or None


def _written_out(value: str, problems: Problems) -> list[tuple[str, int]]:
    if not _ALL_VERSIONS.fullmatch(value):
        problems.add("query:keyVersion", "key_version", "must be as keyVersion[key]=1")
        return []
    return [
        (key, int(version)) for key, versions in _VERSIONS_OF.findall(value) for version in _VERSION.findall(versions)
    ]
