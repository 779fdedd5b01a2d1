"""Previews on the real database: what would come, which is what comes; and nothing of it is saved."""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from meterhouse.billing.postgres_preview import PostgresPreview
from meterhouse.billing.preview_api import preview_routes
from meterhouse.billing.preview_subscription import PreviewSubscription
from meterhouse.catalog.plan import Plan
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform.http import http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from meterhouse.platform.postgres_transaction import Row
from meterhouse.subscriptions.api import routes
from meterhouse.subscriptions.change_api import change_routes
from meterhouse.subscriptions.model import Subscription
from meterhouse.subscriptions.postgres import PostgresStore
from meterhouse.subscriptions.service import SubscriptionService
from tests.integration.billing.backtested import Backtested
from tests.integration.billing.conftest import Run
from tests.integration.billing.given import PROFILES, Api
from tests.integration.billing.purse import Purse
from tests.unit.billing.samples import metered, tiers
from tests.unit.platform.requests import CONTEXT, request
from tests.unit.subscriptions.samples import at, fee, phase, spec

if TYPE_CHECKING:
    from meterhouse.billing.preview_ports import PreviewStore
    from meterhouse.platform.work import Begin

SUBSCRIPTIONS = "/api/v1/subscriptions"
BASIC = spec(phase("default", None, fee(amount="31"), metered(price=tiers())))
PRO = spec(phase("default", None, fee(amount="62"), fee("seats", "10"), metered()))
MID_JANUARY = at("2024-01-15")
_TABLES = """
SELECT table_name FROM information_schema.columns
WHERE table_schema = 'public' AND column_name = 'namespace' ORDER BY 1
"""


@dataclass
class Previews:
    """The routes that preview and those that do it, on one clock."""

    run: Run
    backtested: Backtested
    basic: Plan

    def __call__(self, method: str, path: str, body: object = None, *, key: str = "") -> tuple[int, Any]:
        def now() -> Any:
            return self.run.now

        database = self.run.database
        begin: Begin[PreviewStore] = begins(database, PostgresPreview)
        service = SubscriptionService(begins(database, PostgresStore), now, new_id)
        handler = http_handler(
            preview_routes(PreviewSubscription(begin, self.run.usage, now)),
            routes(service, now),
            change_routes(service, now),
            database=database,
        )
        headers = {"content-type": "application/json"} | ({"idempotency-key": key} if key else {})
        event = request(method, path, body, headers=headers, namespace=self.run.namespace)
        answer = handler(event, CONTEXT)
        return int(answer["statusCode"]), json.loads(answer["body"], parse_float=Decimal)

    def of(self, subscription: Subscription, **body: object) -> dict[str, Any]:
        status, answer = self("POST", f"{SUBSCRIPTIONS}/{subscription.id}/preview", body)
        assert status == 200, answer
        return answer  # type: ignore[no-any-return] # JSON

    def new(self, **body: object) -> dict[str, Any]:
        status, answer = self("POST", f"{SUBSCRIPTIONS}/preview", body)
        assert status == 200, answer
        return answer  # type: ignore[no-any-return] # JSON

    def everything(self) -> dict[str, list[Row]]:
        """Every row of the namespace in every table there is, in an order of its own: the database promises none."""
        tables = [row["table_name"] for row in self.run.rows(_TABLES)]
        assert {"outbox", "invoices", "invoice_lines", "subscriptions", "billing_profiles"} <= set(tables)
        every = "SELECT * FROM {0} WHERE namespace = %(namespace)s ORDER BY {0}::text"
        return {name: self.run.rows(every.format(name)) for name in tables}


@pytest.fixture
def previews(run: Run) -> Previews:
    run.now = MID_JANUARY
    backtested = Backtested(run)
    basic, _ = backtested.plan(BASIC, "basic"), backtested.plan(PRO, "pro")
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("UPDATE plans SET effective_from = '2020-01-01' WHERE namespace = %(namespace)s")
        transaction.commit()
    return Previews(run, backtested, basic)


@pytest.fixture
def agreed(run: Run, previews: Previews) -> Subscription:
    ann = run.customer("ann", subject_keys=("ann-1",))
    made = previews.backtested.subscribe(ann, previews.basic)
    run.used(ann, "2024-01-01", "12")
    run.all(MID_JANUARY)
    return made


def lines(found: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Name, period and amount of lines."""
    return sorted(
        (one["name"], one["period"]["from"][:10], one["period"]["to"][:10], charged(one["totals"])) for one in found
    )


def charged(totals: dict[str, str]) -> str:
    """Before prepaid credit, which a preview does not take off."""
    return str(Decimal(totals["total"]) + Decimal(totals["creditsTotal"]))


def test_an_upgrade_in_the_middle_of_a_month_shows_what_ends_what_begins_and_the_shares(
    previews: Previews, agreed: Subscription
) -> None:
    found = previews.of(agreed, change={"plan": {"key": "pro"}, "timing": "immediate"})

    assert found["effectiveAt"] == "2024-01-15T00:00:00Z"
    assert [one["status"] for one in found["subscriptions"]] == ["inactive", "active"]
    # the old plan's February is not charged any more; January was paid in advance: the new fee costs the difference
    assert lines(found["lines"]["removed"]) == [("Fee", "2024-02-01", "2024-03-01", "31.00")]
    [changed] = found["lines"]["changed"]
    assert lines([changed["before"]]) == [("Usage", "2024-01-01", "2024-02-01", "15.67")]
    assert lines([changed["after"]]) == [("Usage", "2024-01-01", "2024-01-15", "15.67")]
    assert lines(found["lines"]["added"]) == [
        ("Fee", "2024-02-01", "2024-03-01", "62.00"),
        ("Fee (difference)", "2024-01-15", "2024-02-01", "17.00"),
        ("Seats", "2024-01-15", "2024-02-01", "5.48"),
        ("Seats", "2024-02-01", "2024-03-01", "10.00"),
        ("Usage", "2024-01-15", "2024-02-01", "0"),
    ]
    shares = [(one["name"], one["share"], one["fullAmount"], one["amount"]) for one in found["prorations"]]
    assert sorted(shares) == [("Fee (difference)", "17/31", "31", "17.00"), ("Seats", "17/31", "10", "5.48")]
    assert lines(found["nextInvoice"]["lines"]) == [
        ("Fee (difference)", "2024-01-15", "2024-02-01", "17.00"),
        ("Seats", "2024-01-15", "2024-02-01", "5.48"),
        ("Usage", "2024-01-01", "2024-01-15", "15.67"),
    ]
    assert found["nextInvoice"]["totals"]["total"] == "38.15"
    assert (found["nextInvoice"]["status"], found["nextInvoice"]["number"][:6]) == ("draft", "DRAFT-")


@pytest.mark.parametrize(
    ("call", "body"),
    [
        ("change", {"plan": {"key": "pro"}, "timing": "immediate"}),
        ("change", {"plan": {"key": "pro"}, "timing": "next_billing_cycle"}),
        ("cancel", {"timing": "immediate"}),
        ("cancel", {"timing": "next_billing_cycle"}),
        (
            "edit",
            {"timing": "immediate", "customizations": [{"op": "remove_item", "phaseKey": "default", "itemKey": "fee"}]},
        ),
    ],
)
def test_what_is_previewed_is_what_comes(
    run: Run, previews: Previews, agreed: Subscription, api: Api, call: str, body: dict[str, Any]
) -> None:
    found = previews.of(agreed, **{call: body})

    path = f"{SUBSCRIPTIONS}/{agreed.id}" + ("" if call == "edit" else f"/{call}")
    status, answer = previews("PATCH" if call == "edit" else "POST", path, body)
    assert status == 200, answer
    due = found["nextInvoice"]
    if any(line["invoiceAt"] > "2024-01-15T00:00:00Z" for line in due["lines"]):
        run.now = at(max(line["invoiceAt"] for line in due["lines"]))
    wanted = {"customerId": agreed.customer_id, "progressiveBillingOverride": False}
    [made] = api.ok("POST", "/api/v1/billing/invoices/invoice", wanted)
    run.now += timedelta(hours=2)  # late usage is waited for
    run.collect(run.now)
    rated = api.ok("GET", f"/api/v1/billing/invoices/{made['id']}")

    assert lines(rated["lines"]) == lines(due["lines"])
    assert charged(rated["totals"]) == charged(due["totals"])
    given = [(note["total"], note["currency"]) for note in api.ok("GET", "/api/v1/billing/credit-notes")["items"]]
    assert [(one["total"], one["currency"]) for one in found["givenBack"]] == given


def test_an_anchored_profile_previews_what_its_next_edge_collects(
    run: Run, previews: Previews, agreed: Subscription, api: Api
) -> None:
    quarterly = {"type": "anchored", "recurringPeriod": {"interval": "P3M", "anchor": "2024-01-10T00:00:00Z"}}
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"collection": {"alignment": quarterly}}))
    due = previews.of(agreed, change={"plan": {"key": "pro"}, "timing": "immediate"})["nextInvoice"]

    status, answer = previews(
        "POST", f"{SUBSCRIPTIONS}/{agreed.id}/change", {"plan": {"key": "pro"}, "timing": "immediate"}
    )
    assert status == 200, answer
    known = {one.id for one in run.invoices()}
    run.now = at("2024-04-10T02:00:00Z")
    run.sync(run.now)
    run.collect(run.now)
    [made] = [one for one in run.invoices() if one.id not in known]
    collected = [
        (line.name, format_rfc3339(line.service_period.start), format_rfc3339(line.service_period.end))
        for line in made.lines
    ]
    assert sorted((one["name"], one["period"]["from"], one["period"]["to"]) for one in due["lines"]) == sorted(
        collected
    )
    assert len({line["period"]["from"][:7] for line in due["lines"]}) == 4  # January to April


def test_what_is_given_back_is_less_what_lines_that_still_wait_use_up(
    run: Run, previews: Previews, agreed: Subscription, api: Api
) -> None:
    quarterly = {"type": "anchored", "recurringPeriod": {"interval": "P3M", "anchor": "2024-01-10T00:00:00Z"}}
    api.ok("POST", PROFILES, api.profile(default=True, workflow={"collection": {"alignment": quarterly}}))
    path = f"{SUBSCRIPTIONS}/{agreed.id}"
    status, upgraded = previews("POST", f"{path}/change", {"plan": {"key": "pro"}, "timing": "immediate"})
    assert status == 200, upgraded
    run.all(run.now)
    run.now = at("2024-01-21")
    removal = {"op": "remove_item", "phaseKey": "default", "itemKey": "fee"}
    edit = {"timing": "immediate", "customizations": [removal]}
    status, found = previews("POST", f"{SUBSCRIPTIONS}/{upgraded['next']['id']}/preview", {"edit": edit})
    assert status == 200, found
    status, answer = previews("PATCH", f"{SUBSCRIPTIONS}/{upgraded['next']['id']}", edit)
    assert status == 200, answer
    run.sync(run.now)
    given = [note["lines"] for note in api.ok("GET", "/api/v1/billing/credit-notes")["items"]]
    assert [one["lines"] for one in found["givenBack"]] == given
    [[line]] = given
    # the difference from the 15th to the 21st, which waits, still stands on what was paid
    assert (line["total"], [one["period"]["from"][:10] for one in line["unused"]]) == ("11.00", ["2024-01-21"])


def test_a_new_subscription_shows_its_first_invoice_and_the_share_of_a_cut_first_period(
    run: Run, previews: Previews
) -> None:
    run.customer("bob")
    found = previews.new(customerKey="bob", plan={"key": "basic"}, billingAnchor="2024-01-01T00:00:00Z")

    assert [one["status"] for one in found["subscriptions"]] == ["active"]
    assert found["lines"]["changed"] == found["lines"]["removed"] == []
    assert [(one["share"], one["amount"]) for one in found["prorations"]] == [("17/31", "17.00")]
    assert lines(found["nextInvoice"]["lines"]) == [("Fee", "2024-01-15", "2024-02-01", "17.00")]
    assert found["nextInvoice"]["customer"]["key"] == "bob"


def test_nothing_is_saved_told_or_used_up_not_even_under_an_idempotency_key(
    run: Run, previews: Previews, agreed: Subscription
) -> None:
    bob = run.customer("bob")
    before = previews.everything()
    removal = {"op": "remove_item", "phaseKey": "default", "itemKey": "fee"}
    previews.of(agreed, change={"plan": {"key": "pro"}, "timing": "immediate"})
    previews.of(agreed, cancel={})
    previews.of(agreed, edit={"customizations": [removal]})
    previews.new(customerId=bob, plan={"key": "pro"})
    assert previews.everything() == before

    asked = {"customerId": bob, "plan": {"key": "pro"}}
    first = previews("POST", f"{SUBSCRIPTIONS}/preview", asked, key="k")
    assert previews("POST", f"{SUBSCRIPTIONS}/preview", asked, key="k") == first
    after = previews.everything()
    assert len(after.pop("idempotency_keys")) == len(before.pop("idempotency_keys")) + 1
    assert after == before


def test_a_change_in_thousands_of_years_is_no_reason_to_lay_out_all_the_lines_before_it(
    previews: Previews, agreed: Subscription
) -> None:
    found = previews.of(agreed, cancel={"timing": "9000-01-01T00:00:00Z"})

    assert (found["effectiveAt"], found["lines"]["removed"]) == ("9000-01-01T00:00:00Z", [])
    assert len(found["nextInvoice"]["lines"]) == 2


def test_in_a_namespace_without_a_profile_a_preview_makes_none(run: Run, previews: Previews) -> None:
    run.customer("bob")
    previews.new(customerKey="bob", plan={"key": "basic"})

    assert run.rows("SELECT id FROM billing_profiles WHERE namespace = %(namespace)s") == []
    assert run.rows("SELECT id FROM outbox WHERE namespace = %(namespace)s") == []


def test_faults_are_those_of_the_real_call_below_the_name_of_the_call(previews: Previews, agreed: Subscription) -> None:
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("change", "POST", {"plan": {"key": "none"}, "timing": "immediate"}),
        ("change", "POST", {"timing": "immediate"}),
        ("cancel", "POST", {"timing": "2023-01-01T00:00:00Z"}),
        ("migrate", "POST", {"targetVersion": 9}),
        ("migrate", "POST", {"targetVersion": 1}),
        ("edit", "PATCH", {"customizations": [{"op": "remove_item", "phaseKey": "no", "itemKey": "no"}]}),
        ("edit", "PATCH", {"customizations": [{"op": "no"}]}),
    )
    for call, method, body in calls:
        path = f"{SUBSCRIPTIONS}/{agreed.id}" + ("" if call == "edit" else f"/{call}")
        status, real = previews(method, path, body)
        shown, told = previews("POST", f"{SUBSCRIPTIONS}/{agreed.id}/preview", {call: body})
        assert status >= 400
        assert (shown, told.get("code")) == (status, real.get("code")), call
        assert _faults(told) == {(f"/{call}{field}", code) for field, code in _faults(real)}, call


def _faults(answer: dict[str, Any]) -> set[tuple[str, str]]:
    faults = answer.get("extensions", {}).get("validationErrors", [])
    return {(fault["field"], fault["code"]) for fault in faults}


@pytest.mark.parametrize("body", [{}, {"cancel": {}, "migrate": {}}])
def test_one_change_is_previewed_at_a_time(previews: Previews, agreed: Subscription, body: dict[str, Any]) -> None:
    status, answer = previews("POST", f"{SUBSCRIPTIONS}/{agreed.id}/preview", body)
    assert status == 400
    assert _faults(answer) == {("", "one_change_required")}


def test_a_new_subscription_is_refused_as_the_real_one_is(previews: Previews, agreed: Subscription) -> None:
    taken = {"customerId": agreed.customer_id, "plan": {"key": "pro"}}
    for body in (taken, {"customerKey": "none", "plan": {"key": "none"}}, {"plan": {"key": "pro"}}):
        status, real = previews("POST", SUBSCRIPTIONS, body)
        shown, told = previews("POST", f"{SUBSCRIPTIONS}/preview", body)
        assert (shown, told.get("code"), _faults(told)) == (status, real.get("code"), _faults(real))
        assert status in {400, 409}


def test_a_subscription_that_is_not_there_cannot_be_previewed(previews: Previews) -> None:
    assert previews("POST", f"{SUBSCRIPTIONS}/01HZ0000000000000000000000/preview", {"cancel": {}})[0] == 404


def test_usage_that_cannot_be_read_leaves_its_line_unrated_and_is_an_issue_of_the_invoice(
    run: Run, previews: Previews, agreed: Subscription
) -> None:
    with run.database.transaction(run.namespace) as transaction:
        transaction.execute("DELETE FROM features WHERE namespace = %(namespace)s")
        transaction.commit()

    found = previews.of(agreed, cancel={"timing": "immediate"})

    [issue] = found["nextInvoice"]["validationIssues"]
    assert issue["code"] == "feature_not_found"
    assert [line["totals"]["total"] for line in found["nextInvoice"]["lines"]] == ["0"]


def test_the_next_invoice_is_shown_less_the_credit_that_is_there_and_none_of_it_is_burnt(
    previews: Previews, agreed: Subscription, purse: Purse
) -> None:
    before = previews.of(agreed, cancel={"timing": "next_billing_cycle"})["nextInvoice"]["totals"]
    purse.grant(agreed.customer_id, 5)
    stored = previews.everything()
    shown = previews.of(agreed, cancel={"timing": "next_billing_cycle"})["nextInvoice"]["totals"]
    assert Decimal(shown["creditsTotal"]) == Decimal(before["total"]) - Decimal(shown["total"]) == Decimal(5)
    assert previews.everything() == stored
