"""Repeating periods on the wire, to the contract: usage periods, and recurrences of grants."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from meterhouse.entitlements.spec import MeasureFrom, RecurrenceSpec
from meterhouse.kernel.cadence import Cadence, CadenceUnit
from meterhouse.kernel.instant import format_rfc3339, parse_rfc3339, utc
from meterhouse.platform.wire import Instant, Wire

_NAMED = {unit.value: Cadence(1, unit) for unit in CadenceUnit if unit is not CadenceUnit.HOUR}
_PRESETS = {preset.value: preset for preset in MeasureFrom}
_NAMES = {cadence: name for name, cadence in _NAMED.items()}


def _interval(value: object) -> Cadence:
    if isinstance(value, Cadence):
        return value
    if not isinstance(value, str):
        raise PydanticCustomError("interval", "must be DAY, WEEK, MONTH, YEAR or an ISO 8601 duration")
    try:
        return _NAMED.get(value) or Cadence.parse(value)
    except ValueError as error:
        reason = {"reason": f"{error}, nor DAY, WEEK, MONTH or YEAR"}
        raise PydanticCustomError("interval", "{reason}", reason) from None


def _interval_text(cadence: Cadence) -> str:
    return _NAMES.get(cadence) or cadence.iso()


def _measure_from(value: object) -> MeasureFrom | datetime:
    if isinstance(value, datetime):
        return utc(value)
    if not isinstance(value, str):
        raise PydanticCustomError("measure_usage_from", "must be CURRENT_PERIOD_START, NOW or an RFC 3339 date-time")
    try:
        return _PRESETS.get(value) or parse_rfc3339(value)
    except ValueError as error:
        reason = {"reason": f"{error}, nor CURRENT_PERIOD_START or NOW"}
        raise PydanticCustomError("measure_usage_from", "{reason}", reason) from None


def _measure_from_text(value: MeasureFrom | datetime) -> str:
    return format_rfc3339(value) if isinstance(value, datetime) else value.value


RecurringPeriodInterval = Annotated[
    Cadence,
    PlainValidator(_interval),
    PlainSerializer(_interval_text, return_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": list(_NAMED)},
                {"type": "string", "format": "duration", "description": "One unit, from an hour up: PT8H, P2W, P12M."},
            ]
        }
    ),
]
MeasureUsageFrom = Annotated[
    MeasureFrom | datetime,
    PlainValidator(_measure_from),
    PlainSerializer(_measure_from_text, return_type=str),
    WithJsonSchema(
        {"oneOf": [{"type": "string", "enum": list(MeasureFrom)}, {"type": "string", "format": "date-time"}]}
    ),
]


class RecurringPeriodCreateInput(Wire):
    interval: RecurringPeriodInterval
    anchor: Instant | None = None


class RecurringPeriod(Wire):
    interval: RecurringPeriodInterval
    interval_iso: Annotated[str, Field(alias="intervalISO")]
    anchor: Instant


def recurrence_spec(wire: RecurringPeriodCreateInput) -> RecurrenceSpec:
    return RecurrenceSpec(wire.interval, wire.anchor)


def recurring_period(cadence: Cadence, anchor: datetime) -> RecurringPeriod:
    return RecurringPeriod(interval=cadence, interval_iso=cadence.iso(), anchor=anchor)
