"""What units of custom currencies are worth to a subscription: what is in force, or what it pinned when it was made."""

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from meterhouse.catalog.custom_currency import CurrencyCostBasis, CustomCurrency, CustomCurrencySpec
from meterhouse.catalog.plan import SettlementMode
from meterhouse.catalog.plan_addon import PlanAddonTerms
from meterhouse.catalog.postgres_currencies import PostgresCurrencies
from meterhouse.catalog.price import PaymentTerm
from meterhouse.kernel.currency import Currency
from meterhouse.platform.ids import new_id
from tests.problems import faults_of
from tests.unit.subscriptions.samples import at, fee, phase, spec

if TYPE_CHECKING:
    from tests.integration.subscriptions.conftest import Api

SUBSCRIPTIONS = "/api/v1/subscriptions"


def mint(api: "Api", code: str) -> str:
    """A custom currency; its id."""
    made = CustomCurrency(new_id(), CustomCurrencySpec(code, code.title(), 2, ".", ","), at("2021-01-01"))
    with api.database.transaction(api.namespace) as transaction:
        assert PostgresCurrencies(transaction).add(made)
        transaction.commit()
    return made.id


def worth(api: "Api", currency_id: str, rate: str, since: str) -> str:
    basis = CurrencyCostBasis(new_id(), currency_id, "USD", Decimal(rate), at(since), at("2021-01-01"))
    with api.database.transaction(api.namespace) as transaction:
        assert PostgresCurrencies(transaction).add_cost_basis(basis)
        transaction.commit()
    return basis.id


def seat(code: str, key: str = "seat") -> dict[str, Any]:
    price = {"type": "flat", "amount": "5", "paymentTerm": "in_arrears"}
    card = {"type": "flat_fee", "key": key, "name": "Seat", "billingCadence": "P1M", "price": price}
    return card | {"currency": code}


def own(*cards: dict[str, Any]) -> dict[str, Any]:
    only = {"key": "only", "name": "Only", "duration": None, "rateCards": list(cards)}
    return {"name": "Own", "currency": "USD", "billingCadence": "P1M", "phases": [only]}


def test_pinned_is_what_is_in_force_when_it_was_agreed_on_and_for_an_edit_when_it_was_edited(api: "Api") -> None:
    credits_, tokens = mint(api, "CREDITS"), mint(api, "TOKENS")
    first = worth(api, credits_, "2", "2021-01-01")
    worth(api, credits_, "3", "2021-04-01")
    body = {"customerId": api.customer, "customPlan": own(seat("CREDITS")), "costBasisMode": "pinned"}
    status, made = api.call("POST", SUBSCRIPTIONS, body)
    assert status == 201, made
    pin = {"customCurrencyId": credits_, "invoiceCurrency": "USD", "costBasisId": first}
    assert (made["currency"], made["costBasisMode"], made["costBasisPins"]) == ("USD", "pinned", [pin])
    path = f"{SUBSCRIPTIONS}/{made['id']}"
    _, shown = api.call("GET", path)
    assert shown["phases"][0]["items"][0]["currency"] == "CREDITS"

    add = {"op": "add_item", "phaseKey": "only", "rateCard": seat("TOKENS", "other")}
    status, refused = api.call("PATCH", path, {"customizations": [add]})
    place = "/customizations/0/rateCard/currency"
    assert (status, faults_of(refused)) == (400, [(place, "rate_card_cost_basis_missing")])
    later = worth(api, tokens, "7", "2021-05-01")
    # it comes into force some day, but there is nothing to pin yet
    status, refused = api.call("PATCH", path, {"customizations": [add]})
    assert (status, faults_of(refused)) == (400, [("/customizations", "cost_basis_not_found")])
    api.now = at("2021-05-02")
    _, edited = api.call("PATCH", path, {"customizations": [add]})
    assert [one["costBasisId"] for one in edited["costBasisPins"]] == [first, later]


def test_a_custom_plan_is_refused_at_each_currency_that_is_unknown_or_worth_nothing(api: "Api") -> None:
    mint(api, "CREDITS")
    body = {"customerId": api.customer, "customPlan": own(seat("CREDITS"), seat("MARBLES", "other"))}
    status, refused = api.call("POST", SUBSCRIPTIONS, body)
    cards = "/customPlan/phases/0/rateCards"
    assert status == 400
    assert set(faults_of(refused)) >= {
        (f"{cards}/0/currency", "rate_card_cost_basis_missing"),
        (f"{cards}/1/currency", "unknown_currency"),
    }


def test_an_add_on_whose_units_cannot_be_pinned_yet_is_named(api: "Api") -> None:
    worth(api, mint(api, "CREDITS"), "2", "2030-01-01")
    card = replace(fee("gems", term=PaymentTerm.IN_ARREARS), currency=Currency("CREDITS", 2))
    addon = api.addon(card, terms=PlanAddonTerms("trial"))
    sold = api.subscribe(costBasisMode="pinned")
    body = {"name": "Gems", "quantity": 1, "timing": "immediate", "addon": {"id": addon}}
    status, refused = api.call("POST", f"{SUBSCRIPTIONS}/{sold['id']}/addons", body)
    assert (status, faults_of(refused)) == (400, [("/addon/id", "cost_basis_not_found")])


def test_what_credit_alone_settles_is_not_invoiced_by_the_way_before_its_units_are_worth_something(api: "Api") -> None:
    currency = mint(api, "CREDITS")
    card = replace(fee(term=PaymentTerm.IN_ARREARS), currency=Currency("CREDITS", 2))
    alone, invoiced = SettlementMode.CREDIT_ONLY, SettlementMode.CREDIT_THEN_INVOICE
    api.plan(replace(spec(phase("only", None, card)), settlement_mode=alone), "units")
    listed = {"customerId": api.customer, "plan": {"key": "units"}}
    custom = {"customerId": api.customer, "customPlan": own(seat("CREDITS")) | {"settlementMode": alone}}
    place = "/customPlan/phases/0/rateCards/0/currency"
    for body, field in ((listed, "/settlementMode"), (custom, place)):
        status, refused = api.call("POST", SUBSCRIPTIONS, {**body, "settlementMode": invoiced})
        assert (status, faults_of(refused)) == (400, [(field, "rate_card_cost_basis_missing")])
    worth(api, currency, "2", "2021-01-01")
    assert api.call("POST", SUBSCRIPTIONS, {**listed, "settlementMode": invoiced})[0] == 201
