"""What is wrong with a plan: some of it never gets in, the rest keeps a draft from being published.

Every problem points at its place by a JSON pointer into the contract's plan, behind `root`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from meterhouse.catalog.known_currencies import Currencies, Worth, precise, worthless
from meterhouse.catalog.known_features import KnownFeatures
from meterhouse.catalog.plan import BILLING_CADENCES, PlanPhase, PlanSpec, SettlementMode
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.rate_card_rules import contradictions, duplicates, placed, unaligned, unsold
from meterhouse.kernel.cadence import exceeds_a_century
from meterhouse.kernel.currency import currency
from meterhouse.kernel.errors import InvalidInput, Problem


def spec_problems(spec: PlanSpec, root: str = "") -> list[Problem]:
    """Why a plan cannot even be a draft: what it says contradicts itself."""
    if not spec.phases:
        return [Problem(f"{root}/phases", "plan_without_phases", "a plan needs at least one phase")]
    return [
        *currency_problems(spec.currency, root),
        *_cadence_problems(spec, root),
        *duplicates([phase.key for phase in spec.phases], f"{root}/phases", "plan_phase_duplicated_key"),
        *_excessive_durations(spec, root),
        *(problem for phase, at in phases_at(spec, root) for problem in contradictions(phase.rate_cards, at)),
    ]


def publish_problems(spec: PlanSpec, known: KnownFeatures, root: str = "") -> list[Problem]:
    """Why a sound draft cannot be sold; `known` holds the features that its rate cards name."""
    phases, cards = phases_at(spec, root), rate_cards_at(spec, root)
    return [
        *_duration_problems(spec, root),
        *(problem for phase, at in phases for problem in _emptiness(phase, at)),
        *(problem for card, at in cards for problem in unsold(card, known, at)),
        *(problem for card, at in cards for problem in unaligned(card, spec.billing_cadence, at)),
    ]


def precise_plan(currencies: Currencies, spec: PlanSpec) -> PlanSpec:
    """The plan with the precision of the custom currencies that it is priced in."""
    phases = (replace(phase, rate_cards=precise(currencies, phase.rate_cards)) for phase in spec.phases)
    return replace(spec, phases=tuple(phases))


def worthless_plan(spec: PlanSpec, worth: Collection[Worth], root: str = "") -> Iterator[Problem]:
    """Why it cannot be sold for what its custom currencies are worth; credit alone needs no worth."""
    if spec.settlement_mode is not SettlementMode.CREDIT_ONLY:
        yield from worthless(rate_cards_at(spec, root), spec.currency, worth)


def feature_keys(spec: PlanSpec) -> set[str]:
    return {card.feature_key for phase in spec.phases for card in phase.rate_cards if card.feature_key is not None}


def currency_problems(code: str, root: str) -> Sequence[Problem]:
    try:
        currency(code, f"{root}/currency")
    except InvalidInput as error:
        return error.problems
    return ()


def phases_at(spec: PlanSpec, root: str = "") -> list[tuple[PlanPhase, str]]:
    """Each phase with the pointer to its rate cards."""
    return [(phase, f"{root}/phases/{index}/rateCards") for index, phase in enumerate(spec.phases)]


def rate_cards_at(spec: PlanSpec, root: str = "") -> list[tuple[RateCard, str]]:
    """Each rate card of each phase with the pointer to it."""
    return [card for phase, at in phases_at(spec, root) for card in placed(phase.rate_cards, at)]


def _cadence_problems(spec: PlanSpec, root: str) -> Iterator[Problem]:
    if spec.billing_cadence not in BILLING_CADENCES:
        allowed = ", ".join(cadence.iso() for cadence in BILLING_CADENCES)
        yield Problem(f"{root}/billingCadence", "plan_billing_cadence_invalid", f"must be one of {allowed}")


def _excessive_durations(spec: PlanSpec, root: str) -> Iterator[Problem]:
    for index, phase in enumerate(spec.phases):
        if phase.duration is not None and exceeds_a_century(phase.duration):
            message = f"{phase.duration.iso()} is longer than 100 years"
            yield Problem(f"{root}/phases/{index}/duration", "plan_phase_duration_too_long", message)


def _duration_problems(spec: PlanSpec, root: str) -> Iterator[Problem]:
    if not spec.phases:
        return
    *earlier, last = [(phase, f"{root}/phases/{index}/duration") for index, phase in enumerate(spec.phases)]
    for phase, at in earlier:
        if phase.duration is None:
            yield Problem(at, "plan_phase_duration_missing", "every phase but the last needs a duration")
    phase, at = last
    if phase.duration is not None:
        message = "the last phase lasts until the subscription ends, so it has no duration"
        yield Problem(at, "plan_phase_duration_not_allowed", message)


def _emptiness(phase: PlanPhase, at: str) -> Iterator[Problem]:
    if not phase.rate_cards:
        yield Problem(at, "plan_phase_without_rate_cards", "a phase needs at least one rate card")
