"""Pages by cursor, to the contract's third version: `page[size]`, and `page[after]` or `page[before]` an item."""

import base64
import binascii
from collections.abc import Iterable
from typing import Annotated
from urllib.parse import quote, urlencode

from aws_lambda_powertools.event_handler.openapi.params import Query

from meterhouse.kernel.errors import InvalidInput, Problem
from meterhouse.platform.wire import SnakeWire

After = Annotated[str | None, Query(alias="page[after]")]
Before = Annotated[str | None, Query(alias="page[before]")]


class CursorMetaPage(SnakeWire):
    nullable = frozenset({"next", "previous"})

    size: int
    next: str | None
    previous: str | None


class CursorMeta(SnakeWire):
    page: CursorMetaPage


def cursor_of(item: str) -> str:
    return base64.urlsafe_b64encode(item.encode()).decode().rstrip("=")


def cursor_link(path: str, side: str, item: str, kept: Iterable[tuple[str, str]]) -> str:
    """Where the items `side` ("after", "before") of this one are; `kept` are further parameters of the query."""
    return f"{path}?{urlencode([*kept, (f'page[{side}]', cursor_of(item))], quote_via=quote, safe='')}"


def item_of(cursor: str) -> str:
    """What `cursor_of` was given; "" where it was no cursor of ours."""
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def no_cursor(side: str) -> InvalidInput:
    """The refusal of what is no cursor of the list."""
    fault = Problem(f"query:page[{side}]", "cursor", "no cursor of ours")
    return InvalidInput("the page cannot be found", [fault])
