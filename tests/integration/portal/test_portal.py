"""What a token shows: its subject's or its customer's, whatever is asked, and never another's."""

from decimal import Decimal
from typing import Any

from meterhouse.billing.ports import InvoiceFilter, InvoiceOrder, PageOf
from meterhouse.entitlements.entitlement import EntitlementType
from meterhouse.ledger.credit_grant import Funding
from meterhouse.ledger.grant_credit import GrantCredit
from meterhouse.ledger.grant_rules import CreditGrantSpec
from meterhouse.ledger.postgres import PostgresLedgerStore
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.platform.postgres import begins
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import UNKNOWN
from tests.integration.entitlements.room import Room
from tests.integration.metering.house import House
from tests.integration.portal.conftest import Portal
from tests.problems import faults_of
from tests.unit.billing.samples import NOW

JANUARY = "from=2024-01-01T00:00:00Z&to=2024-02-01T00:00:00Z"
OF_CUSTOMERS = (
    "/entitlements",
    "/entitlements/eu/history",
    "/subscriptions",
    "/invoices",
    "/invoices/upcoming",
    f"/invoices/{UNKNOWN}",
    f"/invoices/{UNKNOWN}/lines/{UNKNOWN}/explain",
    "/credits/balance",
    "/credits/transactions",
)


def usage(portal: Portal, token: str, query: str = "") -> list[tuple[str | None, str]]:
    rows = portal.ok(token, "/meters/m0/query", f"{JANUARY}&{query}")["data"]
    return sorted((row["subject"], row["exactValue"]) for row in rows)


def test_usage_is_the_subjects_or_the_customers_whatever_the_query_says(billed: Portal, run: Run) -> None:
    by_key = {name: run.rows(f"SELECT id FROM customers WHERE key = '{name}'")[0]["id"] for name in ("ann", "bob")}
    whole, one, bob = billed.token("ann"), billed.token("ann-1"), billed.token(by_key["bob"])
    assert usage(billed, whole, "groupBy=subject") == [("ann", "7.623456789012345678"), ("ann-1", "4")]
    assert usage(billed, one) == [("ann-1", "4")]
    assert usage(billed, bob, "groupBy=subject") == [("bob", "1000")]
    for query in ("subject=bob", "filterGroupBy[region]=de", "filterGroupBy[region]=fr"):
        assert ("bob", "1000") not in usage(billed, whole, f"{query}&groupBy=subject")
        assert usage(billed, one, query) in ([("ann-1", "4")], [])
    assert usage(billed, one, f"filterCustomerId={by_key['bob']}") == []
    assert usage(billed, one, f"filterCustomerId={by_key['ann']}") == [("ann-1", "4")]
    csv = billed.ask(whole, "/meters/m0/query", JANUARY, accept="text/csv")
    assert csv["body"].splitlines()[1].endswith(",11.623456789012345678")


def test_a_meter_that_the_token_does_not_name_is_not_there(billed: Portal, run: Run) -> None:
    token = billed.token("ann", allowed_meters=["m0"])
    assert [meter["slug"] for meter in billed.ok(token, "/session")["meters"]] == ["m0"]
    assert billed.get(token, "/meters/m1/query")[0] == 404
    [meter_id] = [row["id"] for row in run.rows("SELECT id FROM meters WHERE slug = 'm0'")]
    # the contract knows meters by their slug here
    assert billed.get(token, f"/meters/{meter_id}/query")[0] == 400


def test_the_events_behind_a_line_are_those_of_meters_that_the_token_shows(
    billed: Portal, run: Run, house: House
) -> None:
    other = house.meter(slug="other")
    with run.database.transaction(run.namespace) as transaction:
        PostgresMeters(transaction).add(other)
        transaction.commit()
    told = {}
    for meter in ("m0", other.slug):
        token = billed.token("ann", allowed_meters=[meter])
        [made] = billed.ok(token, "/invoices", "pageSize=1")["items"]
        lines = billed.ok(token, f"/invoices/{made['id']}")["lines"]
        [line] = [one for one in lines if one.get("featureKey") == "eu"]
        told[meter] = billed.ok(token, f"/invoices/{made['id']}/lines/{line['id']}/explain")
    assert [("events" in one, one["usage"]) for one in told.values()] == [
        (True, told["m0"]["usage"]),
        (False, told["m0"]["usage"]),
    ]


def test_balances_of_meters_that_the_token_does_not_name_are_not_told(portal: Portal, run: Run, house: House) -> None:
    room = Room(run.database, run.namespace)
    customer = room.customer("ann")
    room.entitled(customer)
    room.entitled(customer, feature_key="flag", type=EntitlementType.BOOLEAN, allowance=None, meter_id=None)
    everything, limited = portal.token("ann"), portal.token("ann", allowed_meters=[house.meters[0].slug])
    named = portal.token("ann", allowed_meters=[room.meter.slug])
    shown = {
        token: [one["featureKey"] for one in portal.ok(token, "/entitlements")["items"]]
        for token in (everything, limited, named)
    }
    assert shown == {everything: ["flag", "tokens"], limited: ["flag"], named: ["flag", "tokens"]}
    for token, status in ((everything, 200), (named, 200), (limited, 404)):
        assert portal.get(token, "/entitlements/tokens/history")[0] == status


def test_a_subjects_token_shows_no_bill(portal: Portal, run: Run) -> None:
    run.customer("ann", subject_keys=("ann-1",))
    token = portal.token("ann-1")
    assert "customer" not in portal.ok(token, "/session")
    assert {path: portal.get(token, path)[0] for path in OF_CUSTOMERS} == dict.fromkeys(OF_CUSTOMERS, 403)


def test_invoices_are_told_with_their_lines_and_each_line_with_what_it_came_of(billed: Portal) -> None:
    token = billed.token("ann")
    page = billed.ok(token, "/invoices", "pageSize=1")
    [made] = page["items"]
    whole = billed.ok(token, f"/invoices/{made['id']}")
    assert page["totalCount"] >= 1
    assert whole["status"] == "paid"
    assert {"workflow", "customer", "validationIssues", "externalIds", "metadata"}.isdisjoint(whole)
    [line] = [one for one in whole["lines"] if one.get("featureKey") == "eu"]
    told = billed.ok(token, f"/invoices/{made['id']}/lines/{line['id']}/explain", "limit=2")
    assert told["line"] == line
    assert told["arithmetic"]["isGenuine"] is True
    assert [one["subject"] in {"ann", "ann-1"} for one in told["events"]["items"]] == [True, True]
    assert told["events"]["nextCursor"]


def test_the_next_invoice_is_told_before_it_is_made(billed: Portal) -> None:
    upcoming = billed.ok(billed.token("ann"), "/invoices/upcoming")["items"]
    assert {one["status"] for one in upcoming} == {"gathering"}
    assert all(one["invoiceAt"] and one["lines"] for one in upcoming)


def test_anothers_invoice_is_as_little_there_as_none(billed: Portal, run: Run) -> None:
    with run.begin(run.namespace) as work:
        found, _ = work.store.invoices.page(InvoiceFilter(), PageOf(), InvoiceOrder.CREATED_AT)
    token = billed.token("bob")
    of_ann = [one for one in found if one.customer.key == "ann"]
    assert {one.state.value for one in of_ann} >= {"gathering", "paid"}
    for invoice in of_ann:
        assert billed.get(token, f"/invoices/{invoice.id}")[0] == 404
        for line in invoice.lines:
            assert billed.get(token, f"/invoices/{invoice.id}/lines/{line.id}/explain")[0] == 404
    assert not {one.id for one in of_ann} & {one["id"] for one in billed.ok(token, "/invoices")["items"]}


def test_the_plan_and_the_credit_are_the_customers(billed: Portal, run: Run) -> None:
    token = billed.token("ann")
    [subscription] = billed.ok(token, "/subscriptions")["items"]
    assert {item.get("featureKey") for item in subscription["items"]} >= {"eu"}
    assert subscription["currency"] == "USD"
    noted: dict[str, Any] = {"description": "For the outage", "labels": {"ticket": "T-1"}}
    gift = CreditGrantSpec("Gift", Funding.NONE, "USD", Decimal("100.01"), **noted)
    [ann] = run.rows("SELECT id FROM customers WHERE key = 'ann'")
    GrantCredit(begins(run.database, PostgresLedgerStore), lambda: NOW)(run.namespace, ann["id"], gift)
    [balance] = billed.ok(token, "/credits/balance")["balances"]
    assert balance["settled"] == "100.01"
    [booked] = billed.ok(token, "/credits/transactions")["data"]
    assert (booked["type"], booked["name"], booked["amount"]) == ("funded", "Gift", "100.01")
    # what else is noted of it is for whoever noted it
    assert noted.keys().isdisjoint(booked)
    assert billed.ok(billed.token("bob"), "/credits/transactions")["data"] == []


FAULTY = {
    "/meters/m0/query": ("from=yesterday", "windowSize=WEEK", "groupBy=none", "advancedMeterGroupByFilters={"),
    "/invoices": ("page=0", "pageSize=101"),
    "/invoices/none": ("",),
    "/credits/transactions": ("page[after]=x",),
    f"/invoices/{UNKNOWN}/lines/{UNKNOWN}/explain": ("cursor=x",),
    "/entitlements/eu/history": ("windowSize=MINUTE",),
}


def test_bad_input_is_a_400_that_names_its_field(portal: Portal, run: Run, house: House) -> None:
    run.customer("ann")
    token = portal.token("ann", allowed_meters=[house.meters[0].slug])
    for path, queries in FAULTY.items():
        for query in queries:
            status, refused = portal.get(token, path, query)
            assert (status, bool(faults_of(refused)[0][0])) == (400, True), (path, query)
