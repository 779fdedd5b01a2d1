"""What a meter reads of events' data."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from typing import Any

from msgspec import DecodeError, ValidationError
from msgspec.json import Decoder, Encoder

from meterhouse.metering.aggregation import DECIMALS
from meterhouse.metering.json_path import MISSING, Several, Unreadable, reader
from meterhouse.metering.model import Meter

BOUND = Decimal(10) ** 20
"""Values are in (-BOUND, BOUND); more than DECIMALS digits behind the point are rounded half even."""
_INT_BOUND = int(BOUND)
_QUANTUM = Decimal(1).scaleb(-DECIMALS)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 128
_DECODER = Decoder(float_hook=Decimal)
_ENCODER = Encoder(decimal_format="number", order="sorted")
_ONE = Decimal(1)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class MeterValues:
    """A run of events as one meter sees them, an entry an event; where there is a fault, the event counts for nothing.

    Attributes:
        values: the number that was read; 1 where none is asked for.
        texts: what UNIQUE_COUNT tells apart; empty elsewhere.
        groups: group-by names to texts; "" where the event lacks the property.
        faults: why the meter cannot read the event; "" where it can.
    """

    values: list[Decimal]
    texts: list[list[str]]
    groups: list[Mapping[str, str]]
    faults: list[str]


def parse_data(data: bytes) -> object:
    """The data with exact numbers, texts in the place of those that nothing holds; None where there is no data."""
    if not data:
        return None
    try:
        return _DECODER.decode(data)
    except (ValidationError, InvalidOperation):
        return _parse_any_number(data)
    except (DecodeError, RecursionError):
        return None


def _parse_any_number(data: bytes) -> object:
    """Slower, but an exponent or an integer past all measure spoils its own value and not the document."""
    try:
        return json.loads(data.decode(), parse_float=_fraction, parse_int=_integer)
    except (ValueError, RecursionError):
        return None


def _fraction(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except InvalidOperation:
        return text


def _integer(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text


def extract(meter: Meter, documents: Sequence[object]) -> MeterValues:
    """What the meter reads of the documents, event by event."""
    count = len(documents)
    groups, faults = _groups(meter, documents)
    if meter.value_property is None:
        return MeterValues([_ONE] * count, [[]] * count, groups, faults)
    found = list(map(reader(meter.value_property), documents))
    about = _about(meter, meter.value_property)
    if meter.aggregation.reads_number:
        values, unread = _numbers(found, about)
        return MeterValues(values, [[]] * count, groups, _joined(unread, faults))
    unread = [f"{about} {_lack(value)}" if _is_void(value) else "" for value in found]
    return MeterValues([_ONE] * count, [[_text(value)] for value in found], groups, _joined(unread, faults))


def _groups(meter: Meter, documents: Sequence[object]) -> tuple[list[Mapping[str, str]], list[str]]:
    """The groups, and what keeps them from being read."""
    faults = [""] * len(documents)
    columns = []
    for path in meter.group_by.values():
        found = list(map(reader(path), documents))
        if Unreadable in map(type, found):
            about = _about(meter, path)
            unread = [f"{about} {value}" if isinstance(value, Unreadable) else "" for value in found]
            faults = _joined(faults, unread)
        columns.append(list(map(_text, found)))
    if not columns:
        return [{} for _ in documents], faults
    names = tuple(meter.group_by)
    return [dict(zip(names, texts, strict=True)) for texts in zip(*columns, strict=True)], faults


def _about(meter: Meter, path: str) -> str:
    return f"meter {meter.slug}: {path}"


def _joined(faults: list[str], more: list[str]) -> list[str]:
    if not any(more):
        return faults
    return ["; ".join(filter(None, both)) for both in zip(faults, more, strict=True)]


def _numbers(found: Sequence[Any], about: str) -> tuple[list[Decimal], list[str]]:
    values, faults = [], [""] * len(found)
    for index, value in enumerate(found):
        if type(value) is int and -_INT_BOUND < value < _INT_BOUND:
            values.append(Decimal(value))
            continue
        try:
            values.append(_number(value))
        except ValueError as error:
            values.append(_ZERO)
            faults[index] = f"{about} {error}"
    return values, faults


def _number(value: Any) -> Decimal:  # noqa: ANN401 - JSON
    if _is_void(value):
        raise ValueError(_lack(value))
    if not _is_number(value):
        raise ValueError("finds several values" if isinstance(value, Several) else "is no number")
    number = Decimal(value)
    if not -BOUND < number < BOUND:
        raise ValueError("is out of range")
    return number.quantize(_QUANTUM, context=_EXACT)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _is_void(value: object) -> bool:
    return value is MISSING or value is None or isinstance(value, Unreadable)


def _lack(value: object) -> str:
    """What is wrong with a void value."""
    if isinstance(value, Unreadable):
        return str(value)
    return "is missing" if value is MISSING else "is null"


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    if type(value) is str:
        return value
    return "" if _is_void(value) else _ENCODER.encode(value).decode()
