"""How a line's amounts came about, as a document that anyone can follow, check, and rate again.

A trace is canonical JSON: sorted keys, no spaces, every number in a string written one way. It is put together as
text, for the encoder of the standard library takes longer than all the arithmetic; a test holds it to the encoder.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import Price
from meterhouse.catalog.price_document import discounts_to_document, price_to_document, unit_config_to_document
from meterhouse.catalog.unit_config import UnitConfig
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.kernel.period import Period
from meterhouse.rating.arithmetic import (
    amount_text,
    exact_text,
    maximum_text,
    minimum_text,
    percentage_text,
    quantity_text,
)
from meterhouse.rating.charge import Charge
from meterhouse.rating.commitments import Bounds
from meterhouse.rating.conventions import Conventions
from meterhouse.rating.line import Category, Totals
from meterhouse.rating.numerals import plain
from meterhouse.rating.part import TierHit
from meterhouse.rating.quantity import Quantities
from meterhouse.rating.usage import Usage

VERSION = 2
"""1: prices alone, steps with arithmetic. 2: the whole pipeline, and all that is needed to rate again."""

_MEMORY = 4096
_quoted = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Trace:
    """Inputs, steps and totals as canonical JSON."""

    canonical: str

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON, in hex: the same inputs give the same hash in every run."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()

    def document(self) -> dict[str, Any]:
        """The trace with its `hash`, to be stored and shown."""
        content: dict[str, Any] = json.loads(self.canonical)
        return {**content, "hash": self.hash}


def is_genuine(document: Mapping[str, Any]) -> bool:
    """Whether a stored trace, of any version, still is what its hash was taken of."""
    content = {name: value for name, value in document.items() if name != "hash"}
    return Trace(canonical(content)).hash == document.get("hash")


def canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def trace_of(
    usage: Usage, quantities: Sequence[Quantities], bounds: Bounds, charges: Sequence[Charge], totals: Totals
) -> Trace:
    """The trace of a rating; runs, as the pipeline does, in `kernel.rounding.EXACT`."""
    return Trace(
        f'{{"commitments":{_commitments(bounds)},"inputs":{_inputs(usage)},'
        f'"quantities":[{",".join(_quantities(usage, quantities))}],'
        f'"rounding":{{"exponent":{usage.currency.exponent},"mode":"half_away_from_zero",'
        f'"point":"{usage.conventions.rounding_point}"}},'
        f'"steps":[{",".join(_steps(usage, bounds, charges))}],'
        f'"totals":{_totals(totals)},"version":{VERSION}}}'
    )


def _inputs(usage: Usage) -> str:
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


def _quantities(usage: Usage, quantities: Sequence[Quantities]) -> Iterator[str]:
    first = quantities[0]
    yield f'{{"after":"{plain(first.after)}","before":"{plain(first.before)}","step":"{first.step}"}}'
    for earlier, later in zip(quantities, quantities[1:], strict=False):
        text = quantity_text(usage, earlier, later)
        yield (
            f'{{"after":"{plain(later.after)}","arithmetic":{_quoted(text)},"before":"{plain(later.before)}",'
            f'"step":"{later.step}"}}'
        )


def _steps(usage: Usage, bounds: Bounds, charges: Sequence[Charge]) -> Iterator[str]:
    point, code = usage.conventions.rounding_point, usage.currency.code
    room = None if bounds.maximum is None else bounds.maximum - bounds.before
    for charge in charges:
        part, amount = charge.part, charge.amount
        is_regular = part.category is Category.REGULAR
        text = amount_text(charge, point) if is_regular else minimum_text(bounds, amount.value)
        tier = "null" if part.tier is None else _tier(part.tier)
        yield (
            f'{{"amount":"{plain(amount.value)}","arithmetic":"{text} {code}","category":"{part.category}",'
            f'"discounts":[{",".join(_taken_off(usage, charge, bounds, room))}],"exact":"{exact_text(amount.exact)}",'
            f'"key":"{part.key}","name":{_quoted(part.name)},"per_unit_amount":"{plain(part.per_unit_amount)}",'
            f'"quantity":"{plain(part.quantity)}","share":"{part.share}","tier":{tier}}}'
        )
        if room is not None:
            room -= amount.value - charge.off - charge.over


def _taken_off(usage: Usage, charge: Charge, bounds: Bounds, room: Decimal | None) -> Iterator[str]:
    percentage, code = usage.discounts.percentage, usage.currency.code
    if charge.off and percentage is not None:
        yield _discount(charge.off, f"{percentage_text(charge, percentage)} {code}", "ratecard_percentage")
    if charge.over and bounds.maximum is not None and room is not None:
        text = maximum_text(charge.amount.value - charge.off, room, bounds.maximum, charge.over)
        yield _discount(charge.over, f"{text} {code}", "maximum_spend")


def _discount(amount: Decimal, arithmetic: str, reason: str) -> str:
    return f'{{"amount":"{plain(amount)}","arithmetic":"{arithmetic}","reason":"{reason}"}}'


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
    return canonical(price_to_document(price, plain))


@lru_cache(_MEMORY)
def _discounts(discounts: Discounts) -> str:
    return canonical(discounts_to_document(discounts, plain))


@lru_cache(_MEMORY)
def _unit_config(config: UnitConfig | None) -> str:
    return "null" if config is None else canonical(unit_config_to_document(config, plain))


@lru_cache(_MEMORY)
def _conventions(conventions: Conventions) -> str:
    return canonical(asdict(conventions))


@lru_cache(_MEMORY)
def _period(period: Period) -> str:
    return f'{{"from":"{format_rfc3339(period.start)}","to":"{format_rfc3339(period.end)}"}}'
