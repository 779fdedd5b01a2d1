"""ClickHouse's values in Python: DateTime is an int of seconds, DateTime64(6) a `Micros`, arrays are tuples."""

from decimal import ROUND_HALF_EVEN, Context
from typing import Any

WIDE = Context(prec=100, rounding=ROUND_HALF_EVEN)
SECOND = 1_000_000


class Micros(int):
    """Microseconds since 1970: seconds and microseconds are told apart by their type, as ClickHouse does."""

    __slots__ = ()


class Map(dict[str, str]):
    """A Map(String, String), which can be grouped by."""

    def __hash__(self) -> int:  # type: ignore[override] # a dict has none; no row is ever changed
        return hash(frozenset(self.items()))


def frozen(value: Any) -> Any:
    """A value as rows hold it."""
    if type(value) is list:
        return tuple(map(frozen, value))
    return Map(value) if type(value) is dict else value


def seconds(value: int) -> int:
    return value // SECOND if isinstance(value, Micros) else value
