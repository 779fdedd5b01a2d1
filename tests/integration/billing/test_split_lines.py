"""Usage billed while its period goes on: over HTTP and by runs, on the real database."""

from dataclasses import replace
from decimal import Decimal

import pytest

from meterhouse.catalog.price import Commitments, TierMode, UnitPrice
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, Api, problem_fields
from tests.integration.billing.parts import AN_HOUR, TENTH, TWENTIETH, bill, canceled, charged, line, shown
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_edits import edit_of, lines_of, put
from tests.unit.billing.samples import FakeApp, metered, tiers


@pytest.fixture
def ann(run: Run) -> str:
    run.app = FakeApp()
    return run.customer("ann")


def test_parts_of_a_period_come_to_what_it_comes_to_at_once(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered(price=tiers()))
    first = bill(api, ann, TENTH, "8")
    second = bill(api, ann, TWENTIETH, "13")
    run.used(ann, "2024-01-01", "20")
    run.all()
    run.all()
    assert (shown(first), shown(second)) == (
        ("2024-01-01", "2024-01-10", "0", "8"),
        ("2024-01-10", "2024-01-20", "8", "5"),
    )
    assert line(second)["managedBy"] == "subscription"
    # 5 + 8 x 1, then 2 x 1 + 3 x 0.333, then 7 x 0.333 with the cent that rounding left
    assert charged(run) == [Decimal("13.00"), Decimal("3.00"), Decimal("2.33")]
    stored = run.everything()
    run.all()
    assert run.everything() == stored


def test_a_minimum_is_due_once_and_at_the_end(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1), Commitments(minimum=Decimal(30), maximum=Decimal(40)))))
    bill(api, ann, TENTH, "10")
    run.all()
    assert charged(run) == [Decimal(10), Decimal(20)]


def test_what_is_open_of_a_period_is_what_its_parts_have_not_billed(api: Api, run: Run, ann: str, purse: Purse) -> None:
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1), Commitments(minimum=Decimal(30)))))
    purse.grant(ann, 100)
    bill(api, ann, TENTH, "20")
    assert purse.standing(ann) == (80, 70)
    run.used(ann, "2024-01-01", "35")
    assert purse.standing(ann) == (80, 65)


def test_usage_of_an_earlier_part_that_comes_late_is_on_the_next(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    bill(api, ann, TENTH, "10")
    run.used(ann, "2024-01-01", "14")
    run.all()
    assert charged(run) == [Decimal(5), Decimal(2)]


def test_nothing_is_divided_where_the_call_or_the_profile_says_so(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    run.now = TENTH
    nothing = {"/customerId": "invoice_create_no_lines"}
    asked = {"customerId": ann, "progressiveBillingOverride": False}
    status, answer = api("POST", f"{INVOICES}/invoice", asked)
    assert (status, problem_fields(answer)) == (400, nothing)
    api.ok(
        "POST",
        "/api/v1/billing/profiles",
        api.profile(default=True, workflow={"invoicing": {"progressiveBilling": False}}),
    )
    status, answer = api("POST", f"{INVOICES}/invoice", {"customerId": ann})
    assert (status, problem_fields(answer)) == (400, nothing)
    assert len(bill(api, ann, TENTH, "1", progressiveBillingOverride=True)["lines"]) == 1


@pytest.mark.parametrize("case", ["in parts", "profile", "volume", "replaced"])
def test_usage_under_way_can_be_invoiced_where_parts_of_it_are_billed(api: Api, run: Run, ann: str, case: str) -> None:
    run.subscribe(ann, metered(price=replace(tiers(), mode=TierMode.VOLUME) if case == "volume" else None))
    run.sync(TENTH)
    run.now = TENTH
    if case == "replaced":
        run.usage.replaced.add("usage")
    if case == "profile":
        invoicing = {"progressiveBilling": False}
        api.ok("POST", PROFILES, api.profile(default=True, workflow={"invoicing": invoicing}))
    [gathering] = api.ok("GET", INVOICES)["items"]
    actions = gathering["statusDetails"]["availableActions"]
    assert actions == ({"invoice": {}} if case == "in parts" else {})
    assert api("POST", f"{INVOICES}/invoice", {"customerId": ann})[0] == (201 if actions else 400)


def test_usage_that_later_events_replace_waits_for_the_end_of_its_period(api: Api, run: Run, ann: str) -> None:
    run.usage.replaced.add("usage")
    run.subscribe(ann, metered())
    run.now = TENTH
    status, answer = api("POST", f"{INVOICES}/invoice", {"customerId": ann})
    assert (status, problem_fields(answer)) == (400, {"/customerId": "invoice_create_no_lines"})


def test_a_repeat_at_the_same_instant_invoices_nothing_more(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    bill(api, ann, TENTH, "10")
    stored = run.everything()
    assert api("POST", f"{INVOICES}/invoice", {"customerId": ann, "asOf": "2024-01-10T00:00:00Z"})[0] == 400
    assert run.everything() == stored


def test_what_is_left_follows_the_subscription(api: Api, run: Run, ann: str) -> None:
    made = run.subscribe(ann, metered(price=UnitPrice(Decimal(1), Commitments(minimum=Decimal(30)))))
    bill(api, ann, TENTH, "10")
    canceled(run, made, TWENTIETH)
    run.used(ann, "2024-01-01", "15")
    run.all()
    rest = run.invoices()[1].lines[0]
    assert (rest.service_period.end, rest.whole_period and rest.whole_period.end) == (TWENTIETH, TWENTIETH)
    assert charged(run) == [Decimal(10), Decimal(20)]
    assert run.pending() == []


def test_a_part_keeps_its_period_and_price_when_its_draft_is_edited(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    api.without_auto_advance()
    made = bill(api, ann, TENTH, "10")
    [said] = lines_of(made, metered=True)
    dearer = said | {"rateCard": {"featureKey": "usage", "price": {"type": "unit", "amount": "9"}}, "price": None}
    status, answer = api("PUT", f"{INVOICES}/{made['id']}", edit_of(made, dearer))
    assert (status, problem_fields(answer)) == (400, {"/lines/0": "line_is_part_of_a_period"})
    put(api, made, said | {"name": "January, first part"})
    run.collect(TENTH + AN_HOUR)
    run.used(ann, "2024-01-01", "14")
    run.sync()
    run.collect()
    named = {one.name: one.totals.total for invoice in run.invoices() for one in invoice.lines}
    assert named == {"January, first part": Decimal(5), "Usage": Decimal(2)}


def test_a_gathering_invoice_shows_what_is_left(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    bill(api, ann, TENTH, "10")
    run.used(ann, "2024-01-01", "14")
    [staged] = api.ok("GET", INVOICES, query="statuses=gathering&expand=lines")["items"]
    assert (line(staged)["meteredQuantity"], staged["totals"]["total"]) == ("4", "2.00")


def test_the_next_period_is_whole_again(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    bill(api, ann, TENTH, "10")
    run.all(AFTER_JANUARY)
    run.used(ann, "2024-02-01", "3")
    run.all(AFTER_FEBRUARY)
    assert charged(run) == [Decimal(5), Decimal(0), Decimal("1.5")]
