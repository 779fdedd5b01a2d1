"""What is wrong with an add-on: some of it never gets in, the rest keeps a draft from being published.

Every problem points at its place by a JSON pointer into the contract's add-on.
"""

from collections.abc import Iterator

from meterhouse.catalog.addon import AddonSpec, InstanceType
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.plan_rules import currency_problems
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.rate_card_rules import contradictions, placed, unsold
from meterhouse.kernel.errors import Problem

CARDS = "/rateCards"


def addon_contradictions(spec: AddonSpec) -> list[Problem]:
    """Why an add-on cannot even be a draft: what it says contradicts itself."""
    return [*currency_problems(spec.currency, ""), *contradictions(spec.rate_cards, CARDS)]


def unsold_addon(spec: AddonSpec, known: KnownFeatures) -> list[Problem]:
    """Why a sound draft cannot be sold; `known` holds the features that its rate cards name."""
    cards = placed(spec.rate_cards, CARDS)
    return [
        *_emptiness(spec),
        *(problem for card, at in cards for problem in unsold(card, known, at)),
        *(problem for card, at in cards for problem in _uncounted(spec, card, at)),
        *_different_cadences(cards),
    ]


def addon_feature_keys(spec: AddonSpec) -> set[str]:
    return {card.feature_key for card in spec.rate_cards if card.feature_key is not None}


def _emptiness(spec: AddonSpec) -> Iterator[Problem]:
    if not spec.rate_cards:
        yield Problem(CARDS, "addon_without_rate_cards", "an add-on needs at least one rate card")


def _uncounted(spec: AddonSpec, card: RateCard, at: str) -> Iterator[Problem]:
    """Usage is one number however many of the add-on are bought, so it cannot be charged for each of them."""
    if spec.instance_type is InstanceType.MULTIPLE and card.is_metered:
        message = "what may be bought several times is free or has a flat price"
        yield Problem(f"{at}/price", "addon_price_not_for_multiple", message)


def _different_cadences(cards: list[tuple[RateCard, str]]) -> Iterator[Problem]:
    recurring = [(card.billing_cadence, at) for card, at in cards if card.billing_cadence is not None]
    for cadence, at in recurring[1:]:
        first = recurring[0][0]
        if cadence != first:
            message = f"{cadence.iso()}, where the add-on's first is {first.iso()}: an add-on is billed in one rhythm"
            yield Problem(f"{at}/billingCadence", "addon_billing_cadences_differ", message)
