"""From the entitlements that a subscription wants to what has to be done about those it has. Pure."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from meterhouse.entitlements.entitlement import Entitlement, EntitlementType, floor_minute
from meterhouse.entitlements.spec import AllowanceSpec, EntitlementSpec


@dataclass(frozen=True, slots=True)
class Settlement:
    """What brings a subscription's entitlements to what it wants.

    Attributes:
        removed: they never began, and never will.
        moved: with their new ends.
        made: those that are to be.
    """

    removed: tuple[Entitlement, ...]
    moved: tuple[Entitlement, ...]
    made: tuple[EntitlementSpec, ...]


def settlement(have: Sequence[Entitlement], wanted: Sequence[EntitlementSpec], at: datetime) -> Settlement:
    """What has to be done at `at`; nothing where all is as it is wanted.

    `have` is all that the subscription ever brought; `wanted` what it should bring, one for an item at most, each with
    its item and its time, none of which is empty. What is over stays as it was: where its item is wanted again, another
    begins at `at`. What is over before it was ever written is never made.
    """
    specs = {spec.managed_item: spec for spec in wanted}
    live = [one for one in have if not one.is_over(at)]
    kept = [one for one in live if _goes_on(one, specs.get(one.managed_item), at)]
    dropped = [one for one in live if one not in kept]
    stopped = [one.until(at, at) for one in dropped if one.active_from <= at]
    ends = [(one, _end(one, specs[one.managed_item])) for one in kept]
    return Settlement(
        removed=tuple(one for one in dropped if one.active_from > at),
        moved=(*stopped, *(one.until(end, at) for one, end in ends if end != one.active_to)),
        made=tuple(_missing(have, {one.managed_item for one in kept}, wanted, at)),
    )


def _goes_on(entitlement: Entitlement, spec: EntitlementSpec | None, at: datetime) -> bool:
    """Whether it is what the spec wants, but for its end; where it has begun it may have begun later."""
    if spec is None or not _says(entitlement, spec):
        return False
    return entitlement.active_from <= at or entitlement.active_from == spec.active_from


def _end(entitlement: Entitlement, spec: EntitlementSpec) -> datetime | None:
    return None if spec.active_to is None else max(spec.active_to, entitlement.active_from)


def _missing(
    have: Sequence[Entitlement], kept: Collection[str | None], wanted: Sequence[EntitlementSpec], at: datetime
) -> Iterator[EntitlementSpec]:
    had = {one.managed_item for one in have if one.active_from <= at}
    for spec in wanted:
        is_past = spec.active_to is not None and spec.active_to <= at
        if spec.managed_item not in kept and not is_past:
            yield replace(spec, active_from=max(at, spec.active_from or at)) if spec.managed_item in had else spec


def _says(entitlement: Entitlement, spec: EntitlementSpec) -> bool:
    """Whether the entitlement has the terms of the spec; its time is another matter."""
    if (entitlement.type, entitlement.feature_key, entitlement.config) != (spec.type, spec.feature_key, spec.config):
        return False
    if spec.feature_id not in {None, entitlement.feature_id}:
        return False
    if spec.type is not EntitlementType.METERED:
        return True
    return _terms(entitlement) == _terms_of(spec)


def _terms(entitlement: Entitlement) -> tuple[object, ...]:
    allowance = entitlement.allowance
    if allowance is None:
        return ()
    periods = allowance.periods
    return allowance.is_soft_limit, allowance.issue, periods.preserves_overage, periods.cadence, periods.anchor


def _terms_of(spec: EntitlementSpec) -> tuple[object, ...]:
    allowance, period = spec.allowance or AllowanceSpec(), spec.usage_period
    anchor = None if period is None or period.anchor is None else floor_minute(period.anchor)
    cadence = None if period is None else period.cadence
    return allowance.is_soft_limit, allowance.issue, allowance.preserves_overage, cadence, anchor
