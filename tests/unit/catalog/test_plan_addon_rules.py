from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from meterhouse.catalog.addon import Addon, InstanceType
from meterhouse.catalog.plan import PlanSpec
from meterhouse.catalog.plan_addon import PlanAddon, PlanAddonTerms
from meterhouse.catalog.plan_addon_rules import assigned_problems, incompatibilities, term_problems
from meterhouse.catalog.price import FlatPrice, PaymentTerm
from meterhouse.kernel.cadence import Cadence
from tests.unit.catalog.samples import AIRLINE, FEE, MILES, PHASE, START, TERMINAL, addon, plan_of
from tests.unit.catalog.test_plan_rules import codes

LATER = START + timedelta(days=1)
ARREARS = replace(FEE, price=FlatPrice(Decimal(500), PaymentTerm.IN_ARREARS))
TRIAL = replace(PHASE, key="trial", duration=Cadence.parse("P1M"), rate_cards=(MILES, ARREARS))
TWO_PHASES = replace(AIRLINE, phases=(TRIAL, PHASE))
SINGLE = addon(replace(TERMINAL, instance_type=InstanceType.SINGLE))


def clashing(plan: PlanSpec, bought: Addon, phase: str = "default") -> list[tuple[str, str, str]]:
    found = incompatibilities(plan, bought, phase, START)
    return [(one.in_plan, one.in_addon, one.code) for one in found]


def test_a_sound_add_on_goes_with_its_plan() -> None:
    assert clashing(AIRLINE, addon()) == []
    assert list(term_problems(AIRLINE, addon(), PlanAddonTerms("default", 5))) == []
    assert list(term_problems(AIRLINE, SINGLE, PlanAddonTerms("default"))) == []


def test_terms_name_a_phase_of_the_plan_and_no_quantity_of_what_is_single() -> None:
    assert codes(term_problems(AIRLINE, SINGLE, PlanAddonTerms("trial", 1))) == [
        ("/fromPlanPhase", "plan_addon_unknown_plan_phase"),
        ("/maxQuantity", "plan_addon_max_quantity_not_allowed"),
    ]


@pytest.mark.parametrize(
    ("bought", "status"),
    [
        (addon(sold_from=None), "draft"),
        (addon(until=START), "archived"),
        (addon(until=LATER), "active"),
        (replace(addon(), deleted_at=START), "deleted"),
    ],
)
def test_only_what_is_on_sale_without_an_end_is_sold_with_a_plan(bought: Addon, status: str) -> None:
    (found,) = incompatibilities(AIRLINE, bought, "default", START)

    assert (found.in_plan, found.in_addon, found.code) == ("/phases", "/status", "addon_not_active")
    assert found.message == f"the add-on must be on sale without an end; it is {status}"


def test_both_are_in_one_currency() -> None:
    assert clashing(replace(AIRLINE, currency="EUR"), addon()) == [
        ("/currency", "/currency", "addon_currency_mismatch")
    ]


def test_what_the_add_on_charges_aligns_with_the_plan() -> None:
    weekly = tuple(replace(card, billing_cadence=Cadence.parse("P1W")) for card in TERMINAL.rate_cards)

    assert clashing(plan_of(MILES), addon(replace(TERMINAL, rate_cards=weekly))) == [
        ("/billingCadence", f"/rateCards/{index}/billingCadence", "rate_card_billing_cadence_unaligned")
        for index in (0, 1)
    ]


def test_phases_count_from_the_one_in_which_it_can_be_bought() -> None:
    place = ("/phases/0/rateCards/1/price/paymentTerm", "/rateCards/0/price/paymentTerm")

    assert clashing(TWO_PHASES, addon(), "default") == []
    assert clashing(TWO_PHASES, addon(), "trial") == [(*place, "rate_card_payment_term_mismatch")]
    assert clashing(TWO_PHASES, addon(), "nowhere") == []


def test_a_plan_is_told_of_every_add_on_that_it_cannot_be_sold_with() -> None:
    sold = PlanAddon("sold", "plan", addon(), PlanAddonTerms("default"), START, START)
    assigned = [
        sold,
        replace(sold, terms=PlanAddonTerms("trial")),
        replace(sold, terms=PlanAddonTerms("nowhere")),
        replace(sold, addon=addon(until=START)),
    ]

    found = assigned_problems(TWO_PHASES, assigned, START)

    assert codes(found) == [
        ("/phases/0/rateCards/1/price/paymentTerm", "plan_has_incompatible_addon"),
        ("/phases", "plan_has_incompatible_addon"),
        ("/phases", "plan_has_incompatible_addon"),
    ]
    assert all(problem.message.startswith("add-on 'terminal' version 1: ") for problem in found)
