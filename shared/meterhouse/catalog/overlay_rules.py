"""Whether a rate card of an add-on may lie over the plan's of the same key, so that one item comes of both."""

from collections.abc import Iterator
from dataclasses import dataclass

from meterhouse.catalog.entitlement_template import MeteredTemplate, StaticTemplate
from meterhouse.catalog.price import FlatPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence


@dataclass(frozen=True, slots=True)
class Clash:
    """Why two rate cards do not go together; `field` is the pointer into both of them."""

    field: str
    code: str
    message: str


def clashes(base: RateCard, overlay: RateCard, plan: Cadence) -> Iterator[Clash]:
    """What of `overlay`, the add-on's, does not go with `base`; `plan` is the plan's billing cadence.

    An add-on that leaves something out has nothing to say about it, and so goes with whatever the plan has.
    """
    if base.feature_key != overlay.feature_key:
        message = f"the plan's is for {_feature(base)}, the add-on's for {_feature(overlay)}"
        yield Clash("/featureKey", "rate_card_feature_mismatch", message)
    yield from _price_clashes(base, overlay)
    yield from _template_clashes(base, overlay, plan)
    if base.discounts.percentage is not None and overlay.discounts.percentage is not None:
        message = "both have a percentage discount: there is one at most"
        yield Clash("/discounts/percentage", "rate_card_percentage_discount_duplicated", message)
    if None not in {base.unit_config, overlay.unit_config} and base.unit_config != overlay.unit_config:
        yield Clash("/unitConfig", "rate_card_unit_config_mismatch", "both must be for the same unit")


def _price_clashes(base: RateCard, overlay: RateCard) -> Iterator[Clash]:
    below, above = base.price, overlay.price
    if above is None:
        return
    if not isinstance(above, FlatPrice) or not isinstance(below, FlatPrice | None):
        message = "only a flat price can be added, and only to another flat price or to what is free"
        yield Clash("/price", "rate_card_only_flat_over_flat", message)
    elif below is not None and below.payment_term is not above.payment_term:
        message = f"the plan's is due {below.payment_term}, the add-on's {above.payment_term}"
        yield Clash("/price/paymentTerm", "rate_card_payment_term_mismatch", message)
    if below is not None and base.currency != overlay.currency:
        message = f"the plan's is in {_money(base)}, the add-on's in {_money(overlay)}"
        yield Clash("/currency", "rate_card_currency_mismatch", message)
    if below is not None and base.billing_cadence != overlay.billing_cadence:
        message = f"the plan's recurs {_rhythm(base)}, the add-on's {_rhythm(overlay)}"
        yield Clash("/billingCadence", "rate_card_billing_cadence_mismatch", message)


def _template_clashes(base: RateCard, overlay: RateCard, plan: Cadence) -> Iterator[Clash]:
    at, below, above = "/entitlementTemplate", base.entitlement, overlay.entitlement
    if below is None or above is None:
        return
    if type(below) is not type(above):
        yield Clash(f"{at}/type", "rate_card_entitlement_type_mismatch", "both must entitle in the same way")
    elif isinstance(above, StaticTemplate):
        message = "what the plan has set cannot be set by an add-on, too"
        yield Clash(at, "rate_card_static_entitlement_not_allowed", message)
    elif isinstance(above, MeteredTemplate) and base.usage_period(plan) != overlay.usage_period(plan):
        message = "usage must count from zero as often in both"
        yield Clash(f"{at}/usagePeriod", "rate_card_usage_period_mismatch", message)


def _feature(card: RateCard) -> str:
    return "no feature" if card.feature_key is None else f"feature {card.feature_key!r}"


def _money(card: RateCard) -> str:
    return "the currency of its invoices" if card.currency is None else card.currency.code


def _rhythm(card: RateCard) -> str:
    return "not" if card.billing_cadence is None else f"every {card.billing_cadence.iso()}"
