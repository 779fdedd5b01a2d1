"""What an add-on must go with: the plan's items, and the other add-ons that are there by then."""

from dataclasses import replace

from meterhouse.catalog.price import PaymentTerm
from meterhouse.subscriptions.addon import SubscriptionAddon
from meterhouse.subscriptions.addon_rules import clash_problems
from tests.unit.subscriptions.samples import at, bought, fee, subscription

ADVANCE = fee("extra", "5")
ARREARS = fee("extra", "5", term=PaymentTerm.IN_ARREARS)


def codes(since: str, other: SubscriptionAddon) -> list[str]:
    """Why one in arrears may not come at `since` beside the other."""
    made = replace(subscription("2024-01-01", [fee()]), addons=(other,))
    return [problem.code for problem in clash_problems(made, [ARREARS], "new", at(since))]


def test_an_add_on_must_go_with_another_that_is_there_or_comes_to_be() -> None:
    there = bought(ADVANCE, addon_id="other", d2024_01_02=1)
    ending = bought(ADVANCE, addon_id="other", d2024_01_02=1, d2024_01_11=0)
    coming = bought(ADVANCE, addon_id="other", d2024_01_02=0, d2024_01_20=1)

    for other in (there, ending, coming):
        assert codes("2024-01-10", other) == ["rate_card_payment_term_mismatch"]


def test_one_of_which_there_is_none_any_more_is_in_nobodys_way() -> None:
    assert codes("2024-01-10", bought(ADVANCE, addon_id="other", d2024_01_02=1, d2024_01_10=0)) == []
