"""What credit alone settles, and what credit is still to bear, on the real database."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.price import UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.ledger.account import Account
from meterhouse.ledger.balance import Scope
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_rules import PurchaseSpec
from meterhouse.subscriptions.postgres_settings import PostgresSubscriptionSettings
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.given import INVOICES, Api
from tests.integration.billing.purse import Purse
from tests.unit.billing.samples import NOW, metered
from tests.unit.subscriptions.samples import at, fee

ALONE = SettlementMode.CREDIT_ONLY
WORKED = Path(__file__).parents[2] / "unit/ledger/worked_examples.json"
EXAMPLES = {case["id"]: case for case in json.loads(WORKED.read_text())}
JANUARY, MIDDLE = "2024-01-01", at("2024-01-15")


def unit(amount: object) -> RateCard:
    return metered(price=UnitPrice(Decimal(str(amount))))


def flat(amount: object) -> RateCard:
    return fee(amount=str(amount))


def test_what_credit_alone_settles_is_burnt_and_on_no_invoice(api: Api, run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, settlement=ALONE)
    run.used(ann, JANUARY, "7")
    purse.grant(ann, 100)
    for _ in range(2):
        run.all()
    assert run.invoices() == []
    assert api.ok("GET", INVOICES)["items"] == []
    # January's fee and usage, and February's fee
    assert purse.settled(ann) == Decimal("56.50")
    assert purse.sum_of(Account.EARNINGS) == Decimal("43.50")
    assert purse.sum_of(Account.ACCRUED) == 0

    stored = purse.everything()
    run.all()
    assert purse.everything() == stored


def test_usage_that_is_waited_for_is_burnt_later_and_unknown_usage_fails_its_customer(
    run: Run,
    purse: Purse,
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered("unheard"), settlement=ALONE)
    purse.grant(ann, 100)
    run.sync()
    assert run.collect(at("2024-02-01T00:30:00Z")).failed == {}
    [reason] = run.collect().failed.values()
    assert "its feature does not exist" in reason
    assert purse.settled(ann) == 100


def test_what_is_short_is_burnt_in_advance_and_earned_at_its_cost_once_credit_covers_it(
    run: Run,
    purse: Purse,
) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(), settlement=ALONE)
    run.used(ann, JANUARY, "20")
    run.used(ann, "2024-02-01", "2")
    purse.grant(ann, 4)
    run.all()
    assert purse.settled(ann) == -6

    purse.grant(ann, 10, funding=Funding.EXTERNAL, purchase=PurchaseSpec("USD", Decimal("0.5")))
    run.now = at("2024-06-02")
    run.all(AFTER_FEBRUARY)

    assert purse.settled(ann) == 3
    earned = run.rows(
        "SELECT cost_rate, sum(amount) AS amount FROM ledger_entries WHERE account = 'earnings'"
        " AND namespace = %(namespace)s GROUP BY 1 HAVING sum(amount) <> 0 ORDER BY 1"
    )
    assert [(row["cost_rate"], row["amount"]) for row in earned] == [(0, 4), (Decimal("0.5"), 7)]


def test_what_credit_covers_later_is_earned_though_nothing_more_is_burnt(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann, metered(), settlement=ALONE)
    run.used(ann, JANUARY, "20")
    run.all()
    assert purse.settled(ann) == -10

    purse.grant(ann, 10, funding=Funding.EXTERNAL, purchase=PurchaseSpec("USD", Decimal("0.5")))
    run.now = at("2024-06-02")
    run.all()
    earned = run.rows(
        "SELECT account, sum(amount) AS amount FROM ledger_entries WHERE account IN ('earnings', 'customer_accrued')"
        " AND namespace = %(namespace)s AND cost_rate = 0.5 GROUP BY 1 HAVING sum(amount) <> 0"
    )
    assert [(row["account"], row["amount"]) for row in earned] == [("earnings", 10)]
    stored = purse.everything()
    run.all()
    assert purse.everything() == stored


def test_both_ways_of_settling_live_side_by_side(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    allow_several(run)
    run.subscribe(ann, flat(30), settlement=ALONE)
    run.subscribe(ann, fee("other"))
    purse.grant(ann, 100)
    run.all()
    [invoice] = run.invoices()
    assert {line.name for line in invoice.lines} == {"Other"}
    assert invoice.totals.credits_total == 40
    assert purse.settled(ann) == 0


@pytest.mark.parametrize("case_id", ["CB-01", "CB-03", "CB-05", "CB-07"])
def test_the_live_balance_is_what_open_lines_leave(run: Run, purse: Purse, case_id: str) -> None:
    case = EXAMPLES[case_id]
    ann = run.customer("ann")
    allow_several(run)
    for charge in case["inputs"]["charges"]:
        _open(run, ann, charge)
    if case["inputs"]["fbo"]:
        purse.grant(ann, case["inputs"]["fbo"])
    run.now = MIDDLE
    assert purse.standing(ann) == (case["expected"]["settled"], case["expected"]["live"])
    assert run.pending() == []


def allow_several(run: Run) -> None:
    with run.database.transaction(run.namespace) as transaction:
        PostgresSubscriptionSettings(transaction).allow_several(NOW, is_allowed=True)
        transaction.commit()


def _open(run: Run, customer: str, charge: dict[str, Any]) -> None:
    mode = SettlementMode(charge["mode"])
    if charge["kind"] == "flat":
        run.subscribe(customer, flat(charge["amount"]), settlement=mode)
    else:
        run.subscribe(customer, unit(charge["unit"]), settlement=mode)
        run.used(customer, JANUARY, str(charge["usage"]))


def test_a_fee_in_advance_counts_from_when_it_is_due(api: Api, run: Run, purse: Purse) -> None:
    """CB-09, by a line by hand whose service starts in an hour."""
    ann = run.customer("ann")
    purse.grant(ann, 100)
    line = {
        "name": "Seats",
        "period": {"from": "2024-01-15T01:00:00Z", "to": "2024-02-15T01:00:00Z"},
        "invoiceAt": "2024-01-15T00:00:00Z",
        "price": {"type": "flat", "amount": "30", "paymentTerm": "in_advance"},
    }
    path = f"/api/v1/billing/customers/{ann}/invoices/pending-lines"
    run.now = MIDDLE
    api.ok("POST", path, {"currency": "USD", "lines": [line]})
    assert purse.standing(ann) == (100, 70)
    run.now = at("2024-01-14T23:59:59Z")
    assert purse.standing(ann) == (100, 100)


def test_a_feature_is_asked_about_alone_and_what_is_rated_counts_no_more(run: Run, purse: Purse) -> None:
    ann = run.customer("ann")
    run.subscribe(ann)
    run.used(ann, JANUARY, "10")
    purse.grant(ann, 100)
    purse.grant(ann, 10, features=["usage"])
    run.now = at("2024-02-01T02:00:00Z")
    assert purse.standing(ann, Scope(is_all=False, feature="usage")) == (110, 65)
    assert purse.standing(ann, Scope(is_all=False)) == (100, 60)
    run.all()
    assert purse.standing(ann) == (65, 65)
