"""Credit that is topped up by itself, on the real database."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.batch import Outcome
from meterhouse.billing.open_lines import OpenLines
from meterhouse.billing.purchases import BilledPurchases
from meterhouse.billing.top_up_credits import TopUpCredits
from meterhouse.ledger.api import routes
from meterhouse.ledger.management import management
from meterhouse.ledger.top_ups import TopUps
from meterhouse.payments.sandbox import TARGET_STATUS
from meterhouse.platform.http import http_handler
from meterhouse.platform.postgres import Database, PostgresSettings
from tests.integration.billing.conftest import Run
from tests.integration.billing.purse import Purse
from tests.problems import faults_of
from tests.unit.billing.samples import metered
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import at

UNKNOWN = "01HZ0000000000000000000000"
GIFT: dict[str, Any] = {
    "name": "Again",
    "threshold": "10",
    "amount": "25",
    "limits": {"period": "P1M", "count": 3},
    "funding_method": "none",
}
BOUGHT: dict[str, Any] = GIFT | {
    "funding_method": "invoice",
    "purchase": {"currency": "USD", "per_unit_cost_basis": "0.5"},
}


@dataclass
class Tap:
    """The top-ups of a run's customers."""

    run: Run
    customer: str

    def now(self) -> datetime:
        return self.run.now

    def _parts(self) -> dict[str, Any]:
        return {
            "open_charges": OpenLines(self.run.begin, self.run.usage),
            "now": self.now,
            "purchases": BilledPurchases(self.run.begin),
        }

    def call(self, method: str, path: str = "USD", body: object = None) -> tuple[int, Any]:
        handler = http_handler(*routes(management(Purse(self.run).begin, **self._parts())), database=self.run.database)
        whole = f"/api/v3/openmeter/customers/{self.customer}/credits/auto-top-up/{path}".rstrip("/")
        headers = {"content-type": "application/json"}
        answer = handler(request(method, whole, body, headers=headers, namespace=self.run.namespace), CONTEXT)
        text = answer.get("body")
        return int(answer["statusCode"]), json.loads(text) if text else None

    def put(self, body: dict[str, Any]) -> Any:
        status, answer = self.call("PUT", body=body)
        assert status == 200, answer
        return answer

    def make(self) -> Outcome:
        """The part of an invoice run."""
        top_ups = TopUps(Purse(self.run).begin, **self._parts())
        return TopUpCredits(self.run.begin, top_ups)(self.run.batch())

    def made(self) -> int:
        return len(self.run.rows("SELECT 1 FROM credit_top_ups_made WHERE namespace = %(namespace)s"))


@pytest.fixture
def tap(run: Run) -> Tap:
    run.now = at("2024-01-10")
    return Tap(run, run.customer("ann"))


def test_what_is_set_is_shown_replaced_and_taken_away(tap: Tap) -> None:
    made = tap.put(BOUGHT | {"filters": {"features": ["usage"]}, "expires_after": "P1Y", "priority": 7})
    assert made.pop("purchase") == BOUGHT["purchase"] | {"availability_policy": "on_creation"}
    assert made == {name: value for name, value in BOUGHT.items() if name != "purchase"} | {
        "currency": "USD",
        "filters": {"features": ["usage"]},
        "expires_after": "P1Y",
        "priority": 7,
        "created_at": "2024-01-10T00:00:00Z",
        "updated_at": "2024-01-10T00:00:00Z",
    }
    tap.run.now = at("2024-01-11")
    assert tap.put(GIFT)["created_at"] == "2024-01-10T00:00:00Z"
    assert [one["amount"] for one in tap.call("GET", "")[1]["data"]] == ["25"]
    assert tap.call("DELETE") == (204, None)
    assert tap.call("DELETE")[0] == 404
    assert tap.call("GET", "")[1] == {"data": []}
    stranger = replace(tap, customer=UNKNOWN)
    unknown = [stranger.call("GET", ""), stranger.call("PUT", "USD", GIFT), stranger.call("DELETE")]
    assert [status for status, _ in unknown] == [404] * 3


def test_every_fault_is_told_at_once(tap: Tap) -> None:
    faulty = BOUGHT | {"threshold": "-1", "amount": "0.001", "limits": {"period": "P1M"}, "expires_after": "never"}
    status, answer = tap.call("PUT", "USD", faulty)
    assert status == 400
    assert set(faults_of(answer)) == {
        ("/threshold", "out_of_range"),
        ("/limits", "missing"),
        ("/amount", "precision"),
        ("/expires_after", "duration"),
        ("/purchase/per_unit_cost_basis", "costs_nothing"),
    }
    assert ("/limits/amount", "less_than_a_top_up") in faults_of(
        tap.call("PUT", "USD", GIFT | {"limits": {"period": "P1M", "amount": "24"}})[1]
    )
    status, answer = tap.call("PUT", "XXL", GIFT)
    assert (status, [field for field, _ in faults_of(answer)]) == (400, ["/currency"])
    faults: list[Any] = [None, "{", [], {}, GIFT | {"limits": {"period": "soon"}}, GIFT | {"funding_method": "invoice"}]
    for body in faults:
        assert tap.call("PUT", "USD", body)[0] in {400, 415}


def test_a_balance_below_the_threshold_is_topped_up_once_and_usage_so_far_counts(tap: Tap, purse: Purse) -> None:
    run = tap.run
    tap.put(GIFT)
    purse.grant(tap.customer, 12)
    assert tap.make() == Outcome(1)
    assert tap.made() == 0

    run.subscribe(tap.customer, metered())
    run.used(tap.customer, "2024-01-01", "5")
    for _ in range(2):
        tap.make()
    assert (tap.made(), purse.standing(tap.customer)) == (1, (37, 34.5))


def test_what_waits_to_be_paid_is_not_bought_again_and_is_there_once_it_is_paid(tap: Tap, purse: Purse) -> None:
    tap.put(BOUGHT)
    for _ in range(2):
        tap.make()
    assert (tap.made(), float(purse.balance(tap.customer).pending)) == (1, 25)
    tap.run.now += timedelta(days=1)
    tap.run.all(tap.run.now)
    [invoice] = tap.run.invoices()
    assert (invoice.state.value, float(invoice.totals.total)) == ("paid", 12.5)
    tap.make()
    assert (tap.made(), float(purse.settled(tap.customer))) == (1, 25)


def test_what_nobody_will_pay_any_more_is_waited_for_no_longer(run: Run, purse: Purse) -> None:
    run.now = at("2024-01-10")
    tap = Tap(run, run.customer("ann", metadata={TARGET_STATUS: "uncollectible"}))
    tap.put(BOUGHT)
    tap.make()
    run.now += timedelta(days=1)
    run.all(run.now)
    [invoice] = run.invoices()
    assert (invoice.state.value, tap.made()) == ("uncollectible", 1)
    for _ in range(2):
        tap.make()
    assert tap.made() == 2
    assert purse.settled(tap.customer) == 0


def test_taken_away_and_set_again_it_has_the_limits_it_had(tap: Tap) -> None:
    wanted = GIFT | {"threshold": "1000", "limits": {"period": "P1M", "count": 2}}
    for day in ("2024-01-20", "2024-02-09"):
        tap.put(wanted)
        tap.run.now = at(day)
        tap.make()
        assert tap.call("DELETE") == (204, None)
        tap.make()
    tap.put(wanted)
    tap.make()
    assert tap.made() == 2
    tap.run.now = at("2024-02-10")
    for _ in range(3):
        tap.make()
    assert tap.made() == 4


@pytest.mark.parametrize(
    ("limits", "most"), [({"count": 2}, 2), ({"amount": "80"}, 3), ({"count": 5, "amount": "25"}, 1)]
)
def test_never_more_than_the_limits_of_a_period(tap: Tap, limits: dict[str, Any], most: int) -> None:
    tap.put(GIFT | {"threshold": "1000", "limits": {"period": "P1M"} | limits})
    for _ in range(5):
        tap.make()
    assert tap.made() == most
    tap.run.now = at("2024-02-09T23:00:00Z")
    tap.make()
    assert tap.made() == most
    tap.run.now = at("2024-02-10")
    tap.make()
    assert tap.made() == most + 1


def test_several_at_once_top_up_once(tap: Tap, purse: Purse, database_settings: PostgresSettings) -> None:
    tap.put(GIFT)

    def made(_number: int) -> Outcome:
        database = Database(lambda: database_settings)
        try:
            return replace(tap, run=replace(tap.run, database=database)).make()
        finally:
            database.close()

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(made, range(6))) == [Outcome(1)] * 6
    assert (tap.made(), purse.settled(tap.customer)) == (1, Decimal(25))


def test_one_customers_fault_is_no_others(tap: Tap, purse: Purse) -> None:
    tap.put(GIFT)
    other = replace(tap, customer=tap.run.customer("bob"))
    other.put(GIFT)
    with tap.run.database.transaction(tap.run.namespace) as transaction:
        transaction.execute(
            "UPDATE credit_top_ups SET granted = jsonb_set(granted, '{amount}', '\"0.001\"')"
            " WHERE customer_id = %(customer)s",
            {"customer": other.customer},
        )
        transaction.commit()
    outcome = tap.make()
    assert (outcome.succeeded, set(outcome.failed)) == (1, {other.customer})
    assert (tap.made(), float(purse.settled(tap.customer))) == (1, 25)


def test_whoever_failed_in_one_of_two_steps_has_failed() -> None:
    assert Outcome(3).beside(Outcome(1, {"a": "why"})) == Outcome(2, {"a": "why"})
    assert Outcome(2, {"a": "x"}).beside(Outcome(0, {"a": "y", "b": "z"})) == Outcome(1, {"a": "x", "b": "z"})
