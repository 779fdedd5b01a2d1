from dataclasses import replace

import pytest

from meterhouse.catalog.entitlement_template import BooleanTemplate, MeteredTemplate
from meterhouse.kernel.cadence import Cadence
from tests.unit.catalog.samples import MILES, MONTHLY

WEEKLY, YEARLY = Cadence.parse("P1W"), Cadence.parse("P1Y")


@pytest.mark.parametrize(
    ("written", "billed", "period"), [(WEEKLY, MONTHLY, WEEKLY), (None, MONTHLY, MONTHLY), (None, None, YEARLY)]
)
def test_usage_counts_from_zero_as_often_as_the_rate_card_or_else_the_plan_is_billed(
    written: Cadence | None, billed: Cadence | None, period: Cadence
) -> None:
    card = replace(MILES, billing_cadence=billed, entitlement=MeteredTemplate(usage_period=written))

    assert card.usage_period(YEARLY) == period


@pytest.mark.parametrize("template", [None, BooleanTemplate()])
def test_without_a_balance_there_is_no_usage_period(template: BooleanTemplate | None) -> None:
    assert replace(MILES, entitlement=template).usage_period(YEARLY) is None
