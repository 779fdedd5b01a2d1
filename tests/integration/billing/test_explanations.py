"""Lines explained down to their events, invoices rated again, and two of them side by side, over HTTP."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.compare_invoices import CompareInvoices
from meterhouse.billing.explain_api import explain_routes
from meterhouse.billing.explain_line import ExplainLine
from meterhouse.billing.metered_usage import MeteredUsage, UsageBehind
from meterhouse.billing.service import InvoiceService
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.metering.clickhouse import ClickHouseUsage
from meterhouse.metering.clickhouse_counted_events import ClickHouseCountedEvents
from meterhouse.metering.postgres import PostgresMeters
from meterhouse.payments.installed_apps import InstalledApps
from meterhouse.payments.postgres import PostgresApps
from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.postgres import Database, begins
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.given import INVOICES, UNKNOWN, Api
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_taxes import EXCLUSIVE, confirm
from tests.integration.metering.house import House, call
from tests.unit.billing.samples import NOW, FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at, fee

JANUARY, FEBRUARY = at("2024-01-01"), at("2024-02-01")


@dataclass
class ExplainApi(Api):
    store: ClickHouse

    def handler(self) -> HttpHandler:
        run = self.run
        usage = MeteredUsage(begins(run.database, PostgresMeters), ClickHouseUsage(self.store))
        behind = UsageBehind(usage, ClickHouseCountedEvents(self.store))
        invoices = InvoiceService(run.begin, usage, InstalledApps(begins(run.database, PostgresApps)), lambda: run.now)
        explain, verify = ExplainLine(run.begin, behind), VerifyInvoice(run.begin, usage)
        return http_handler(explain_routes(explain, verify, CompareInvoices(invoices)))


@pytest.fixture
def api(run: Run, house: House) -> Api:
    return billed(run, house)


def billed(run: Run, house: House) -> ExplainApi:
    """January's usage of Ann, billed: four events, of which one twice and one of a region that does not count."""
    api = ExplainApi(run, house.store)
    house.clock = NOW - timedelta(hours=1)
    run.subscribe(run.customer("ann", subject_keys=("ann-1",)), fee(), metered("eu", tiers()))
    house.sink(
        call("1", "7.5", JANUARY, "ann", region="de"),
        call("2", 4, FEBRUARY - timedelta(microseconds=1), "ann-1", region="fr"),
        call("3", 100, JANUARY, "ann", region="us"),
        call("4", "0.5", JANUARY + timedelta(hours=3), "ann", region="de"),
    )
    house.sink(call("1", 700, JANUARY, "ann", region="de"))
    run.all()
    return api


@pytest.fixture
def line(run: Run) -> Callable[[], str]:
    """The path of the metered line of the first invoice with one."""

    def path() -> str:
        invoices = [(one.id, line.id) for one in run.invoices() for line in one.lines if line.rate_card.is_metered]
        return f"{INVOICES}/{invoices[0][0]}/lines/{invoices[0][1]}"

    return path


def test_a_line_is_explained_by_price_version_arithmetic_meter_query_and_usage(
    api: Api, run: Run, line: Callable[[], str], house: House
) -> None:
    found = api.ok("GET", f"{line()}/explain")
    [billed] = [one for invoice in run.invoices() for one in invoice.lines if one.rate_card.is_metered]
    assert found["priceVersion"] == {"item": billed.key.partition("/period[")[0], "managedBy": "subscription"}
    assert found["line"]["rateCard"]["price"]["mode"] == "graduated"
    assert found["arithmetic"]["isGenuine"] is True
    assert found["arithmetic"]["hash"] == found["arithmetic"]["trace"]["hash"]
    assert "2 x 0.333 = 0.666, rounded 0.67 USD" in [one["arithmetic"] for one in found["arithmetic"]["trace"]["steps"]]
    query = found["meterQuery"]
    assert (query["meter"]["id"], query["meter"]["aggregation"]) == (house.meters[0].id, "SUM")
    assert query["feature"]["key"] == "eu"
    assert query["subjects"] == ["ann", "ann-1"]
    assert query["filters"] == {"region": {"$in": ["de", "fr"]}}
    assert query["groupBy"] == {"region": "$.region"}
    assert query["period"] == {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"}
    assert found["usage"] == {"quantity": "12", "readAt": "2024-06-01T00:00:00Z"}


def test_its_events_are_those_that_were_billed_once_each_page_by_page(api: Api, line: Callable[[], str]) -> None:
    events: list[dict[str, Any]] = []
    query = "limit=1"
    while True:
        page = api.ok("GET", f"{line()}/explain", query=query)["events"]
        events += page["items"]
        if "nextCursor" not in page:
            break
        query = f"limit=1&cursor={page['nextCursor']}"
    assert [(one["id"], one["value"], one["counted"]) for one in events] == [
        ("1", "7.5", True),
        ("4", "0.5", True),
        ("2", "4", True),
    ]
    assert sum(Decimal(one["value"]) for one in events) == 12


def test_a_flat_line_is_explained_without_meter_and_events(api: Api, run: Run) -> None:
    [flat, *_] = [one for invoice in run.invoices() for one in invoice.lines if not one.rate_card.is_metered]
    found = api.ok("GET", f"{INVOICES}/{flat.invoice_id}/lines/{flat.id}/explain")
    assert {"meterQuery", "events"}.isdisjoint(found)
    assert found["usage"] == {"quantity": "1"}


def test_late_usage_is_shown_as_not_counted_and_told_by_how_much_and_the_line_still_verifies(
    api: Api, line: Callable[[], str], house: House
) -> None:
    before = api.ok("GET", f"{line()}/verify")
    assert before["verified"] is True
    assert before["usage"] == {"billed": "12", "now": "12", "late": "0", "message": "the meter counts what was billed"}
    house.clock = NOW + timedelta(hours=1)
    house.sink(call("5", "1.5", JANUARY + timedelta(days=2), "ann", region="fr"))
    events = api.ok("GET", f"{line()}/explain")["events"]["items"]
    assert [one["id"] for one in events if not one["counted"]] == ["5"]
    after = api.ok("GET", f"{line()}/verify")
    assert (after["verified"], after["faults"]) == (True, [])
    assert {name: Decimal(after["usage"][name]) for name in ("billed", "now", "late")} == {
        "billed": Decimal(12),
        "now": Decimal("13.5"),
        "late": Decimal("1.5"),
    }
    assert after["usage"]["message"].startswith("usage arrived late: 1.5")


def test_credit_and_taxes_stand_beside_the_trace_of_a_line_which_verifies_without_them(
    run: Run, house: House, purse: Purse
) -> None:
    api, ann = ExplainApi(run, house.store), run.customer("ann")
    run.app = FakeApp(waits={"sync", "finalize"})
    house.clock = NOW - timedelta(hours=1)
    house.sink(call("1", 12, JANUARY, "ann", region="de"))
    run.subscribe(ann, replace(metered("eu", tiers()), tax_config={"behavior": "exclusive"}))
    grant = purse.grant(ann, 6)
    run.all()
    [invoice] = run.invoices()
    confirm(run, invoice.id, {line.id: EXCLUSIVE for line in invoice.lines})

    path = f"{INVOICES}/{invoice.id}"
    [used] = [line for line in invoice.lines if line.quantity]
    found = api.ok("GET", f"{path}/lines/{used.id}/explain")
    line, trace = found["line"], found["arithmetic"]["trace"]
    assert [(one["amount"], grant.id in one["description"]) for one in line["creditAllocations"]] == [("6", True)]
    assert [one["behavior"] for one in line["taxes"]] == ["exclusive"]
    totals = {name: Decimal(line["totals"][name]) for name in ("amount", "creditsTotal", "taxesTotal", "total")}
    assert list(totals.values()) == [Decimal("15.67"), Decimal(6), Decimal("1.9"), Decimal("11.57")]
    assert Decimal(trace["totals"]["total"]) == Decimal("15.67")
    assert found["arithmetic"]["isGenuine"] is True
    for verified in (api.ok("GET", f"{path}/verify"), api.ok("GET", f"{path}/lines/{used.id}/verify")):
        assert (verified["verified"], verified["faults"]) == (True, [])


def test_every_line_of_an_invoice_is_rated_again_to_its_hash(api: Api, run: Run, line: Callable[[], str]) -> None:
    found = api.ok("GET", f"{line().partition('/lines')[0]}/verify")
    [invoice] = [one for one in run.invoices() if one.id == found["invoiceId"]]
    assert found["verified"] is True
    assert len(found["lines"]) == len(invoice.lines) == 3
    for one in found["lines"]:
        assert one["hashes"]["billed"] == one["hashes"]["again"]
        assert one["totals"]["billed"] == one["totals"]["again"]
    assert len(found["hash"]) == 64


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ("trace = jsonb_set(trace::jsonb, '{inputs,quantity}', '\"13\"')", "trace_not_genuine"),
        ("amount = amount + 1", "totals_differ"),
        ("quantity = 11", "inputs_differ"),
        ("detailed = jsonb_set(detailed::jsonb, '{0,amount}', '\"4\"')", "detailed_lines_differ"),
        ("rate_card = jsonb_set(rate_card, '{price,tiers,1,unit_amount}', '\"0.4\"')", "inputs_differ"),
    ],
)
def test_whatever_was_changed_of_a_billed_line_is_found(
    api: Api, run: Run, line: Callable[[], str], unguarded: Database, change: str, fault: str
) -> None:
    path = line()
    with unguarded.transaction(run.namespace) as transaction:
        known = {"id": path.rpartition("/")[2]}
        sql = f"UPDATE invoice_lines SET {change} WHERE namespace = %(namespace)s AND id = %(id)s"
        assert transaction.execute(sql, known) == 1
        transaction.commit()
    found = api.ok("GET", f"{path}/verify")
    assert found["verified"] is False
    assert fault in [one["code"] for one in found["faults"]]


def test_two_months_differ_by_volume_in_sums_that_are_exact(api: Api, run: Run, house: House) -> None:
    house.sink(call("6", 20, FEBRUARY, "ann", region="de"))
    run.all(AFTER_FEBRUARY)
    first, second = [one for one in run.invoices() if any(line.rate_card.is_metered for line in one.lines)]
    found = api.ok("GET", f"{INVOICES}/{first.id}/diff/{second.id}")
    difference = second.totals.total - first.totals.total
    assert Decimal(found["difference"]) == Decimal(found["effects"]["total"]) == difference != 0
    assert {name: value for name, value in found["effects"].items() if Decimal(value)} == {
        "volume": "2.66",
        "removed": "-20.00",
        "total": "-17.34",
    }
    same = api.ok("GET", f"{INVOICES}/{first.id}/diff/{first.id}")
    assert {Decimal(value) for value in same["effects"].values()} == {0}


def test_what_cannot_be_explained_is_refused_by_name(
    api: Api, run: Run, line: Callable[[], str], other_namespace: str
) -> None:
    path = line()
    invoice = path.partition("/lines")[0]
    [gathering] = run.invoices("gathering")
    pending = f"{INVOICES}/{gathering.id}"
    for unknown in (
        f"{invoice}/lines/{UNKNOWN}/explain",
        f"{invoice}/lines/{UNKNOWN}/verify",
        f"{INVOICES}/{UNKNOWN}/verify",
        f"{invoice}/diff/{UNKNOWN}",
    ):
        assert api("GET", unknown)[0] == 404
    for theirs in (f"{path}/explain", f"{path}/verify", f"{invoice}/verify", f"{invoice}/diff/{gathering.id}"):
        assert api("GET", theirs, namespace=other_namespace)[0] == 404
    for unrated in (f"{pending}/lines/{gathering.lines[0].id}/explain", f"{pending}/verify"):
        status, answer = api("GET", unrated)
        assert (status, answer["code"]) == (409, "line_not_rated")
    for query in ("cursor=nonsense", "limit=0", f"cursor={json.dumps([1])}"):
        assert api("GET", f"{path}/explain", query=query)[0] == 400
