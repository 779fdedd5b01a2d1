import pytest

from tests.integration.catalog.given import Call, Clock
from tests.integration.catalog.test_plans import PHASE, PLAN, PLANS
from tests.problems import faults_of
from tests.unit.catalog.test_schema import FEE_WIRE, MILES_WIRE

CURRENCIES = "/api/v3/openmeter/currencies"
CUSTOM = f"{CURRENCIES}/custom"
CREDITS = {
    "code": "CREDITS",
    "name": "Credits",
    "symbol": "CR",
    "precision": 4,
    "decimal_mark": ".",
    "thousand_separator": ",",
}


def created(call: Call) -> str:
    status, currency = call("POST", CUSTOM, CREDITS)
    assert status == 201
    return str(currency["id"])


def test_a_custom_currency_is_created_and_listed_among_those_of_states(call: Call) -> None:
    status, currency = call("POST", CUSTOM, CREDITS)
    assert (status, {name: currency[name] for name in CREDITS}, currency["type"]) == (201, CREDITS, "custom")

    _, found = call("GET", CURRENCIES, query="filter[code][contains]=cr&sort=code desc")
    assert [(one["code"], one["type"]) for one in found["data"]] == [
        ("SCR", "fiat"),
        ("CREDITS", "custom"),
        ("CRC", "fiat"),
    ]
    for query, codes in (
        ("filter[code][oeq]=CREDITS,EUR,NONE", ["CREDITS", "EUR"]),
        ("filter[code][ocontains]=redit,usd", ["CREDITS", "USD"]),
        ("filter[code][gt]=CNY&filter[code][lte]=CREDITS", ["COP", "COU", "CRC", "CREDITS"]),
        ("filter[code][gte]=XOF&filter[code][lt]=YER", ["XOF", "XPF"]),
    ):
        assert [one["code"] for one in call("GET", CURRENCIES, query=query)[1]["data"]] == codes
    _, custom = call("GET", CURRENCIES, query="filter[type]=custom&expand=cost_basis")
    assert custom == {"data": [currency | {"cost_basis": []}], "meta": {"page": {"number": 1, "size": 100, "total": 1}}}
    _, yen = call("GET", CURRENCIES, query="filter[code]=JPY")
    assert yen["data"][0]["precision"] == 0
    assert call("GET", f"{CUSTOM}/{currency['id']}")[1]["cost_basis"] == []


def test_a_code_is_taken_once_in_a_namespace(call: Call) -> None:
    created(call)
    status, problem = call("POST", CUSTOM, CREDITS)
    assert (status, faults_of(problem)) == (409, [("/code", "currency_code_conflict")])


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"code": "USD"}, ("/code", "string_too_short")),
        ({"code": "CRE|DITS"}, ("/code", "custom_currency_code")),
        ({"precision": 13}, ("/precision", "custom_currency_precision")),
        ({"thousand_separator": "."}, ("/thousand_separator", "custom_currency_separator")),
    ],
)
def test_a_faulty_currency_is_refused_at_its_place(
    call: Call, changes: dict[str, object], fault: tuple[str, str]
) -> None:
    status, problem = call("POST", CUSTOM, CREDITS | changes)
    assert (status, faults_of(problem)) == (400, [fault])


def test_what_a_unit_is_worth_is_said_for_now_and_for_later(call: Call) -> None:
    bases = f"{CUSTOM}/{created(call)}/cost-bases"
    status, first = call("POST", bases, {"fiat_code": "USD", "rate": "0.01"})
    assert (status, first["rate"], first["effective_from"]) == (201, "0.01", "2013-01-01T00:00:00Z")
    later = {"fiat_code": "USD", "rate": "0.02", "effective_from": "2014-01-01T00:00:00Z"}
    assert call("POST", bases, later)[0] == 201
    assert call("POST", bases, {"fiat_code": "EUR", "rate": "0.009"})[0] == 201

    _, dollars = call("GET", bases, query="filter[fiat_code]=USD")
    assert [one["rate"] for one in dollars["data"]] == ["0.01", "0.02"]
    status, problem = call("POST", bases, later | {"rate": "0.03"})
    assert (status, faults_of(problem)) == (409, [("/effective_from", "cost_basis_conflict")])


def test_a_currency_is_shown_with_what_counts_now_and_its_list_has_what_was_and_will_be(
    call: Call, clock: Clock
) -> None:
    one = created(call)
    bases = f"{CUSTOM}/{one}/cost-bases"
    for fiat_code, rate, since in (
        ("USD", "0.01", "2013-01-01T00:00:00Z"),
        ("EUR", "0.009", "2013-01-01T00:00:00Z"),
        ("USD", "0.02", "2013-01-02T00:00:00Z"),
        ("USD", "0.03", "2014-01-01T00:00:00Z"),
    ):
        body = {"fiat_code": fiat_code, "rate": rate, "effective_from": since}
        assert call("POST", bases, body)[0] == 201

    def shown() -> list[list[str]]:
        _, listed = call("GET", CURRENCIES, query="filter[type]=custom&expand=cost_basis")
        worth = [currency["cost_basis"] for currency in (*listed["data"], call("GET", f"{CUSTOM}/{one}")[1])]
        return [[f"{basis['fiat_code']} {basis['rate']}" for basis in bases] for bases in worth]

    assert shown() == [["EUR 0.009", "USD 0.01"]] * 2
    clock.pass_day()
    assert shown() == [["EUR 0.009", "USD 0.02"]] * 2
    assert len(call("GET", bases)[1]["data"]) == 4


def test_a_faulty_worth_is_refused_with_all_its_faults(call: Call, clock: Clock) -> None:
    bases = f"{CUSTOM}/{created(call)}/cost-bases"
    clock.pass_day()
    body = {"fiat_code": "XXX", "rate": "0", "effective_from": "2013-01-01T00:00:00Z"}

    status, problem = call("POST", bases, body | {"effective_to": "2012-01-01T00:00:00Z"})

    assert (status, faults_of(problem)) == (
        400,
        [
            ("/fiat_code", "unknown_currency"),
            ("/rate", "greater_than"),
            ("/effective_from", "cost_basis_in_the_past"),
            ("/effective_to", "cost_basis_period"),
        ],
    )


@pytest.mark.parametrize("query", ["sort=symbol", "sort=code up", "filter[symbol]=x", "filter[type]=paper"])
def test_lists_know_their_filters_and_orders_alone(call: Call, query: str) -> None:
    assert call("GET", CURRENCIES, query=query)[0] == 400


def test_another_namespace_sees_none_of_it(call: Call) -> None:
    currency_id = created(call)
    assert call("GET", f"{CUSTOM}/{currency_id}", namespace="another")[0] == 404


@pytest.mark.usefixtures("features")
def test_rate_cards_are_priced_in_custom_currencies_that_are_worth_something_in_that_of_the_invoice(call: Call) -> None:
    cards = [FEE_WIRE, MILES_WIRE | {"currency": "CREDITS"}]
    plan = PLAN | {"phases": [PHASE | {"rateCards": cards}]}
    addon = {name: PLAN[name] for name in ("name", "currency")} | {"key": "more", "instanceType": "single"}
    at, place = "/phases/0/rateCards/1/currency", ("/rateCards/0/currency", "rate_card_cost_basis_missing")
    status, problem = call("POST", PLANS, plan)
    assert (status, faults_of(problem)) == (400, [(at, "unknown_currency")])

    bases = f"{CUSTOM}/{created(call)}/cost-bases"
    status, draft = call("POST", PLANS, plan)
    assert status == 201
    assert draft["phases"][0]["rateCards"][1]["currency"] == "CREDITS"
    assert "currency" not in draft["phases"][0]["rateCards"][0]
    assert call("POST", bases, {"fiat_code": "EUR", "rate": "2"})[0] == 201
    status, problem = call("POST", f"{PLANS}/{draft['id']}/publish")
    assert (status, faults_of(problem)) == (400, [(at, "rate_card_cost_basis_missing")])
    _, sold_with = call("POST", "/api/v1/addons", addon | {"rateCards": cards[1:]})
    assert [(one["field"], one["code"]) for one in sold_with["validationErrors"]] == [place]

    # credit alone needs no worth; neither does one that is said by now
    alone = {name: plan[name] for name in ("name", "billingCadence", "phases")} | {"settlementMode": "credit_only"}
    assert call("PUT", f"{PLANS}/{draft['id']}", alone)[1].get("validationErrors") is None
    assert call("PUT", f"{PLANS}/{draft['id']}", alone | {"settlementMode": "credit_then_invoice"})[0] == 200
    assert call("POST", bases, {"fiat_code": "USD", "rate": "2"})[0] == 201
    status, published = call("POST", f"{PLANS}/{draft['id']}/publish")
    assert (status, published["currency"]) == (200, "USD")


def test_a_fee_in_a_custom_currency_may_be_due_in_advance_and_a_plan_is_invoiced_in_none(call: Call) -> None:
    created(call)
    advance = FEE_WIRE | {"currency": "CREDITS", "price": {"type": "flat", "amount": "5", "paymentTerm": "in_advance"}}
    status, draft = call("POST", PLANS, PLAN | {"phases": [PHASE | {"rateCards": [advance]}]})
    assert (status, draft["phases"][0]["rateCards"][0]["currency"]) == (201, "CREDITS")
    assert call("POST", PLANS, PLAN | {"currency": "CREDITS"})[0] == 400


@pytest.mark.parametrize("asked", ["page[after]", "pageSize", "filter[name]"])
def test_what_would_be_passed_over_in_a_list_is_refused(call: Call, asked: str) -> None:
    bases = f"{CUSTOM}/{created(call)}/cost-bases"
    for path in (CURRENCIES, bases, "/api/v3/openmeter/tax-codes"):
        status, problem = call("GET", path, query=f"{asked}=1")
        assert (status, [field for field, _ in faults_of(problem)]) == (400, [f"query:{asked}"])
