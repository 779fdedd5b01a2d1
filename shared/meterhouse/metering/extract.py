"""What a meter reads of an event's data."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from msgspec import DecodeError
from msgspec.json import Decoder, Encoder

from meterhouse.metering.json_path import compiled
from meterhouse.metering.model import Meter

DECIMALS = 18
BOUND = Decimal(10) ** 20
"""Values are in (-BOUND, BOUND); more than DECIMALS digits behind the point are rounded half even."""
_QUANTUM = Decimal(1).scaleb(-DECIMALS)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_LONGEST_NUMBER = 128
_DECODER = Decoder(float_hook=Decimal)
_ENCODER = Encoder(decimal_format="number")
_ONE = Decimal(1)
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class MeterValue:
    """One event as one meter sees it; with a `fault` it counts for nothing."""

    meter_id: str
    value: Decimal
    group_by: Mapping[str, str]
    fault: str | None = None


def parse_data(data: bytes) -> object:
    """The data with exact numbers; None where there is none."""
    if not data:
        return None
    try:
        return _DECODER.decode(data)
    except (DecodeError, RecursionError):
        return None


def extract(meter: Meter, data: object) -> MeterValue:
    """What the meter reads: COUNT one each, others the number at the value property."""
    group_by = {name: _text(compiled(path)(data)) for name, path in meter.group_by.items()}
    if meter.value_property is None:
        return MeterValue(meter.id, _ONE, group_by)
    found = compiled(meter.value_property)(data)
    try:
        return MeterValue(meter.id, _number(found), group_by)
    except ValueError as error:
        return MeterValue(meter.id, _ZERO, group_by, f"meter {meter.slug}: {meter.value_property} {error}")


def _number(found: list[Any]) -> Decimal:
    if len(found) != 1:
        raise ValueError("finds several values" if found else "is missing")
    value = found[0]
    if value is None:
        raise ValueError("is null")
    if not _is_number(value):
        raise ValueError("is no number")
    number = Decimal(value)
    if not -BOUND < number < BOUND:
        raise ValueError("is out of range")
    return number.quantize(_QUANTUM, context=_EXACT)


def _is_number(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value) is not None
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def _text(found: list[Any]) -> str:
    """A group's name; "" where the event lacks the property."""
    if not found or found[0] is None:
        return ""
    value = found[0] if len(found) == 1 else found
    return value if isinstance(value, str) else _ENCODER.encode(value).decode()
