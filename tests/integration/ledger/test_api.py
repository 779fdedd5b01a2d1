"""Credit over HTTP, to the contract's third version."""

from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from meterhouse.ledger.balance import OpenCharge
from meterhouse.ledger.charge import Mode
from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from tests.integration.ledger.conftest import USD, Till
from tests.unit.ledger.samples import T, hours

NOBODY = "01HZ0000000000000000000000"
GIFT = {"name": "Welcome", "funding_method": "none", "currency": "USD", "amount": "100.50"}
BOUGHT = GIFT | {
    "funding_method": "external",
    "amount": "100",
    "purchase": {"currency": "EUR", "per_unit_cost_basis": "0.5"},
}


def test_a_grant_is_told_as_it_was_wanted(till: Till) -> None:
    wanted = BOUGHT | {
        "description": "d",
        "labels": {"team": "blue"},
        "tax_config": {"behavior": "inclusive", "tax_code": {"id": till.add_tax_code(new_id())}},
        "filters": {"features": ["tokens", "api"]},
        "priority": 3,
        "effective_at": "2026-01-01T00:00:00Z",
        "expires_after": "P1M",
        "key": "order-1",
    }

    made = till.ok("POST", "grants", wanted)

    told = {name: value for name, value in wanted.items() if name != "expires_after"}
    told["filters"] = {"features": ["api", "tokens"]}
    told["purchase"] = {
        "currency": "EUR",
        "per_unit_cost_basis": "0.5",
        "amount": "50.00",
        "availability_policy": "on_creation",
        "settlement_status": "pending",
    }
    at = "2026-01-01T00:00:00Z"
    assert made == told | {
        "id": made["id"],
        "created_at": at,
        "updated_at": at,
        "expires_at": "2026-02-01T00:00:00Z",
        "status": "active",
    }
    assert till.ok("GET", f"grants/{made['id']}") == made
    assert till.call("POST", "grants", wanted)[0] == 409
    neighbour = till.add_customer()
    assert till.call("POST", f"/api/v3/openmeter/customers/{neighbour}/credits/grants", wanted)[0] == 201


def test_a_repeated_request_is_answered_again(till: Till) -> None:
    first = till.call("POST", "grants", GIFT, key="k")
    assert till.call("POST", "grants", GIFT, key="k") == first
    taken = {"name": "Taken", "currency": "USD", "amount": "-0.50"}
    assert till.call("POST", "adjustments", taken, key="t") == (201, {"name": "Taken"})
    assert till.call("POST", "adjustments", taken, key="t") == (201, {"name": "Taken"})
    assert till.balance().settled == 100


@pytest.mark.parametrize(
    ("changes", "faults"),
    [
        ({"amount": "0"}, [("/amount", "zero")]),
        ({"amount": "-1"}, [("/amount", "greater_than")]),
        ({"amount": "1.001"}, [("/amount", "precision")]),
        ({"amount": "1" + "0" * 20}, [("/amount", "too_large")]),
        ({"amount": 1}, [("/amount", "value_error")]),
        ({"currency": "XXX"}, [("/currency", "unknown_currency")]),
        ({"tax_config": {"tax_code": {"id": NOBODY}}}, [("/tax_config/tax_code/id", "tax_code_not_found")]),
        ({"currency": "TOKENS"}, [("/currency", "unknown_currency")]),
        ({"priority": 0}, [("/priority", "greater_than_equal")]),
        ({"priority": 1001}, [("/priority", "less_than_equal")]),
        ({"priority": True}, [("/priority", "int_type")]),
        ({"priority": "5"}, [("/priority", "int_type")]),
        ({"expires_after": "P0D"}, [("/expires_after", "too_short")]),
        ({"expires_after": "soon"}, [("/expires_after", "duration")]),
        ({"expires_after": "P999Y", "effective_at": "9500-01-01T00:00:00Z"}, [("/expires_after", "out_of_calendar")]),
        ({"expires_after": "P1D", "effective_at": "2025-01-01T00:00:00Z"}, [("/expires_after", "already_expired")]),
        ({"purchase": {"currency": "USD"}}, [("/purchase", "purchase_not_allowed")]),
        ({"funding_method": "external"}, [("/purchase", "missing")]),
        ({"filters": {"features": ["No"]}}, [("/filters/features/0", "string_pattern_mismatch")]),
        ({"labels": {"a": "-"}}, [("/labels/a", "string_pattern_mismatch")]),
        ({"odd": 1}, [("/odd", "extra_forbidden")]),
        (
            BOUGHT | {"amount": "0.001", "currency": "EU", "purchase": {"currency": "EUR"}},
            [("/currency", "string_too_short")],
        ),
        (
            BOUGHT
            | {"amount": "0.001", "expires_after": "-", "purchase": {"currency": "ABC", "per_unit_cost_basis": "0"}},
            [
                ("/amount", "precision"),
                ("/purchase/currency", "unknown_currency"),
                ("/purchase/per_unit_cost_basis", "greater_than"),
                ("/expires_after", "duration"),
            ],
        ),
        (
            BOUGHT | {"purchase": {"currency": "EUR", "per_unit_cost_basis": "0.00001"}},
            [("/purchase/per_unit_cost_basis", "costs_nothing")],
        ),
    ],
)
def test_every_fault_of_a_grant_is_named(till: Till, changes: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert till.refused("POST", "grants", GIFT | changes) == faults
    assert till.everything()["credit_grants"] == []


def test_a_refusal_names_what_is_invalid_in_the_contract_s_words(till: Till) -> None:
    bought = BOUGHT | {"purchase": {"currency": "EUR", "per_unit_cost_basis": "0"}}

    _, problem = till.call("POST", "grants", bought)
    _, of_query = till.call("GET", "grants", query=quote("page[size]=0", safe="=&"))
    _, of_path = till.call("GET", "/api/v3/openmeter/customers/acme/credits/balance")

    assert problem["invalid_parameters"] == [
        {"field": "purchase.per_unit_cost_basis", "reason": "a cost basis is more than 0", "source": "body"}
    ]
    named = [(one["field"], one["source"]) for told in (of_query, of_path) for one in told["invalid_parameters"]]
    assert named == [("page[size]", "query"), ("customerId", "path")]


def test_what_is_nobodys_is_not_found(till: Till) -> None:
    made = till.ok("POST", "grants", GIFT)
    neighbour = f"{till.namespace}-b"
    add_namespace(till.database, neighbour)
    other = f"/api/v3/openmeter/customers/{till.add_customer()}/credits/grants/{made['id']}"
    settled = {"status": "settled"}

    for path in (
        f"/api/v3/openmeter/customers/{NOBODY}/credits/{what}" for what in ("balance", "grants", "transactions")
    ):
        assert till.call("GET", path)[0] == 404
    assert till.call("POST", f"/api/v3/openmeter/customers/{NOBODY}/credits/grants", GIFT)[0] == 404
    assert till.call("POST", f"/api/v3/openmeter/customers/{NOBODY}/credits/adjustments", ADJUSTMENT)[0] == 404
    assert till.call("GET", f"grants/{NOBODY}")[0] == 404
    assert (till.call("GET", other)[0], till.call("POST", f"{other}/void", {})[0]) == (404, 404)
    assert till.call("POST", f"{other}/settlement/external", settled)[0] == 404
    assert till.call("GET", f"grants/{made['id']}", namespace=neighbour)[0] == 404
    assert till.call("GET", "balance", namespace=neighbour)[0] == 404
    assert till.refused("GET", "/api/v3/openmeter/customers/acme/credits/balance")[0][0] == "path:customer_id"


ADJUSTMENT = {"name": "n", "currency": "USD", "amount": "1"}


def test_a_payment_outside_is_told_step_by_step(till: Till) -> None:
    made = till.ok("POST", "grants", BOUGHT)
    path = f"grants/{made['id']}/settlement/external"

    for status in ("pending", "authorized", "authorized", "settled", "settled"):
        assert till.ok("POST", path, {"status": status})["purchase"]["settlement_status"] == status
    assert till.call("POST", path, {"status": "pending"})[0] == 409
    assert till.refused("POST", path, {"status": "paid"}) == [("/status", "enum")]
    gift = till.ok("POST", "grants", GIFT)
    refused = till.refused("POST", f"grants/{gift['id']}/settlement/external", {"status": "settled"})
    assert refused == [("/status", "not_funded_by_external")]


def test_only_an_active_grant_is_voided(till: Till) -> None:
    made = till.ok("POST", "grants", GIFT)
    later = till.ok("POST", "grants", GIFT | {"effective_at": "2026-02-01T00:00:00Z"})
    unpaid = till.ok("POST", "grants", BOUGHT | {"funding_method": "invoice"})
    path = f"grants/{made['id']}/void"

    voided = till.ok("POST", path, {"payment_adjustment": "none"})

    assert (voided["status"], voided["voided_at"]) == ("voided", "2026-01-01T00:00:00Z")
    expired = till.ok("POST", "grants", GIFT | {"expires_after": "PT1H"})
    till.now = hours(1)
    for grant in (later, unpaid, expired):
        status, answer = till.call("POST", f"grants/{grant['id']}/void")
        assert (status, answer["code"]) == (409, "credit_grant_not_active")
    assert till.refused("POST", path, {"payment_adjustment": "refund"}) == [("/payment_adjustment", "literal_error")]


def test_a_void_that_is_told_again_answers_as_it_did_and_writes_nothing(till: Till) -> None:
    path = f"grants/{till.ok('POST', 'grants', GIFT)['id']}/void"
    voided = till.ok("POST", path, {"payment_adjustment": "none"})
    before = till.everything()
    till.now = hours(1)

    assert till.ok("POST", path) == voided
    assert till.everything() == before


def test_grants_are_listed_by_status_currency_and_key(till: Till) -> None:
    active = till.ok("POST", "grants", GIFT | {"key": "Order-1"})["id"]
    pending = till.ok("POST", "grants", GIFT | {"key": "order-2", "effective_at": "2026-02-01T00:00:00Z"})["id"]
    unpaid = till.ok("POST", "grants", BOUGHT | {"funding_method": "invoice", "currency": "EUR"})["id"]
    expired = till.ok("POST", "grants", GIFT | {"expires_after": "PT1H"})["id"]
    voided = till.ok("POST", "grants", GIFT)["id"]
    till.ok("POST", f"grants/{voided}/void", {})
    till.now = hours(1)
    everything = [active, pending, unpaid, expired, voided]

    def listed(query: str = "") -> list[str]:
        return [grant["id"] for grant in till.ok("GET", "grants", query=quote(query, safe="=&"))["data"]]

    assert listed() == everything
    for status, ids in (
        ("active", [active]),
        ("pending", [pending, unpaid]),
        ("expired", [expired]),
        ("voided", [voided]),
    ):
        assert listed(f"filter[status]={status}") == ids
        assert {till.ok("GET", f"grants/{one}")["status"] for one in ids} == {status}
    assert listed("filter[currency]=EUR") == [unpaid]
    assert listed("filter[key]=order-2") == [pending]
    assert listed("filter[key][eq]=order-2") == [pending]
    assert listed("filter[key][contains]=ORDER") == [active, pending]
    assert listed("filter[key][neq]=order-2") == [active, unpaid, expired, voided]
    assert listed("filter[key][exists]=false") == [unpaid, expired, voided]
    page = till.ok("GET", "grants", query=quote("page[size]=2&page[number]=2", safe="=&"))
    assert [grant["id"] for grant in page["data"]] == everything[2:4]
    assert page["meta"] == {"page": {"number": 2, "size": 2, "total": 5}}
    for query in ("filter[key][like]=a", "filter[name]=a", "filter=a"):
        assert till.refused("GET", "grants", query=quote(query, safe="=&"))[0][1] == "unsupported_filter"
    assert till.refused("GET", "grants", query=quote("filter[status]=gone", safe="=&"))[0][1] == "enum"


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        ("[oeq]=b,C,nobody", ["b", "C"]),
        ("[ocontains]=A-,zz", ["a-1", "A-2"]),
        ("[ocontains]=Ä,zz", ["ä"]),
        ("[contains]=Ä", ["ä"]),
        ("[gt]=a-1", ["b", "ä"]),
        ("[gte]=a-1", ["a-1", "b", "ä"]),
        ("[lt]=a-1", ["A-2", "C"]),
        ("[lte]=a-1", ["a-1", "A-2", "C"]),
        ("[gte]=A&[lt]=a&[neq]=C", ["A-2"]),
        ("[contains]=-&[oeq]=A-2,b", ["A-2"]),
        ("[exists]=True", ["a-1", "A-2", "b", "C", "ä"]),
        ("[oeq]=", []),
    ],
)
def test_keys_are_compared_in_each_way_of_the_contract(till: Till, query: str, keys: list[str]) -> None:
    for key in ("a-1", "A-2", "b", "C", "ä"):
        till.ok("POST", "grants", GIFT | {"key": key})
    till.ok("POST", "grants", GIFT)

    asked = "&".join(f"filter[key]{one}" for one in query.split("&"))
    found = till.ok("GET", "grants", query=quote(asked, safe="=&,"))

    assert [grant["key"] for grant in found["data"]] == keys
    assert found["meta"]["page"]["total"] == len(keys)


@pytest.mark.parametrize("asked", ["page[limit]=2", "page=2", "pageSize=2"])
@pytest.mark.parametrize("path", ["grants", "transactions"])
def test_a_page_is_asked_for_as_the_contract_has_it(till: Till, path: str, asked: str) -> None:
    fault = [(f"query:{asked.partition('=')[0]}", "unsupported_page")]

    assert till.refused("GET", path, query=quote(asked, safe="=&")) == fault


def test_a_list_by_numbers_has_no_cursors_and_one_by_cursors_no_numbers(till: Till) -> None:
    for path, other in (("grants", "page[after]"), ("transactions", "page[number]")):
        refused = till.refused("GET", path, query=quote(f"{other}=1", safe="=&"))
        assert refused == [(f"query:{other}", "unsupported_page")]


def balances(till: Till, query: str = "") -> Any:
    return till.ok("GET", "balance", query=quote(query, safe="=&"))["balances"]


def test_a_balance_tells_what_is_there_what_comes_and_what_open_charges_leave(till: Till) -> None:
    assert balances(till) == []
    till.ok("POST", "grants", GIFT | {"amount": "100"})
    till.ok("POST", "grants", GIFT | {"amount": "7", "effective_at": "2026-01-01T02:00:00Z"})
    till.ok("POST", "grants", GIFT | {"amount": "10", "filters": {"features": ["api"]}})
    till.ok("POST", "grants", GIFT | {"amount": "1", "currency": "EUR"})
    till.open_charges = lambda *_: [OpenCharge(USD, Decimal(115), Mode.CREDIT_ONLY, T)]
    dollars = {"currency": "USD", "settled": "110", "pending": "7", "live": "-5"}
    euros = {"currency": "EUR", "settled": "1", "pending": "0", "live": "1"}

    assert balances(till) == [euros, dollars]
    assert balances(till, "filter[currency]=USD") == [dollars]
    assert balances(till, "filter[currency][eq]=EUR") == [euros]
    assert balances(till, "filter[currency][neq]=EUR") == [dollars]
    assert balances(till, "filter[currency][oeq]=USD,CHF") == [dollars]
    assert balances(till, "filter[currency][oeq]=USD,EUR") == [euros, dollars]
    assert [one["settled"] for one in balances(till, "filter[feature_key]=api")] == ["1", "110"]
    assert [one["settled"] for one in balances(till, "filter[feature_key][eq]=other")] == ["1", "100"]
    assert [one["settled"] for one in balances(till, "filter[feature_key][oeq]=api")] == ["1", "110"]
    assert [one["settled"] for one in balances(till, "filter[feature_key][exists]=false")] == ["1", "100"]
    at_three = balances(till, "timestamp=2026-01-01T03:00:00Z&filter[currency]=USD")
    assert at_three == [{"currency": "USD", "settled": "117", "pending": "0", "live": "0"}]
    for query in (
        "filter[feature_key][exists]=true",
        "filter[feature_key]=a&filter[feature_key][eq]=b",
        "filter[feature_key][oeq]=a,b",
        "filter[feature_key][oeq]=a&filter[feature_key][exists]=false",
        "filter[feature_key][neq]=a",
    ):
        assert till.refused("GET", "balance", query=quote(query, safe="=&"))[0][1] == "unsupported_filter"
    assert till.refused("GET", "balance", query="timestamp=today")[0][0] == "query:timestamp"


def test_a_balance_of_another_instant_says_when_it_was_read(till: Till) -> None:
    till.now = hours(5)
    asked = till.ok("GET", "balance", query="timestamp=2026-01-01T03:00:00Z")

    assert asked["retrieved_at"] == till.ok("GET", "balance")["retrieved_at"] == "2026-01-01T05:00:00Z"


def test_transactions_say_what_was_noted_of_the_grant_and_of_what_is_taken_by_hand(till: Till) -> None:
    noted = {"description": "Outage of 1 May", "labels": {"ticket": "T-1"}}
    till.ok("POST", "grants", GIFT | noted | {"expires_after": "PT2H"})
    taken = {"name": "Mistake", "description": "Twice", "labels": {"by": "finance"}}
    assert till.ok("POST", "adjustments", taken | {"currency": "USD", "amount": "-100"}) == taken
    till.collect("0.20", at=T, feature="api", name="API calls")
    till.now = hours(3)

    def told() -> list[dict[str, Any]]:
        names = ("type", "name", "description", "labels")
        listed = till.ok("GET", "transactions", query=quote("filter[feature_key][oeq]=api", safe="=&"))["data"]
        return [{name: one[name] for name in names if name in one} for one in listed]

    given = [{"type": kind, "name": "Welcome"} | noted for kind in ("expired", "funded")]
    expected = [given[0], {"type": "voided"} | taken, {"type": "consumed", "name": "API calls"}, given[1]]
    assert told() == expected
    # as it was before anybody booked the end
    till.expire()
    assert told() == expected


def test_transactions_are_paged_both_ways(till: Till) -> None:
    till.ok("POST", "grants", GIFT | {"amount": "100", "expires_after": "PT9H"})
    for number in range(1, 6):
        till.now = hours(number)
        till.collect(number, f"c{number}", name=None if number == 1 else f"Use {number}")
    till.now = hours(9)
    assert till.ok("GET", "transactions")["meta"] == {"page": {"size": 100, "next": None, "previous": None}}

    def page(path: str, query: str = "") -> tuple[list[str], dict[str, Any]]:
        path, _, own = path.partition("?")
        answer = till.ok("GET", path, query=own or quote(query, safe="=&"))
        return [one["amount"] for one in answer["data"]], answer["meta"]["page"]

    seen, meta = page("transactions", "page[size]=3")
    assert (seen, meta["previous"]) == (["-85", "-5", "-4"], None)
    second, meta = page(meta["next"])
    assert second == ["-3", "-2", "-1"]
    third, last = page(meta["next"])
    assert (third, last["next"]) == (["100"], None)
    assert page(last["previous"])[0] == second
    again, first = page(meta["previous"])
    assert (again, first["previous"], page(first["next"])[0]) == (seen, None, second)

    [expired, used, *_] = till.ok("GET", "transactions")["data"]
    assert expired["type"] == "expired"
    assert used == {
        "id": used["id"],
        "name": "Use 5",
        "created_at": "2026-01-01T05:00:00Z",
        "booked_at": "2026-01-01T05:00:00Z",
        "type": "consumed",
        "currency": "USD",
        "amount": "-5",
        "available_balance": {"before": "90", "after": "85"},
    }
    consumed = till.ok("GET", "transactions", query=quote("filter[type]=consumed&page[size]=2", safe="=&"))
    assert [one["amount"] for one in consumed["data"]] == ["-5", "-4"]
    assert page(consumed["meta"]["page"]["next"])[0] == ["-3", "-2"]
    assert till.ok("GET", "transactions", query=quote("filter[currency]=EUR", safe="=&"))["data"] == []
    assert (
        till.refused("GET", "transactions", query=quote("filter[type]=converted", safe="=&"))[0][1] == "literal_error"
    )
    for side in ("after", "before"):
        for cursor in ("x", "eHx5", "MjAyNi0wMS0wMVQwMDowMDowMFp8OXwyMDI2LTAxLTAxVDAwOjAwOjAwWnxh"):
            query = quote(f"page[{side}]={cursor}", safe="=&")
            assert till.refused("GET", "transactions", query=query) == [(f"query:page[{side}]", "cursor")]
