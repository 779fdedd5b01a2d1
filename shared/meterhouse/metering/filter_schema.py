"""Filters on the wire, to the contract: members are operators, all of which must hold."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict
from pydantic_core import PydanticCustomError

from meterhouse.metering.filter import Filter, parse_filter
from meterhouse.platform.wire import Entries, Instant, Ulid, Wire

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DEEPEST_FILTER = 8


def _operator(name: str) -> str:
    return f"${name.removesuffix('_')}"


def _not_too_deep(value: object, depth: int = 0) -> object:
    if depth > _DEEPEST_FILTER:
        raise PydanticCustomError("too_deep", "filters may be nested {limit} deep", {"limit": _DEEPEST_FILTER})
    for parts in value.values() if isinstance(value, dict) else ():
        for part in parts if isinstance(parts, list) else ():
            _not_too_deep(part, depth + 1)
    return value


def _like_pattern(value: str) -> str:
    backslashes = len(value) - len(value.rstrip("\\"))
    if backslashes % 2:
        raise PydanticCustomError("like_pattern", "a pattern must not end in a backslash that escapes nothing")
    return value


LikePattern = Annotated[str, AfterValidator(_like_pattern)]
"""`%` stands for any text, `_` for one character, a backslash takes their meaning away."""


class FilterString(Wire):
    """Conditions on a text; all that are given must hold."""

    model_config = ConfigDict(alias_generator=_operator)

    eq: str | None = None
    ne: str | None = None
    in_: Entries[str] | None = None
    nin: Entries[str] | None = None
    like: LikePattern | None = None
    nlike: LikePattern | None = None
    ilike: LikePattern | None = None
    nilike: LikePattern | None = None
    gt: str | None = None
    gte: str | None = None
    lt: str | None = None
    lte: str | None = None
    and_: "Entries[FilterString] | None" = None
    or_: "Entries[FilterString] | None" = None

    def filter(self) -> Filter:
        return parse_filter(self.model_dump(by_alias=True))


class FilterTime(Wire):
    """Conditions on an instant; all that are given must hold."""

    model_config = ConfigDict(alias_generator=_operator)

    gt: Instant | None = None
    gte: Instant | None = None
    lt: Instant | None = None
    lte: Instant | None = None
    and_: "Entries[FilterTime] | None" = None
    or_: "Entries[FilterTime] | None" = None

    def filter(self) -> Filter:
        return parse_filter(self._document())

    def _document(self) -> dict[str, Any]:
        compared = {name: getattr(self, name) for name in ("gt", "gte", "lt", "lte")}
        document: dict[str, Any] = {f"${name}": (at - _EPOCH) // _MICROSECOND for name, at in compared.items() if at}
        for name, parts in (("$and", self.and_), ("$or", self.or_)):
            document[name] = None if parts is None else [part._document() for part in parts]  # noqa: SLF001 - own class
        return document


class FilterId(Wire):
    model_config = ConfigDict(alias_generator=_operator)

    in_: list[Ulid] | None = None


FilterText = Annotated[FilterString, BeforeValidator(_not_too_deep)]
FilterInstant = Annotated[FilterTime, BeforeValidator(_not_too_deep)]
Filters = dict[str, FilterText]
