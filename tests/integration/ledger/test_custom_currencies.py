"""Credit in units that the house has made up."""

from decimal import Decimal

import pytest

from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency, CustomCurrencySpec
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.ledger.charge import Charge, Mode
from meterhouse.platform.ids import new_id
from tests.integration.ledger.conftest import Till
from tests.unit.ledger.samples import T, hours

GIFT = {"name": "Welcome", "funding_method": "none", "currency": "TOKENS", "amount": "100.125"}


@pytest.fixture
def tokens(till: Till) -> str:
    spec = CustomCurrencySpec("TOKENS", "Tokens", 3, ".", ",")
    with till.database.transaction(till.namespace) as transaction:
        made = CustomCurrency(new_id(), spec, T)
        PostgresCurrencies(transaction).add(made)
        transaction.commit()
    return made.id


@pytest.mark.usefixtures("tokens")
def test_units_are_granted_burnt_adjusted_and_listed_as_their_own_currency(till: Till) -> None:
    till.ok("POST", "grants", GIFT)
    till.ok("POST", "grants", GIFT | {"currency": "USD", "amount": "1"})
    charge = Charge(f"{till.namespace}:c", "TOKENS", Decimal("0.125"), T, Mode.CREDIT_THEN_INVOICE)
    till.charging().collect([(till.customer, charge)])
    till.ok("POST", "adjustments", {"name": "Taken", "currency": "TOKENS", "amount": "-10"})

    balances = till.ok("GET", "balance")["balances"]
    assert [(one["currency"], Decimal(one["settled"])) for one in balances] == [
        ("TOKENS", Decimal(90)),
        ("USD", Decimal(1)),
    ]
    moved = till.ok("GET", "transactions", query="filter[currency]=TOKENS")["data"]
    assert [Decimal(one["amount"]) for one in moved] == [-10, Decimal("-0.125"), Decimal("100.125")]
    [row] = till.rows("SELECT sum(amount) FROM ledger_entries WHERE currency = 'TOKENS' AND namespace = %(namespace)s")
    assert row["sum"] == 0


@pytest.mark.usefixtures("tokens")
def test_units_are_bought_for_money_at_their_cost_basis(till: Till) -> None:
    bought = GIFT | {"funding_method": "external", "purchase": {"currency": "EUR", "per_unit_cost_basis": "0.015"}}
    made = till.ok("POST", "grants", bought)
    assert (made["purchase"]["amount"], made["purchase"]["currency"]) == ("1.50", "EUR")
    settled = till.ok("POST", f"grants/{made['id']}/settlement/external", {"status": "settled"})
    assert settled["purchase"]["settlement_status"] == "settled"


def test_without_a_price_units_cost_what_they_are_worth_when_they_are_granted(till: Till, tokens: str) -> None:
    bought = GIFT | {"funding_method": "external", "amount": "1000", "purchase": {"currency": "USD"}}
    fault = [("/purchase/per_unit_cost_basis", "missing")]
    assert till.refused("POST", "grants", bought) == fault

    with till.database.transaction(till.namespace) as transaction:
        currencies = PostgresCurrencies(transaction)
        for hour, rate in ((0, "0.0125"), (2, "0.02")):
            basis = CurrencyCostBasis(new_id(), tokens, "USD", Decimal(rate), hours(hour), T)
            assert currencies.add_cost_basis(basis)
        transaction.commit()
    first = till.ok("POST", "grants", bought)["purchase"]
    assert (first["per_unit_cost_basis"], first["amount"]) == ("0.0125", "12.50")
    till.now = hours(2)
    assert till.ok("POST", "grants", bought)["purchase"]["amount"] == "20.00"
    assert till.refused("POST", "grants", bought | {"purchase": {"currency": "EUR"}}) == fault


@pytest.mark.usefixtures("tokens")
def test_an_amount_is_no_finer_than_its_units_and_no_neighbours_units_are_known(till: Till) -> None:
    assert till.refused("POST", "grants", GIFT | {"amount": "0.0005"}) == [("/amount", "precision")]
    assert till.refused("POST", "grants", GIFT | {"currency": "JETONS"}) == [("/currency", "unknown_currency")]
