"""Pending lines by hand and simulated invoices, on the real database."""

from typing import Any

import pytest

from meterhouse.platform.ids import new_id
from tests.integration.billing.conftest import AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, UNKNOWN, Api, problem_fields
from tests.unit.subscriptions.samples import at

JANUARY = {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"}
FLAT = {"type": "flat", "amount": "40"}
UNIT = {"type": "unit", "amount": "0.5"}


def fee(**changes: object) -> dict[str, Any]:
    return {
        "name": "Setup",
        "period": JANUARY,
        "invoiceAt": "2024-01-01T00:00:00Z",
        "rateCard": {"price": FLAT},
    } | changes


def usage(**changes: object) -> dict[str, Any]:
    return {
        "name": "Extra",
        "period": JANUARY,
        "invoiceAt": "2024-02-01T00:00:00Z",
        "rateCard": {"price": UNIT, "featureKey": "usage"},
    } | changes


def lines_of(customer: str) -> str:
    return f"/api/v1/billing/customers/{customer}/invoices/pending-lines"


def simulation_of(customer: str) -> str:
    return f"/api/v1/billing/customers/{customer}/invoices/simulate"


def body(*lines: dict[str, Any], **changes: object) -> dict[str, Any]:
    return {"currency": "USD", "lines": list(lines)} | changes


def details_of(invoice: dict[str, Any]) -> dict[str, Any]:
    """By the lines' names, what their detailed lines come to."""
    return {line["name"]: [part["totals"] for part in line["children"]] for line in invoice["lines"]}


@pytest.fixture
def ann(run: Run) -> str:
    customer = run.customer("ann")
    run.used(customer, "2024-01-01", "12")
    return customer


def test_lines_by_hand_are_pending_and_valued_at_once(api: Api, ann: str) -> None:
    discounts = {"percentage": {"percentage": 50, "correlationId": new_id()}}
    card = {"price": FLAT, "discounts": discounts, "taxConfig": {"behavior": "exclusive"}}
    described = fee(rateCard=card, description="Once", metadata={"order": "7"})
    made = api.ok("POST", lines_of(ann), body(described, usage()))
    assert made["isInvoiceNew"] is True
    assert (made["invoice"]["status"], made["invoice"]["totals"]["total"]) == ("gathering", "26.00")
    setup, extra = made["lines"]
    assert (setup["managedBy"], setup["description"], setup["metadata"]) == ("manual", "Once", {"order": "7"})
    assert (setup["rateCard"]["discounts"], setup["taxConfig"]) == (discounts, {"behavior": "exclusive"})
    assert (setup["totals"]["discountsTotal"], setup["totals"]["total"]) == ("20.00", "20.00")
    assert (extra["quantity"], extra["totals"]["total"], extra["featureKey"]) == ("12", "6.00", "usage")
    assert "subscription" not in extra
    [taken] = setup["children"][0]["discounts"]["amount"]
    assert taken["reason"] == {"type": "ratecard_percentage", **discounts["percentage"]}
    again = api.ok("POST", lines_of(ann), body(fee()))
    assert (again["isInvoiceNew"], again["invoice"]["id"]) == (False, made["invoice"]["id"])
    assert len(again["invoice"]["lines"]) == 3
    [shown] = api.ok("GET", INVOICES, query="statuses=gathering&expand=lines")["items"]
    assert shown["totals"]["total"] == "66.00"


def test_a_gathering_invoice_is_updated_by_every_line_it_gets(api: Api, ann: str) -> None:
    api.ok("POST", lines_of(ann), body(fee()))
    api.ok("POST", lines_of(ann), body(fee(), currency="EUR"))
    api.run.now = at("2024-06-02")
    added = api.ok("POST", lines_of(ann), body(usage(invoiceAt="2024-07-01T00:00:00Z")))["invoice"]
    assert (added["createdAt"], added["updatedAt"]) == ("2024-06-01T00:00:00Z", "2024-06-02T00:00:00Z")
    newest, other = api.ok("GET", INVOICES, query="orderBy=updatedAt&order=DESC")["items"]
    assert (newest["id"], newest["updatedAt"]) == (added["id"], added["updatedAt"])
    assert (other["currency"], other["updatedAt"]) == ("EUR", "2024-06-01T00:00:00Z")


def test_each_currency_has_a_gathering_invoice_of_its_own(api: Api, ann: str) -> None:
    dollars = api.ok("POST", lines_of(ann), body(fee()))
    euros = api.ok("POST", lines_of(ann), body(fee(), currency="EUR"))
    assert euros["isInvoiceNew"] is True
    assert dollars["invoice"]["id"] != euros["invoice"]["id"]
    assert api.ok("GET", INVOICES)["totalCount"] == 2


def test_a_line_may_have_its_price_where_older_clients_put_it(api: Api, ann: str) -> None:
    old = {name: value for name, value in usage(price=UNIT, featureKey="usage").items() if name != "rateCard"}
    [line] = api.ok("POST", lines_of(ann), body(old))["lines"]
    assert (line["rateCard"]["price"], line["rateCard"]["featureKey"]) == (UNIT, "usage")
    both = usage(price=UNIT, featureKey="usage")
    assert len(api.ok("POST", lines_of(ann), body(both))["invoice"]["lines"]) == 2


@pytest.mark.parametrize("tax_config", [{"behavior": "exclusive"}, {}])
def test_a_line_is_taxed_as_it_says_where_its_rate_card_says_nothing(
    api: Api, ann: str, tax_config: dict[str, str]
) -> None:
    [line] = api.ok("POST", lines_of(ann), body(usage(taxConfig=tax_config)))["lines"]
    assert (line["taxConfig"], line["rateCard"]["taxConfig"]) == (tax_config, tax_config)
    card = {"price": UNIT, "featureKey": "usage", "taxConfig": {"behavior": "inclusive"}}
    status, answer = api("POST", lines_of(ann), body(usage(rateCard=card, taxConfig=tax_config)))
    assert (status, problem_fields(answer)) == (400, {"/lines/0/taxConfig": "line_differs_from_rate_card"})


@pytest.mark.parametrize("path", ["taxConfig/taxCodeId", "rateCard/taxConfig/taxCodeId"])
def test_an_unknown_tax_code_is_named_where_it_was_given(api: Api, ann: str, path: str) -> None:
    coded = {"taxConfig": {"taxCodeId": UNKNOWN}}
    said = usage(rateCard={"price": UNIT, "featureKey": "usage"} | coded) if "Card" in path else usage(**coded)
    status, answer = api("POST", lines_of(ann), body(said))
    assert (status, problem_fields(answer)) == (400, {f"/lines/0/{path}": "tax_code_not_found"})


def test_detailed_lines_are_taxed_as_their_line_is(api: Api, ann: str) -> None:
    tax_config = {"behavior": "exclusive", "stripe": {"code": "txcd_10000000"}}
    card = {"price": UNIT, "featureKey": "usage", "taxConfig": tax_config}
    taxed, plain = api.ok("POST", lines_of(ann), body(usage(rateCard=card), usage()))["lines"]
    [part] = taxed["children"]
    assert (part["taxConfig"], part["rateCard"]["taxConfig"]) == (tax_config, tax_config)
    assert not {"taxConfig"} & {*plain["children"][0], *plain["children"][0]["rateCard"]}


def test_names_of_detailed_lines_are_no_longer_than_those_of_lines(api: Api, ann: str) -> None:
    [line] = api.ok("POST", lines_of(ann), body(usage(name="n" * 256)))["lines"]
    [part] = line["children"]
    assert (len(line["name"]), len(part["name"])) == (256, 256)
    assert part["name"].endswith("n: usage in period")


def test_a_repeat_with_its_key_adds_nothing(api: Api, ann: str) -> None:
    first = api("POST", lines_of(ann), body(fee()), key="once")
    assert first[0] == 201
    assert api("POST", lines_of(ann), body(fee()), key="once") == first
    assert len(api.run.pending()) == 1


def test_subscriptions_leave_lines_by_hand_alone_and_a_run_invoices_them_together(api: Api, ann: str) -> None:
    api.run.subscribe(ann)
    api.ok("POST", lines_of(ann), body(fee(), usage()))
    api.run.sync()
    assert len([line for line in api.run.pending() if line.managed_by.value == "manual"]) == 2
    stored = api.run.everything()
    api.run.sync()
    assert api.run.everything() == stored
    api.run.all()
    [invoice] = api.run.invoices()
    assert {line.name for line in invoice.lines} >= {"Setup", "Extra"}
    assert invoice.state.value == "paid"
    done = api.run.everything()
    api.run.all()
    assert api.run.everything() == done


def test_a_line_by_hand_is_invoiced_now(api: Api, ann: str) -> None:
    made = api.ok("POST", lines_of(ann), body(fee(), usage(invoiceAt="2030-01-01T00:00:00Z")))
    asked = {"customerId": ann, "filters": {"lineIds": [made["lines"][0]["id"]]}}
    [invoice] = api.ok("POST", f"{INVOICES}/invoice", asked)
    assert (invoice["status"], invoice["totals"]["total"]) == ("paid", "40.00")
    assert [line.name for line in api.run.pending()] == ["Extra"]


def actions_of(invoice: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = invoice["statusDetails"]["availableActions"]
    return found


def test_what_is_gathered_can_be_invoiced_once_a_line_is_due(api: Api, ann: str) -> None:
    made = api.ok("POST", lines_of(ann), body(fee(invoiceAt="2024-07-01T00:00:00Z")))
    [gathering] = api.ok("GET", INVOICES)["items"]
    assert (actions_of(made["invoice"]), actions_of(gathering)) == ({}, {})
    status, answer = api("POST", f"{INVOICES}/invoice", {"customerId": ann})
    assert (status, problem_fields(answer)) == (400, {"/customerId": "invoice_create_no_lines"})
    api.run.now = at("2024-07-01")
    assert actions_of(api.ok("GET", f"{INVOICES}/{gathering['id']}")) == {"invoice": {}}
    api.ok("POST", f"{INVOICES}/invoice", {"customerId": ann})


def test_a_line_keeps_the_feature_it_was_made_for(api: Api, ann: str) -> None:
    api.ok("POST", lines_of(ann), body(usage()))
    [line] = api.run.pending()
    [feature] = api.run.rows("SELECT id FROM features")
    assert line.feature_id == feature["id"]


BAD = [
    (fee(name=""), {"/lines/0/name": "string_too_short"}),
    (fee(rateCard={"price": None}), {"/lines/0/rateCard/price": "line_price_required"}),
    ({**fee(), "rateCard": None}, {"/lines/0/price": "line_price_required"}),
    (fee(period={"from": JANUARY["to"], "to": JANUARY["from"]}), {"/lines/0/period/to": "period_empty"}),
    (fee(period={"from": JANUARY["to"], "to": JANUARY["to"]}), {"/lines/0/period/to": "period_empty"}),
    (fee(period=JANUARY | {"to": "9999-12-31T00:00:00Z"}), {"/lines/0/period/to": "out_of_range"}),
    (fee(period=JANUARY | {"from": "1969-12-31T23:59:59Z"}), {"/lines/0/period/from": "out_of_range"}),
    (fee(invoiceAt="5000-01-01T00:00:00Z"), {"/lines/0/invoiceAt": "out_of_range"}),
    (fee(invoiceAt="soon"), {"/lines/0/invoiceAt": "value_error"}),
    (usage(rateCard={"price": UNIT}), {"/lines/0/rateCard/featureKey": "rate_card_feature_required"}),
    (
        usage(rateCard={"price": UNIT, "featureKey": "no"}),
        {"/lines/0/rateCard/featureKey": "rate_card_feature_not_found"},
    ),
    (
        fee(rateCard={"price": FLAT, "featureKey": "no"}),
        {"/lines/0/rateCard/featureKey": "rate_card_feature_not_found"},
    ),
    (usage(price=FLAT), {"/lines/0/price": "line_differs_from_rate_card"}),
    (fee(featureKey="usage"), {"/lines/0/featureKey": "line_differs_from_rate_card"}),
    (usage(invoiceAt="2024-01-31T23:59:59Z"), {"/lines/0/invoiceAt": "invoice_at_before_end"}),
    (
        fee(rateCard={"price": FLAT, "discounts": {"usage": {"quantity": "1"}}}),
        {"/lines/0/rateCard/discounts/usage": "rate_card_usage_discount_not_applicable"},
    ),
    (
        usage(rateCard={"price": UNIT | {"minimumAmount": "2", "maximumAmount": "1"}, "featureKey": "usage"}),
        {"/lines/0/rateCard/price/minimumAmount": "price_minimum_above_maximum"},
    ),
    (fee(quantity="1"), {"/lines/0/quantity": "extra_forbidden"}),
    (
        fee(rateCard={"price": FLAT | {"amount": "1000000000000000"}}),
        {"/lines/0/rateCard/price": "number_out_of_range"},
    ),
    (
        usage(rateCard={"price": UNIT | {"amount": "0." + "0" * 20 + "1"}, "featureKey": "usage"}),
        {"/lines/0/rateCard/price": "number_out_of_range"},
    ),
]


@pytest.mark.parametrize(("line", "faults"), BAD)
def test_a_line_that_is_none_is_refused(api: Api, ann: str, line: object, faults: dict[str, str]) -> None:
    status, answer = api("POST", lines_of(ann), {"currency": "USD", "lines": [line]})
    assert (status, problem_fields(answer)) == (400, faults)
    assert api.run.pending() == []


def test_every_fault_of_every_line_is_named_at_once(api: Api, ann: str) -> None:
    wrong = body(
        fee(rateCard={"price": None}, invoiceAt="1900-01-01T00:00:00Z"),
        usage(rateCard={"price": UNIT, "featureKey": "no"}, invoiceAt="2024-01-01T00:00:00Z"),
        currency="XXX",
    )
    status, answer = api("POST", lines_of(ann), wrong)
    assert status == 400
    assert problem_fields(answer) == {
        "/currency": "unknown_currency",
        "/lines/0/rateCard/price": "line_price_required",
        "/lines/0/invoiceAt": "out_of_range",
        "/lines/1/rateCard/featureKey": "rate_card_feature_not_found",
        "/lines/1/invoiceAt": "invoice_at_before_end",
    }


def test_an_empty_list_of_lines_is_refused(api: Api, ann: str) -> None:
    status, answer = api("POST", lines_of(ann), body())
    assert (status, problem_fields(answer)) == (400, {"/lines": "too_short"})


def test_an_archived_feature_is_sold_no_more(api: Api, ann: str) -> None:
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE features SET archived_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    status, answer = api("POST", lines_of(ann), body(usage()))
    assert (status, problem_fields(answer)) == (400, {"/lines/0/rateCard/featureKey": "rate_card_feature_archived"})


def test_nobody_bills_whom_it_does_not_know(api: Api, ann: str, other_namespace: str) -> None:
    for path, line in ((lines_of, fee()), (simulation_of, fee(quantity="1"))):
        for customer, namespace in ((UNKNOWN, None), (ann, other_namespace)):
            assert api("POST", path(customer), body(line), namespace=namespace)[0] == 404
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute("UPDATE customers SET deleted_at = now() WHERE namespace = %(namespace)s")
        transaction.commit()
    for path, line in ((lines_of, fee()), (simulation_of, fee(quantity="1"))):
        status, answer = api("POST", path(ann), body(line))
        assert (status, answer["code"]) == (409, "customer_deleted")


def test_without_its_usage_nothing_is_added(api: Api, ann: str) -> None:
    api.run.usage.is_down = True
    assert api("POST", lines_of(ann), body(usage()))[0] == 503
    assert api.run.pending() == []


def test_a_simulation_comes_to_what_the_invoice_will(api: Api, ann: str) -> None:
    tiers = [
        {
            "upToAmount": "10",
            "flatPrice": {"type": "flat", "amount": "5"},
            "unitPrice": {"type": "unit", "amount": "1"},
        },
        {"flatPrice": None, "unitPrice": {"type": "unit", "amount": "0.333"}},
    ]
    tiered = {"price": {"type": "tiered", "mode": "graduated", "tiers": tiers}, "featureKey": "usage"}
    simulated = api.ok(
        "POST", simulation_of(ann), body(fee(quantity="1"), usage(rateCard=tiered, quantity="12"), number="ANN-1")
    )
    assert (simulated["number"], simulated["status"], simulated["totals"]["total"]) == ("ANN-1", "draft", "55.67")
    assert "validationIssues" not in simulated
    assert api.ok("GET", INVOICES)["items"] == []
    api.ok("POST", lines_of(ann), body(fee(), usage(rateCard=tiered)))
    api.run.all(AFTER_JANUARY)
    [invoice] = api.ok("GET", INVOICES, query="expand=lines")["items"]
    assert invoice["totals"] == simulated["totals"]
    assert details_of(invoice) == details_of(simulated)


def test_a_simulation_has_the_instants_of_its_invoice_and_nothing_to_be_done(api: Api, ann: str) -> None:
    workflow = {"collection": {"interval": "P1D"}, "invoicing": {"draftPeriod": "P2D", "dueAfter": "P7D"}}
    api.ok("POST", PROFILES, api.profile(default=True, workflow=workflow))
    api.run.now = AFTER_JANUARY
    simulated = api.ok("POST", simulation_of(ann), body(usage(quantity="1")))
    assert actions_of(simulated) == {}
    api.ok("POST", lines_of(ann), body(usage()))
    api.run.all(AFTER_JANUARY)
    [waiting] = api.ok("GET", INVOICES)["items"]
    assert waiting["status"] == "draft"
    instants = ("collectionAt", "draftUntil", "dueAt")
    assert [simulated[name] for name in instants] == [waiting[name] for name in instants]


def test_a_simulation_goes_on_where_earlier_lines_of_the_period_ended(api: Api, ann: str) -> None:
    capped = {"price": UNIT | {"maximumAmount": "6"}, "featureKey": "usage", "discounts": {"usage": {"quantity": "2"}}}
    line = usage(rateCard=capped, quantity="10", preLinePeriodQuantity="8")
    simulated = api.ok("POST", simulation_of(ann), body(line | {"id": UNKNOWN}))
    [shown] = simulated["lines"]
    assert shown["id"] == UNKNOWN
    assert (shown["meteredQuantity"], shown["quantity"]) == ("10", "10")
    assert (shown["meteredPreLinePeriodQuantity"], shown["preLinePeriodQuantity"]) == ("8", "6")
    assert (shown["totals"]["amount"], shown["totals"]["discountsTotal"], shown["totals"]["total"]) == (
        "5.00",
        "2.00",
        "3.00",
    )


def test_a_simulation_on_a_pinned_profile_is_as_its_invoice_would_be(api: Api, ann: str) -> None:
    made = api.ok("POST", PROFILES, api.profile())
    api.ok("PUT", f"/api/v1/billing/customers/{ann}", {"billingProfileId": made["id"]})
    simulated = api.ok("POST", simulation_of(ann), body(fee(quantity="1")))
    assert simulated["supplier"]["name"] == "House"
    assert api.ok("POST", simulation_of(ann), body())["totals"]["total"] == "0"


@pytest.mark.parametrize(
    ("lines", "faults"),
    [
        ([fee()], {"/lines/0/quantity": "missing"}),
        ([fee(quantity=1)], {"/lines/0/quantity": "value_error"}),
        ([fee(quantity="2")], {"/lines/0/quantity": "flat_quantity"}),
        ([usage(quantity="-1")], {"/lines/0/quantity": "negative_quantity"}),
        ([usage(quantity="1", preLinePeriodQuantity="-1")], {"/lines/0/preLinePeriodQuantity": "negative_quantity"}),
        ([usage(quantity="9" * 60)], {"/lines/0/quantity": "number_out_of_range"}),
        (
            [fee(quantity="1", preLinePeriodQuantity="1")],
            {"/lines/0/preLinePeriodQuantity": "flat_quantity"},
        ),
        ([fee(quantity="1", id=UNKNOWN), fee(quantity="1", id=UNKNOWN)], {"/lines/1/id": "duplicate_line"}),
        (
            [fee(quantity="0", rateCard={"price": FLAT, "featureKey": "no"}), fee(quantity="1", id="x")],
            {"/lines/1/id": "string_pattern_mismatch"},
        ),
        (
            [fee(quantity="0", rateCard={"price": FLAT, "featureKey": "no"})],
            {"/lines/0/rateCard/featureKey": "rate_card_feature_not_found", "/lines/0/quantity": "flat_quantity"},
        ),
    ],
)
def test_a_simulation_of_what_cannot_be_is_refused(
    api: Api, ann: str, lines: list[dict[str, Any]], faults: dict[str, str]
) -> None:
    status, answer = api("POST", simulation_of(ann), body(*lines))
    assert (status, problem_fields(answer)) == (400, faults)


def test_a_due_line_waits_for_nothing_but_its_instant(api: Api, ann: str) -> None:
    api.ok("POST", lines_of(ann), body(fee(invoiceAt="2024-01-20T00:00:00Z")))
    api.run.all(at("2024-01-19T23:59:59Z"))
    assert api.run.invoices() == []
    api.run.all(at("2024-01-20"))
    [invoice] = api.run.invoices()
    assert invoice.issued_at == at("2024-01-20")


@pytest.mark.parametrize("price_type", ["unit", "package", "dynamic", "graduated", "volume"])
def test_the_largest_and_the_finest_numbers_are_answered(api: Api, ann: str, price_type: str) -> None:
    large, fine = "9" * 15, "9" * 15 + "." + "9" * 20
    tier = {"flatPrice": FLAT | {"amount": fine}, "unitPrice": UNIT | {"amount": fine}}
    tiers = {"type": "tiered", "mode": price_type, "tiers": [tier | {"upToAmount": large}, tier]}
    price = {
        "unit": {"type": "unit", "amount": fine},
        "package": {"type": "package", "amount": fine, "quantityPerPackage": "0." + "0" * 19 + "1"},
        "dynamic": {"type": "dynamic", "multiplier": fine},
    }.get(price_type, tiers)
    line = usage(rateCard={"price": price, "featureKey": "usage"}, quantity=fine, preLinePeriodQuantity="0." + "9" * 20)
    made = api.ok("POST", simulation_of(ann), body(*[line] * 3))
    assert len(made["totals"]["total"]) > 30
