"""A trace as canonical JSON.

It is put together as text: the encoder of the standard library takes longer than all the arithmetic. A test holds the
text to the encoder.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from meterhouse.catalog.price_document import discounts_to_document, price_to_document, unit_config_to_document
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.rating.arithmetic import (
    cumulative_text,
    exact_text,
    maximum_text,
    minimum_text,
    percentage_text,
    quantity_text,
    rounding_text,
)
from meterhouse.rating.line import DiscountReason
from meterhouse.rating.numerals import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from decimal import Decimal

    from meterhouse.catalog.discount import Discounts
    from meterhouse.catalog.price import Price
    from meterhouse.catalog.unit_config import UnitConfig
    from meterhouse.kernel.period import Period
    from meterhouse.rating.amounts import Amount
    from meterhouse.rating.commitments import Bounds
    from meterhouse.rating.conventions import Conventions
    from meterhouse.rating.line import DetailedLine, Totals
    from meterhouse.rating.part import TierHit
    from meterhouse.rating.trace import Trace
    from meterhouse.rating.usage import Usage

_MEMORY = 4096
_quoted = json.JSONEncoder(ensure_ascii=False).encode


def encoded(content: Mapping[str, Any]) -> str:
    """Canonical JSON: sorted keys, no spaces."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def written(trace: Trace, version: int) -> str:
    """The trace as canonical JSON, every number in a string written one way; runs in `kernel.rounding.EXACT`."""
    usage = trace.usage
    return (
        f'{{"commitments":{_commitments(trace.bounds)},"inputs":{inputs_text(usage)},'
        f'"quantities":[{",".join(_quantities(trace))}],'
        f'"rounding":{{"exponent":{usage.currency.exponent},"mode":"half_away_from_zero",'
        f'"point":"{usage.conventions.rounding_point}"}},'
        f'"steps":[{",".join(_steps(trace))}],"totals":{_totals(trace.totals)},"version":{version}}}'
    )


def inputs_text(usage: Usage) -> str:
    """What a line is rated from, as canonical JSON; `rerun.usage_of` reads it."""
    whole = usage.whole_period
    return (
        f'{{"amount_before":"{plain(usage.amount_before)}","conventions":{_conventions(usage.conventions)},'
        f'"currency":"{usage.currency.code}","discounts":{_discounts(usage.discounts)},'
        f'"is_first":{_bool(usage.is_first)},"is_last":{_bool(usage.is_last)},'
        f'"is_progressive":{_bool(usage.is_progressive)},"name":{_quoted(usage.name)},"price":{_price(usage.price)},'
        f'"price_version":{_quoted(usage.price_version)},"quantity":"{plain(usage.quantity)}",'
        f'"quantity_before":"{plain(usage.quantity_before)}","service_period":{_period(usage.service_period)},'
        f'"share":"{usage.share}","unit_config":{_unit_config(usage.unit_config)},'
        f'"whole_period":{"null" if whole is None else _period(whole)}}}'
    )


def _quantities(trace: Trace) -> Iterator[str]:
    metered, *later = trace.quantities
    yield f'{{"after":"{plain(metered.after)}","before":"{plain(metered.before)}","step":"{metered.step}"}}'
    for before, after in zip(trace.quantities, later, strict=False):
        text = quantity_text(trace.usage, before, after)
        yield (
            f'{{"after":"{plain(after.after)}","arithmetic":"{text}","before":"{plain(after.before)}",'
            f'"step":"{after.step}"}}'
        )


def _steps(trace: Trace) -> Iterator[str]:
    point, code = trace.usage.conventions.rounding_point, trace.usage.currency.code
    room = trace.bounds.room
    for part, amount, line in zip(trace.parts, trace.amounts, trace.lines, strict=False):
        quantity, per_unit, value = plain(part.quantity), plain(part.per_unit_amount), plain(amount.value)
        exact, tier = exact_text(amount.exact), "null" if part.tier is None else _tier(part.tier)
        share = "" if part.share is None else f" x {part.share}"
        text = f"{quantity} x {per_unit}{share} = {rounding_text(exact, value, point)}"
        if amount.before:
            text = cumulative_text(part, amount)
        taken_off = ",".join(_taken_off(trace, amount, line, room)) if line.discounts else ""
        yield (
            f'{{"amount":"{value}","arithmetic":"{text} {code}","discounts":[{taken_off}],"exact":"{exact}",'
            f'"key":"{part.key}","name":{_quoted(part.name)},"per_unit_amount":"{per_unit}","quantity":"{quantity}",'
            f'"tier":{tier}}}'
        )
        room = None if room is None else room - line.net
    for line in trace.lines[len(trace.parts) :]:
        yield _minimum(trace, line)


def _minimum(trace: Trace, line: DetailedLine) -> str:
    text, value = f"{minimum_text(trace.bounds, line.amount)} {trace.usage.currency.code}", plain(line.amount)
    return (
        f'{{"amount":"{value}","arithmetic":"{text}","discounts":[],"exact":"{value}","key":"{line.key}",'
        f'"name":{_quoted(line.name)},"per_unit_amount":"{value}","quantity":"1","tier":null}}'
    )


def _taken_off(trace: Trace, amount: Amount, line: DetailedLine, room: Decimal | None) -> Iterator[str]:
    percentage, maximum, net = trace.usage.discounts.percentage, trace.bounds.maximum, amount.value
    for reason, off in line.discounts:
        if reason is DiscountReason.PERCENTAGE and percentage is not None:
            text = percentage_text(amount, percentage, off)
        elif room is not None and maximum is not None:
            text = maximum_text(net, room, maximum, off)
        else:
            continue
        net -= off
        yield f'{{"amount":"{plain(off)}","arithmetic":"{text} {trace.usage.currency.code}","reason":"{reason}"}}'


def _tier(hit: TierHit) -> str:
    up_to = "null" if hit.up_to is None else f'"{plain(hit.up_to)}"'
    return f'{{"number":{hit.number},"over":"{plain(hit.over)}","up_to":{up_to}}}'


def _commitments(bounds: Bounds) -> str:
    before, least, most = plain(bounds.before), bounds.minimum, bounds.maximum
    maximum = "null" if most is None else f'"{plain(most)}"'
    minimum = "null" if least is None else f'"{plain(least)}"'
    return f'{{"before":"{before}","maximum":{maximum},"minimum":{minimum}}}'


def _totals(totals: Totals) -> str:
    amount, charges = plain(totals.amount), plain(totals.charges_total)
    discounts, total = plain(totals.discounts_total), plain(totals.total)
    return f'{{"amount":"{amount}","charges":"{charges}","discounts":"{discounts}","total":"{total}"}}'


def _bool(value: bool) -> str:
    return "true" if value else "false"


# what many lines share is written once: the same plan is sold to many, for the same month


@lru_cache(_MEMORY)
def _price(price: Price) -> str:
    return encoded(price_to_document(price, plain))


@lru_cache(_MEMORY)
def _discounts(discounts: Discounts) -> str:
    return encoded(discounts_to_document(discounts, plain))


@lru_cache(_MEMORY)
def _unit_config(config: UnitConfig | None) -> str:
    return "null" if config is None else encoded(unit_config_to_document(config, plain))


@lru_cache(_MEMORY)
def _conventions(conventions: Conventions) -> str:
    return encoded(asdict(conventions))


@lru_cache(_MEMORY)
def _period(period: Period) -> str:
    return f'{{"from":"{format_rfc3339(period.start)}","to":"{format_rfc3339(period.end)}"}}'
