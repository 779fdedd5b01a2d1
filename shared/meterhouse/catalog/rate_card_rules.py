"""What is wrong with rate cards, of plans and of add-ons; `at` is the JSON pointer to where they stand."""

from collections.abc import Iterator, Sequence

from meterhouse.catalog.custom_currency import is_known
from meterhouse.catalog.entitlement_template_rules import template_contradictions, template_problems
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.price_rules import price_problems
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence, divides, exceeds_a_century
from meterhouse.kernel.errors import Problem


def contradictions(cards: Sequence[RateCard], at: str) -> Iterator[Problem]:
    """Why rate cards cannot even be drafted together."""
    yield from duplicates([card.key for card in cards], at, "rate_card_duplicated_key")
    for card, card_at in placed(cards, at):
        yield from _contradictions(card, card_at)


def unsold(card: RateCard, known: KnownFeatures, at: str) -> Iterator[Problem]:
    """Why a sound rate card cannot be sold; `known` holds its feature, if there is one."""
    if card.feature_key is None:
        if card.is_metered or card.entitlement is not None:
            what = "a price on usage" if card.is_metered else "an entitlement template"
            message = f"{what} needs a feature" + (" with a meter" if card.needs_meter else "")
            yield Problem(f"{at}/featureKey", "rate_card_feature_required", message)
        return
    feature = known.by_key.get(card.feature_key)
    if feature is None:
        message = f"there is no feature {card.feature_key!r}"
        yield Problem(f"{at}/featureKey", "rate_card_feature_not_found", message)
    elif feature.archived_at is not None:
        message = f"feature {card.feature_key!r} is archived"
        yield Problem(f"{at}/featureKey", "rate_card_feature_archived", message)
    elif not feature.is_metered and card.needs_meter:
        message = f"feature {card.feature_key!r} has no meter, so its usage is not known"
        yield Problem(f"{at}/featureKey", "rate_card_feature_without_meter", message)
    elif card.entitlement is not None:
        yield from template_problems(card.entitlement, known.aggregation(feature), f"{at}/entitlementTemplate")


def unaligned(card: RateCard, plan: Cadence, at: str) -> Iterator[Problem]:
    """Whether it is billed at other instants than a plan of this billing cadence."""
    cadence = card.billing_cadence
    if cadence is not None and not divides(cadence, plan) and not divides(plan, cadence):
        message = f"{cadence.iso()} and the plan's {plan.iso()}: neither is a whole number of the other"
        yield Problem(f"{at}/billingCadence", "rate_card_billing_cadence_unaligned", message)


def placed(cards: Sequence[RateCard], at: str) -> list[tuple[RateCard, str]]:
    """Each rate card with the pointer to it."""
    return [(card, f"{at}/{index}") for index, card in enumerate(cards)]


def duplicates(keys: Sequence[str], at: str, code: str) -> Iterator[Problem]:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            yield Problem(f"{at}/{index}/key", code, f"{key!r} is the key of an earlier one")


def _contradictions(card: RateCard, at: str) -> Iterator[Problem]:
    if card.feature_key not in {None, card.key}:
        message = f"the rate card's key {card.key!r} must equal its feature's key {card.feature_key!r}"
        yield Problem(f"{at}/featureKey", "rate_card_key_feature_key_mismatch", message)
    if card.billing_cadence is not None and exceeds_a_century(card.billing_cadence):
        message = f"{card.billing_cadence.iso()} is longer than 100 years"
        yield Problem(f"{at}/billingCadence", "rate_card_billing_cadence_too_long", message)
    if card.currency is not None and not is_known(card.currency):
        message = f"there is no custom currency {card.currency.code!r}"
        yield Problem(f"{at}/currency", "unknown_currency", message)
    yield from price_problems(card, at)
    yield from template_contradictions(card.entitlement, f"{at}/entitlementTemplate")
