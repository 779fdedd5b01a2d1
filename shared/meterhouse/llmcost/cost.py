"""What usage cost the seller: quantities times what each unit cost when it was used."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from typing import TYPE_CHECKING

from meterhouse.catalog.unit_cost import ManualUnitCost, TokenType, ToldBy
from meterhouse.kernel.rounding import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from meterhouse.catalog.unit_cost import LlmUnitCost, UnitCost
    from meterhouse.llmcost.price_book import Name, PriceBook

Row = tuple[str | None, ...]
DOLLARS = "USD"
_BATCH = "batch"
_NOTHING = Decimal(0)
_TOKEN_TYPES = frozenset(one.value for one in TokenType)


@dataclass(frozen=True, slots=True)
class Used:
    """Usage of one group in a time during which no price changed; `told` is what its events tell.

    Attributes:
        row: which row of the answer it belongs to.
        at: an instant of it.
    """

    quantity: Decimal
    row: Row
    at: datetime
    told: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cost:
    """`amount` in `currency`, not rounded; None: some usage has no price, or prices are in several currencies.

    Attributes:
        details: why there is no amount, and what was assumed.
        unpriced: how much of the quantity has no price.
        reasons: those of the details that say why it has none.
    """

    quantity: Decimal
    amount: Decimal | None
    currency: str = DOLLARS
    details: tuple[str, ...] = ()
    unpriced: Decimal = _NOTHING
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Priced:
    quantity: Decimal
    unit: Decimal | None = None
    currency: str | None = None
    detail: str | None = None


def name_of(unit_cost: LlmUnitCost, told: Mapping[str, str | None]) -> Name:
    """Provider and model, as the events tell or the unit cost fixes them; "" where they tell nothing."""
    return _said(unit_cost.provider, told) or "", _said(unit_cost.model, told) or ""


def costs_of(unit_cost: UnitCost, used: Iterable[Used], book: PriceBook) -> dict[Row, Cost]:
    """The cost of each row of the answer."""
    rows: dict[Row, list[_Priced]] = defaultdict(list)
    for one in used:
        rows[one.row].append(_priced(unit_cost, one, book))
    with localcontext(EXACT):
        return {row: _summed(parts) for row, parts in rows.items()}


def _summed(parts: list[_Priced]) -> Cost:
    quantity = sum((part.quantity for part in parts), _NOTHING)
    lacking = [part for part in parts if part.unit is None]
    unpriced, reasons = sum((part.quantity for part in lacking), _NOTHING), _details(lacking)
    currencies = sorted({part.currency for part in parts if part.currency is not None})
    if len(currencies) > 1:
        details = (*_details(parts), f"prices are in {' and '.join(currencies)}")
        return Cost(quantity, None, details=details, unpriced=unpriced, reasons=reasons)
    amounts = [part.quantity * part.unit for part in parts if part.unit is not None]
    amount = None if lacking else sum(amounts, _NOTHING).normalize()
    return Cost(quantity, amount, currencies[0] if currencies else DOLLARS, _details(parts), unpriced, reasons)


def _details(parts: Iterable[_Priced]) -> tuple[str, ...]:
    return tuple(sorted({part.detail for part in parts if part.detail is not None}))


def _priced(unit_cost: UnitCost, used: Used, book: PriceBook) -> _Priced:
    if isinstance(unit_cost, ManualUnitCost):
        return _Priced(used.quantity, unit_cost.amount, DOLLARS)
    told_type = _said(unit_cost.token_type, used.told) or ""
    if told_type not in _TOKEN_TYPES:
        return _Priced(used.quantity, detail=f"{told_type!r} is no type of token")
    return _priced_tokens(unit_cost, TokenType(told_type), used, book)


def _priced_tokens(unit_cost: LlmUnitCost, token_type: TokenType, used: Used, book: PriceBook) -> _Priced:
    name = name_of(unit_cost, used.told)
    called = "/".join(name)
    price = book.price(name, used.at)
    if price is None:
        return _Priced(used.quantity, detail=f"no price is known of {called}")
    is_batch = unit_cost.processing is not None and used.told.get(unit_cost.processing.group_by_key) == _BATCH
    asked = price.pricing.price(token_type, is_batch=is_batch)
    if asked is None:
        return _Priced(used.quantity, detail=f"{called} has no price for {token_type} tokens")
    length = _input_tokens(unit_cost.input_tokens, used.told)
    detail = _as_short(unit_cost.input_tokens) if asked.tiers and length is None else None
    return _Priced(used.quantity, asked.of(length or 0), price.currency, detail)


def _input_tokens(key: ToldBy | None, told: Mapping[str, str | None]) -> int | None:
    """A length of requests that exceeds the thresholds theirs exceeds: rows tell the greatest of these alone.

    None: nothing tells a length.
    """
    exceeded = None if key is None else told.get(key.group_by_key)
    return int(exceeded) + 1 if exceeded else None


def _as_short(key: ToldBy | None) -> str:
    why = "the unit cost names no inputTokensProperty" if key is None else f"no whole number under {key.group_by_key!r}"
    return f"priced as short requests: {why}"


def _said(wanted: str | ToldBy, told: Mapping[str, str | None]) -> str | None:
    return told.get(wanted.group_by_key) if isinstance(wanted, ToldBy) else wanted
