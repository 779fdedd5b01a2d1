"""Shapes that every room's schemas share: camelCase names, unknown fields refused, absent rather than null."""

import re
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    StringConstraints,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339, utc

T = TypeVar("T")
_NUMERIC = re.compile(r"^\-?[0-9]+(\.[0-9]+)?$", re.ASCII)


class Wire(BaseModel):
    """A schema of the contract. `None` is left out of an answer unless the field stands in `nullable`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)
    nullable: ClassVar[frozenset[str]] = frozenset()

    if not TYPE_CHECKING:  # checkers derive the keywords from the fields

        def __init__(self, /, **fields: object) -> None:
            """Take our own names; a document has the contract's alone: in it `display_name` is an unknown field."""
            self.__pydantic_validator__.validate_python(fields, self_instance=self, by_alias=True, by_name=True)

        # as `RootModel` does: else pydantic would build documents through this constructor, too
        __init__.__pydantic_base_init__ = True

    @model_validator(mode="before")
    @classmethod
    def _no_number(cls, value: object) -> object:
        # pydantic would look for the fields among the attributes of a Decimal, and find all that may be absent
        if isinstance(value, JsonFraction):
            raise ValueError("must be an object")  # noqa: TRY004 - what pydantic takes as a fault of the input
        return value

    @model_serializer(mode="wrap")
    def _absent_rather_than_null(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        kept = {to_camel(name) for name in self.nullable} | self.nullable
        return {name: value for name, value in handler(self).items() if value is not None or name in kept}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Describe answers by the fields, too: the serializer above would hide them behind a plain object."""
        described: Any = {name: part for name, part in core_schema.items() if name != "serialization"}
        return handler(described)


class SnakeWire(Wire):
    """A schema of the contract's third version, whose names are as ours are."""

    model_config = ConfigDict(alias_generator=None)


def _plain(value: Decimal) -> str:
    return f"{value:f}" if value else "0"


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


class JsonFraction(Decimal):
    """A JSON number with a fraction or an exponent, as the edge decodes it: exact, and known to be no string."""


def _only_text(value: object) -> object:
    is_number = isinstance(value, float | int | JsonFraction) and not isinstance(value, bool)
    if is_number or (isinstance(value, str) and not _NUMERIC.fullmatch(value)):
        raise ValueError("must be a string holding a decimal number")
    return value


Numeric = Annotated[
    Decimal,
    BeforeValidator(_only_text),
    Field(allow_inf_nan=False, max_digits=60),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _NUMERIC.pattern}),
]
"""The contract's `Numeric`: a decimal in a string."""


def _only_number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise PydanticCustomError("number", "must be a number")
    return value


JsonNumber = Annotated[
    Decimal,
    BeforeValidator(_only_number),
    Field(allow_inf_nan=False),
    PlainSerializer(_number, return_type=int | float),
    WithJsonSchema({"type": "number"}),
]
"""A decimal where the contract has a JSON number, and no text: whole values are exact, others the nearest double."""

Flag = Annotated[bool, Field(strict=True)]
"""A boolean of a document: true or false alone, where pydantic would take "off" and 0, too."""

Whole = Annotated[int, Field(strict=True)]
"""A whole number of a document: pydantic would take true and "2", too. Parameters, which are texts, are plain `int`."""


def _instant(value: object) -> datetime:
    if isinstance(value, str):
        return parse_rfc3339(value)
    if isinstance(value, datetime):
        return utc(value)
    raise ValueError("must be an RFC 3339 date-time with a time zone")


Instant = Annotated[
    datetime,
    BeforeValidator(_instant),
    PlainSerializer(format_rfc3339, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant in UTC; on the wire RFC 3339, never a number."""

Key = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9]+(?:_[a-z0-9]+)*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Description = Annotated[str, StringConstraints(max_length=1024)]
ExternalKey = Annotated[str, StringConstraints(min_length=1, max_length=256)]
Ulid = Annotated[str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Za-hjkmnp-tv-z]{25}$")]
Text = Annotated[str | None, Field(max_length=256)]
"""What a list is filtered by; None: not by this."""
CurrencyCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
CustomCurrencyCode = Annotated[str, StringConstraints(min_length=4, max_length=24)]
CurrencyCodeOrCustom = Annotated[str, StringConstraints(min_length=3, max_length=24)]
Metadata = dict[str, str]
Label = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9A-Z]{1}([a-z0-9A-Z-._]*[a-z0-9A-Z]+)?$", min_length=1, max_length=63)
]
Labels = Annotated[dict[str, Label], Field(max_length=50)]
MOST_ENTRIES = 10_000
Entries = Annotated[list[T], Field(max_length=MOST_ENTRIES)]
"""A list of a request: a refusal tells of each wrong entry, and Lambda lets no answer be larger than 6 MB."""
PageNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
PageSize = Annotated[int, Field(ge=1, le=1000)]


class SortOrder(StrEnum):
    ASC = "ASC"
    DESC = "DESC"


class PeriodWire(Wire):
    from_: Instant = Field(alias="from")
    to: Instant


class Page(Wire, Generic[T]):
    """One page of a list; `page` counts from 1."""

    # an answer alone: Powertools reads the `Page` a route returns into the `Page[…]` it declares, by attributes
    model_config = ConfigDict(populate_by_name=True)

    total_count: int
    page: int
    page_size: int
    items: list[T]


class PageMeta(SnakeWire):
    number: int
    size: int
    total: int


class PaginatedMeta(SnakeWire):
    """What the lists of the contract's third version tell of themselves."""

    page: PageMeta


class Resource(Wire):
    """What every stored resource carries."""

    id: Ulid
    created_at: Instant
    updated_at: Instant
    deleted_at: Instant | None = None


def as_utc(value: datetime | None) -> datetime | None:
    return None if value is None else utc(value)
