"""Usage billed while its period goes on: a pending line becomes a part that is billed and a rest that goes on."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from meterhouse.billing.invoice import Line
from meterhouse.billing.line_keys import part_key
from meterhouse.billing.reconcile import line_id
from meterhouse.catalog.price import TieredPrice, TierMode
from meterhouse.kernel.period import Period


class Parts(NamedTuple):
    """`rest` None: nothing of the period is left."""

    billed: Line
    rest: Line | None


def under_way(pending: Iterable[Line], at: datetime) -> list[Line]:
    """Lines for usage that has begun by `at` and is not due yet; what is on no invoice is left out."""
    return [
        line
        for line in pending
        if line.is_metered and line.is_invoiced and line.service_period.start < at < line.invoice_at
    ]


def is_divisible(line: Line) -> bool:
    """Whether its price can be charged for a part of a period; volume's tier is known only at the end of it."""
    price = line.rate_card.price
    return not (isinstance(price, TieredPrice) and price.mode is TierMode.VOLUME)


def parts_at(line: Line, at: datetime, now: datetime) -> Parts:
    """The part of a line up to `at`, due then, and what is left of it; the line itself where its service is over."""
    period = line.service_period
    if period.end <= at:
        return Parts(replace(line, invoice_at=period.end, updated_at=now), None)
    whole = line.whole_period or period
    billed = replace(
        line,
        service_period=Period(period.start, at),
        whole_period=whole,
        is_terminal=False,
        invoice_at=at,
        updated_at=now,
    )
    key = part_key(line.key, at, is_metered=True)
    rest = replace(
        line,
        id=line_id(key, at),
        key=key,
        revision=0,
        service_period=Period(at, period.end),
        whole_period=whole,
        created_at=now,
        updated_at=now,
    )
    return Parts(billed, rest)
