"""The rows of a usage query, computed from the events that count: slowly, and as anybody would."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from meterhouse.metering.aggregation import Aggregation
from meterhouse.metering.model import Meter
from meterhouse.metering.query_usage import UsageAsked
from meterhouse.metering.usage import WindowSize
from tests.simulation.columns.values import WIDE
from tests.simulation.oracle import Oracle, Writing

Answer = dict[tuple[Any, ...], Decimal]
"""Values by the start of the window (None: no windows) and the groups."""


def answer(oracle: Oracle, meter: Meter, asked: UsageAsked) -> Answer:
    rows: dict[tuple[Any, ...], list[Writing]] = defaultdict(list)
    for writing in oracle.counted(meter):
        if is_asked(meter, asked, writing):
            rows[row_of(asked, oracle.as_read(meter, writing))].append(writing)
    return {row: _number(meter.aggregation, writings) for row, writings in rows.items()}


def is_asked(meter: Meter, asked: UsageAsked, writing: Writing) -> bool:
    start = max((at for at in (asked.from_, meter.event_from) if at is not None), default=writing.time)
    is_in_time = start <= writing.time and (asked.to is None or writing.time < asked.to)
    return is_in_time and (not asked.subjects or writing.subject in asked.subjects)


def row_of(asked: UsageAsked, writing: Writing) -> tuple[Any, ...]:
    return window_start(asked, writing.time), *(_group(name, writing) for name in asked.groups)


def window_start(asked: UsageAsked, at: datetime) -> datetime | None:
    local = at.astimezone(ZoneInfo(asked.time_zone))
    match asked.window:
        case None:
            return None
        case WindowSize.MINUTE:
            return at.replace(second=0, microsecond=0)
        case WindowSize.HOUR:
            return at - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        case WindowSize.DAY:
            return datetime(local.year, local.month, local.day, tzinfo=local.tzinfo).astimezone(UTC)
        case WindowSize.MONTH:
            return datetime(local.year, local.month, 1, tzinfo=local.tzinfo).astimezone(UTC)


def _group(name: str, writing: Writing) -> str | None:
    if name == "subject":
        return writing.subject
    value = writing.data.get(name)
    return None if value is None else str(value)


def _sum(values: Sequence[Decimal]) -> Decimal:
    return reduce(WIDE.add, values, Decimal(0))


def _number(aggregation: Aggregation, writings: Sequence[Writing]) -> Decimal:  # noqa: PLR0911 - one an aggregation
    values = [value for writing in writings if (value := writing.value()) is not None]
    match aggregation:
        case Aggregation.SUM:
            return _sum(values)
        case Aggregation.COUNT:
            return Decimal(len(writings))
        case Aggregation.UNIQUE_COUNT:
            return Decimal(len({writing.data["user"] for writing in writings}))
        case Aggregation.AVG:
            return WIDE.quantize(WIDE.divide(_sum(values), Decimal(len(values))), Decimal("1e-18"))
        case Aggregation.MIN:
            return min(values)
        case Aggregation.MAX:
            return max(values)
        case Aggregation.LATEST:
            latest = max(writings, key=lambda writing: (writing.time, Oracle.order(writing)))
            value = latest.value()
            assert value is not None
            return value
