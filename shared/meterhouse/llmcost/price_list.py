"""What a new edition of a provider's price list changes in the catalogue: what was in force stays written as it was."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from meterhouse.kernel.ids import derived_ulid
from meterhouse.llmcost.llm_price import LlmPrice, Model, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from meterhouse.llmcost.token_price import TokenPricing

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
"""From when a price holds of which the list tells no beginning."""
_CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class ListedPrice:
    """What the list says: the price from `since` on, until the next of the model."""

    pricing: TokenPricing
    since: datetime = BEGINNING


@dataclass(frozen=True, slots=True)
class Changes:
    """Prices to write, new or changed, and the ids of those to remove: none of these ever held."""

    write: tuple[LlmPrice, ...] = ()
    remove: tuple[str, ...] = ()


def begun_at(listed: Sequence[ListedPrice], at: datetime) -> list[ListedPrice]:
    """The list's prices of a model, the earliest first, as if it had cost nothing before `at`."""
    today = [replace(one, since=at) for one in listed if one.since <= at][-1:]
    return [*today, *(one for one in listed if one.since > at)]


def changes_of(model: Model, known: Sequence[LlmPrice], listed: Iterable[ListedPrice], at: datetime) -> Changes:
    """How the catalogue's prices of one model follow the list.

    What held before `at` is never rewritten: a list that has another price for today has it from `at` on. Prices to
    come are the list's alone.

    Args:
        model: as the list names it.
        known: the catalogue's prices of the model, the earliest first.
        listed: the list's prices of the model, the earliest first; at least one.
        at: when the list is read.
    """
    wanted = _timeline(model, known, tuple(listed), at)
    ids = {price.id for price in wanted}
    kept = {price.id: price for price in known}
    return Changes(
        tuple(price for price in wanted if price != kept.get(price.id)),
        tuple(price.id for price in known if price.id not in ids),
    )


def _timeline(model: Model, known: Sequence[LlmPrice], listed: tuple[ListedPrice, ...], at: datetime) -> list[LlmPrice]:
    past = [price for price in known if price.effective_from <= at]
    if not past:
        return _ended([_price(model, one, at) for one in listed])
    today = next((one for one in reversed(listed) if one.since <= at), None)
    current = replace(past[-1], model=model)
    following = [_price(model, one, at) for one in listed if one.since > at]
    if today is not None and today.pricing != current.pricing:
        following.insert(0, _price(model, replace(today, since=at), at))
    kept = {price.id: price for price in known}
    following = [_kept(price, kept.get(price.id)) for price in following]
    return [*past[:-1], *_touched(_ended([current, *following]), kept, at)]


def _price(model: Model, one: ListedPrice, at: datetime) -> LlmPrice:
    return LlmPrice(
        id=derived_ulid(one.since, "llm_price", model.provider, model.id, one.since.isoformat()),
        model=model,
        pricing=one.pricing,
        currency=_CURRENCY,
        source=Source.SYSTEM,
        effective_from=one.since,
        created_at=at,
        updated_at=at,
    )


def _ended(prices: list[LlmPrice]) -> list[LlmPrice]:
    """Each until the next."""
    last = replace(prices[-1], effective_to=None)
    return [*(replace(one, effective_to=following.effective_from) for one, following in pairwise(prices)), last]


def _kept(price: LlmPrice, known: LlmPrice | None) -> LlmPrice:
    """The price with the times of its first writing."""
    return price if known is None else replace(price, created_at=known.created_at, updated_at=known.updated_at)


def _touched(prices: Iterable[LlmPrice], known: dict[str, LlmPrice], at: datetime) -> list[LlmPrice]:
    return [one if one == known.get(one.id) else replace(one, updated_at=at) for one in prices]
