"""A rate card with a number of an add-on's laid over it: what one item charges and entitles to."""

from dataclasses import replace
from decimal import Decimal

from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.entitlement_template import EntitlementTemplate, MeteredTemplate
from meterhouse.catalog.price import FlatPrice, Price
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence
from meterhouse.kernel.errors import InvariantBroken
from meterhouse.kernel.rounding import EXACT


def overlaid(base: RateCard | None, addon: RateCard, quantity: int, plan: Cadence) -> RateCard:
    """The card of `quantity` times `addon` on top of `base`; without a base, of the add-on alone.

    Flat prices, units issued and free units add up; what the base lacks is the add-on's; all else is the base's.
    `plan` is the billing cadence of the subscription. What does not go together was refused before it was bought:
    see `meterhouse.catalog.overlay_rules`.
    """
    times = _times(addon, quantity)
    if base is None:
        return times
    is_priced = base.price is not None
    return replace(
        base,
        type=base.type if is_priced or times.price is None else times.type,
        price=_price(base.price, times.price),
        currency=base.currency if is_priced or times.price is None else times.currency,
        billing_cadence=base.billing_cadence if is_priced or times.price is None else times.billing_cadence,
        discounts=_discounts(base.discounts, times.discounts),
        unit_config=base.unit_config or times.unit_config,
        tax_config=times.tax_config if base.tax_config is None else base.tax_config,
        entitlement=_entitlement(_with_period(base, plan), _with_period(times, plan)),
    )


def _times(card: RateCard, quantity: int) -> RateCard:
    price, entitlement = card.price, card.entitlement
    if isinstance(price, FlatPrice):
        price = replace(price, amount=EXACT.multiply(price.amount, quantity))
    if isinstance(entitlement, MeteredTemplate):
        entitlement = replace(entitlement, issue_after_reset=_multiplied(entitlement.issue_after_reset, quantity))
    discounts = replace(card.discounts, usage=_multiplied(card.discounts.usage, quantity))
    return replace(card, price=price, entitlement=entitlement, discounts=discounts)


def _price(base: Price | None, addon: Price | None) -> Price | None:
    if base is None or addon is None:
        return base or addon
    if not isinstance(base, FlatPrice) or not isinstance(addon, FlatPrice):
        raise InvariantBroken("only a flat price can be added to a flat price")
    return replace(base, amount=EXACT.add(base.amount, addon.amount))


def _discounts(base: Discounts, addon: Discounts) -> Discounts:
    percentage = addon.percentage if base.percentage is None else base.percentage
    return Discounts(percentage, _sum(base.usage, addon.usage))


def _with_period(card: RateCard, plan: Cadence) -> EntitlementTemplate | None:
    """Its template with the usage period said, which must not follow the billing cadence of another card."""
    template = card.entitlement
    return (
        replace(template, usage_period=card.usage_period(plan)) if isinstance(template, MeteredTemplate) else template
    )


def _entitlement(base: EntitlementTemplate | None, addon: EntitlementTemplate | None) -> EntitlementTemplate | None:
    if not isinstance(base, MeteredTemplate) or not isinstance(addon, MeteredTemplate):
        return addon if base is None else base
    first = addon if base.issue_after_reset is None else base
    issued = _sum(base.issue_after_reset, addon.issue_after_reset)
    return replace(base, issue_after_reset=issued, issue_priority=first.issue_priority)


def _sum(one: Decimal | None, other: Decimal | None) -> Decimal | None:
    if one is None or other is None:
        return other if one is None else one
    return EXACT.add(one, other)


def _multiplied(value: Decimal | None, quantity: int) -> Decimal | None:
    return None if value is None else EXACT.multiply(value, quantity)
