"""What is wrong with a plan: some of it never gets in, the rest keeps a draft from being published.

Every problem points at its place by a JSON pointer into the contract's plan, behind `root`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from meterhouse.catalog.feature import Feature
from meterhouse.catalog.plan import BILLING_CADENCES, PlanPhase, PlanSpec
from meterhouse.catalog.price_rules import price_problems
from meterhouse.catalog.rate_card import RateCard
from meterhouse.kernel.cadence import Cadence, add, divides
from meterhouse.kernel.currency import currency
from meterhouse.kernel.errors import InvalidInput, Problem

# a period of thousands of years ends beyond the calendar, where no invoice run could follow
_CENTURY = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)


def spec_problems(spec: PlanSpec, root: str = "") -> list[Problem]:
    """Why a plan cannot even be a draft: what it says contradicts itself."""
    if not spec.phases:
        return [Problem(f"{root}/phases", "plan_without_phases", "a plan needs at least one phase")]
    return [
        *_currency_problems(spec, root),
        *_cadence_problems(spec, root),
        *_duplicates([phase.key for phase in spec.phases], f"{root}/phases", "plan_phase_duplicated_key"),
        *(problem for phase, at in _phases(spec, root) for problem in _phase_problems(phase, at)),
    ]


def publish_problems(spec: PlanSpec, features: Mapping[str, Feature], root: str = "") -> list[Problem]:
    """Why a sound draft cannot be sold; `features` holds those its rate cards name, by key, archived ones too."""
    cards = [(card, at) for phase, phase_at in _phases(spec, root) for card, at in _rate_cards(phase, phase_at)]
    return [
        *_duration_problems(spec, root),
        *(problem for phase, at in _phases(spec, root) for problem in _emptiness(phase, at)),
        *(problem for card, at in cards for problem in _feature_problems(card, features, at)),
        *(problem for card, at in cards for problem in _alignment_problems(card, spec.billing_cadence, at)),
    ]


def feature_keys(spec: PlanSpec) -> set[str]:
    return {card.feature_key for phase in spec.phases for card in phase.rate_cards if card.feature_key is not None}


def _phases(spec: PlanSpec, root: str) -> list[tuple[PlanPhase, str]]:
    return [(phase, f"{root}/phases/{index}") for index, phase in enumerate(spec.phases)]


def _rate_cards(phase: PlanPhase, at: str) -> list[tuple[RateCard, str]]:
    return [(card, f"{at}/rateCards/{index}") for index, card in enumerate(phase.rate_cards)]


def _currency_problems(spec: PlanSpec, root: str) -> Sequence[Problem]:
    try:
        currency(spec.currency, f"{root}/currency")
    except InvalidInput as error:
        return error.problems
    return ()


def _cadence_problems(spec: PlanSpec, root: str) -> Iterator[Problem]:
    if spec.billing_cadence not in BILLING_CADENCES:
        allowed = ", ".join(cadence.iso() for cadence in BILLING_CADENCES)
        yield Problem(f"{root}/billingCadence", "plan_billing_cadence_invalid", f"must be one of {allowed}")


def _duplicates(keys: Sequence[str], at: str, code: str) -> Iterator[Problem]:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            yield Problem(f"{at}/{index}/key", code, f"{key!r} is the key of an earlier one")


def _phase_problems(phase: PlanPhase, at: str) -> Iterator[Problem]:
    keys = [card.key for card in phase.rate_cards]
    yield from _duplicates(keys, f"{at}/rateCards", "rate_card_duplicated_key")
    for card, card_at in _rate_cards(phase, at):
        if card.feature_key not in {None, card.key}:
            message = f"the rate card's key {card.key!r} must equal its feature's key {card.feature_key!r}"
            yield Problem(f"{card_at}/featureKey", "rate_card_key_feature_key_mismatch", message)
        if card.billing_cadence is not None and _exceeds_a_century(card.billing_cadence):
            message = f"{card.billing_cadence.iso()} is longer than 100 years"
            yield Problem(f"{card_at}/billingCadence", "rate_card_billing_cadence_too_long", message)
        yield from price_problems(card, card_at)


def _exceeds_a_century(cadence: Cadence) -> bool:
    start, end = _CENTURY
    try:
        return add(start, cadence) > end
    except InvalidInput:  # beyond the calendar itself
        return True


def _duration_problems(spec: PlanSpec, root: str) -> Iterator[Problem]:
    *earlier, (last, last_at) = _phases(spec, root)
    for phase, at in earlier:
        if phase.duration is None:
            message = "every phase but the last needs a duration"
            yield Problem(f"{at}/duration", "plan_phase_duration_missing", message)
    if last.duration is not None:
        message = "the last phase lasts until the subscription ends, so it has no duration"
        yield Problem(f"{last_at}/duration", "plan_phase_duration_not_allowed", message)


def _emptiness(phase: PlanPhase, at: str) -> Iterator[Problem]:
    if not phase.rate_cards:
        yield Problem(f"{at}/rateCards", "plan_phase_without_rate_cards", "a phase needs at least one rate card")


def _feature_problems(card: RateCard, features: Mapping[str, Feature], at: str) -> Iterator[Problem]:
    if card.feature_key is None:
        if card.is_metered:
            message = "a price on usage needs a feature with a meter"
            yield Problem(f"{at}/featureKey", "rate_card_feature_required", message)
        return
    feature = features.get(card.feature_key)
    if feature is None:
        message = f"there is no feature {card.feature_key!r}"
        yield Problem(f"{at}/featureKey", "rate_card_feature_not_found", message)
    elif feature.archived_at is not None:
        message = f"feature {card.feature_key!r} is archived"
        yield Problem(f"{at}/featureKey", "rate_card_feature_archived", message)
    elif card.is_metered and not feature.is_metered:
        message = f"feature {card.feature_key!r} has no meter, so its usage cannot be charged"
        yield Problem(f"{at}/featureKey", "rate_card_feature_without_meter", message)


def _alignment_problems(card: RateCard, plan: Cadence, at: str) -> Iterator[Problem]:
    cadence = card.billing_cadence
    if cadence is not None and not divides(cadence, plan) and not divides(plan, cadence):
        message = f"{cadence.iso()} and the plan's {plan.iso()}: neither is a whole number of the other"
        yield Problem(f"{at}/billingCadence", "rate_card_billing_cadence_unaligned", message)
