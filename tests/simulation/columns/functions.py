"""The functions of ClickHouse that our SQL uses."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache, reduce
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.columns.values import WIDE, Map, Micros, seconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALL_BITS = (1 << 128) - 1
_WIDEST = (1 << 256) - 1
_NUMBERS = int | Decimal


def _start(value: int, zone: str, cut: Callable[[datetime], datetime]) -> int:
    info = ZoneInfo(zone)
    start = cut(datetime.fromtimestamp(seconds(value), info))
    return int(start.timestamp())


def start_of_minute(value: int, _zone: str = "UTC") -> int:
    return seconds(value) // 60 * 60


def start_of_hour(value: int, zone: str = "UTC") -> int:
    at = datetime.fromtimestamp(seconds(value), ZoneInfo(zone))
    return seconds(value) - at.minute * 60 - at.second


def start_of_day(value: int, zone: str = "UTC") -> int:
    return _start(value, zone, lambda at: datetime(at.year, at.month, at.day, tzinfo=at.tzinfo))


def start_of_month(value: int, zone: str = "UTC") -> int:
    return _start(value, zone, lambda at: datetime(at.year, at.month, 1, tzinfo=at.tzinfo))


def to_decimal(value: _NUMBERS, scale: int = 18) -> Decimal:
    return WIDE.quantize(Decimal(value), Decimal(1).scaleb(-scale))


def _day_number(value: int) -> int:
    return _number_of_day(seconds(value) // 86_400)


@cache
def _number_of_day(day: int) -> int:
    return int(f"{_EPOCH + timedelta(days=day):%Y%m%d}")


def _digest(*values: Any) -> int:
    return int.from_bytes(blake2b(repr(values).encode(), digest_size=8).digest())


def _array_reduce(aggregate: str, array: Sequence[Any]) -> frozenset[Any]:
    if aggregate != "uniqExactState":
        raise NotImplementedError(aggregate)
    return frozenset(array)


def _transform(value: Any, known: Sequence[Any], names: Sequence[Any], otherwise: Any) -> Any:
    return dict(zip(known, names, strict=True)).get(value, otherwise)


def _slice(array: Sequence[Any], start: int, length: int | None = None) -> Sequence[Any]:
    return array[start - 1 :] if length is None else array[start - 1 : start - 1 + length]


def _like(text: str, pattern: str) -> bool:
    wanted = "".join({"%": ".*", "_": "."}.get(part, re.escape(part)) for part in pattern)
    return re.fullmatch(wanted, text, re.DOTALL) is not None


def _ilike(text: str, pattern: str) -> bool:
    return _like(text.lower(), pattern.lower())


def _several(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else (value,)


SCALARS: dict[str, Callable[..., Any]] = {
    "arrayReduce": _array_reduce,
    "arraySlice": _slice,
    "arraySort": lambda array: tuple(sorted(array)),
    "bitNot": lambda value: _ALL_BITS - value,
    # a shift past the 128th bit is of a wider number
    "bitShiftLeft": lambda value, bits: (value << bits) & _WIDEST,
    "emptyArrayString": tuple,
    "fromUnixTimestamp64Micro": Micros,
    "has": lambda array, value: value in array,
    "if": lambda condition, first, second: first if condition else second,
    "intDiv": lambda value, by: int(value) // by,
    "map": lambda *pairs: Map(zip(pairs[::2], pairs[1::2], strict=True)),
    "mapSort": lambda value: Map(sorted(value.items())),
    "sipHash64": _digest,
    "startsWith": str.startswith,
    "toDate": lambda value: seconds(value) // 86_400 * 86_400,
    "toDateTime": lambda value, _zone="UTC": seconds(value),
    "toDecimal256": to_decimal,
    "toFloat64": float,
    "toInt64": int,
    "toJSONString": lambda value: json.dumps(value, separators=(",", ":")),
    "toStartOfDay": start_of_day,
    "toStartOfHour": start_of_hour,
    "toStartOfMinute": start_of_minute,
    "toStartOfMonth": start_of_month,
    "toString": str,
    "toUInt32": int,
    "toUInt64": int,
    "toUInt128": int,
    "toUInt256": int,
    "toUnixTimestamp": seconds,
    "toUnixTimestamp64Micro": int,
    "toYYYYMM": lambda value: _day_number(value) // 100,
    "toYYYYMMDD": _day_number,
    "transform": _transform,
    "tuple": lambda *values: values,
}


def _sum(values: Sequence[Any]) -> Any:
    if any(isinstance(value, float) for value in values):
        return sum(map(float, values))
    return reduce(WIDE.add, values) if isinstance(values[0], Decimal) else sum(values)


def _those(values: Sequence[Any], conditions: Sequence[Any]) -> list[Any]:
    return [value for value, holds in zip(values, conditions, strict=True) if holds]


def _zero(values: Sequence[Any]) -> Any:
    """What an aggregate over nothing answers: its type's default."""
    return type(values[0])(0)


def _arg_max(values: Sequence[Any], by: Sequence[Any]) -> Any:
    return max(zip(by, values, strict=True), key=lambda pair: pair[0])[1]


def _arg_max_if(values: Sequence[Any], by: Sequence[Any], conditions: Sequence[Any]) -> Any:
    chosen = _those(values, conditions)
    return _arg_max(chosen, _those(by, conditions)) if chosen else _zero(values)


def _union(sets: Iterable[Iterable[Any]]) -> frozenset[Any]:
    return frozenset().union(*sets)


AGGREGATES: dict[str, Callable[..., Any]] = {
    "any": lambda values: values[0],
    "argMax": _arg_max,
    "argMaxIf": _arg_max_if,
    "argMin": lambda values, by: min(zip(by, values, strict=True), key=lambda pair: pair[0])[1],
    "count": len,
    "groupArray": tuple,
    "groupUniqArray": lambda values: tuple(dict.fromkeys(values)),
    "max": max,
    "maxIf": lambda values, conditions: max(_those(values, conditions), default=_zero(values)),
    "min": min,
    "minIf": lambda values, conditions: min(_those(values, conditions), default=_zero(values)),
    "sum": _sum,
    "sumIf": lambda values, conditions: _sum(_those(values, conditions) or [_zero(values)]),
    "uniqExact": lambda values: len(set(values)),
    "uniqExactArrayState": _union,
    "uniqExactMerge": lambda sets: len(_union(sets)),
    "uniqExactMergeState": _union,
}

NAMES: Mapping[str, Any] = {
    "like": _like,
    "ilike": _ilike,
    "several": _several,
    **{f"{name}_": function for name, function in (SCALARS | AGGREGATES).items()},
}
"""What read SQL may call."""
