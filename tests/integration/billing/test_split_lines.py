"""Usage billed while its period goes on: over HTTP and by runs, on the real database."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.app import Payment
from meterhouse.billing.payment_report import PaymentReport
from meterhouse.billing.record_payment import RecordPayment
from meterhouse.billing.state import Trigger
from meterhouse.billing.verify_invoice import VerifyInvoice
from meterhouse.catalog.feature import Feature
from meterhouse.catalog.price import Commitments, Tier, TieredPrice, TierMode, UnitPrice
from meterhouse.kernel.period import Period
from meterhouse.subscriptions.model import Subscription
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, PROFILES, Api, problem_fields
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_edits import edit_of, lines_of, put
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, FakeUsage, metered, tiers
from tests.unit.subscriptions.samples import at

TENTH, TWENTIETH = at("2024-01-10"), at("2024-01-20")
AN_HOUR = timedelta(hours=1, minutes=1)
FIFTY_AT_ONE = TieredPrice(
    TierMode.GRADUATED,
    (Tier(Decimal(50), unit_amount=Decimal(1)), Tier(None, unit_amount=Decimal("0.1"))),
)


class UsageByDay(FakeUsage):
    """What was used on each day of a period."""

    def quantities(
        self, _namespace: str, feature: Feature, period: Period, subjects: Mapping[str, Collection[str]]
    ) -> Mapping[str, Decimal]:
        found = dict.fromkeys(subjects, Decimal(0))
        for (key, day, customer), quantity in self.used.items():
            if key == feature.key and period.contains(day):
                found[customer] += quantity
        return found


@pytest.fixture
def ann(run: Run) -> str:
    run.app = FakeApp()
    return run.customer("ann")


def bill(api: Api, customer: str, when: datetime, used: str, **more: object) -> dict[str, Any]:
    """Invoice what there is at an instant, and collect it an hour later; the invoice then."""
    api.run.used(customer, "2024-01-01", used)
    api.run.now = when
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer} | more)
    api.run.collect(when + AN_HOUR)
    api.run.advance(when + AN_HOUR)
    found: dict[str, Any] = api.ok("GET", f"{INVOICES}/{made['id']}")
    return found


def used_by_day(run: Run, customer: str, days: Mapping[str, int]) -> None:
    run.usage = UsageByDay({("usage", at(day), customer): Decimal(used) for day, used in days.items()})


def drafted(api: Api, customer: str, when: datetime) -> str:
    """Invoice what there is at an instant, and leave it unrated; the invoice's id."""
    api.run.now = when
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": customer})
    found: str = made["id"]
    return found


def line(invoice: dict[str, Any]) -> dict[str, Any]:
    [found] = invoice["lines"]
    assert isinstance(found, dict)
    return found


def charged(run: Run) -> list[Decimal]:
    return [invoice.totals.total for invoice in run.invoices()]


def shown(invoice: dict[str, Any]) -> tuple[str, str, str, str]:
    found = line(invoice)
    period = found["period"]
    return period["from"][:10], period["to"][:10], found["meteredPreLinePeriodQuantity"], found["meteredQuantity"]


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


def canceled(run: Run, made: Subscription, when: datetime) -> None:
    run.change(replace(made, active_to=when, updated_at=run.now))


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


def test_a_voided_part_is_billed_again_with_what_came_late_and_the_sum_stays(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered(price=tiers()))
    first = bill(api, ann, TENTH, "8")
    bill(api, ann, TWENTIETH, "13")
    api.ok("POST", f"{INVOICES}/{first['id']}/void", PENDING)
    run.used(ann, "2024-01-01", "20")
    run.all()
    standing = [one for one in run.invoices() if one.state.value != "voided"]
    assert sum(one.totals.total for one in standing) == Decimal("18.33")
    again = [one for invoice in standing for one in invoice.lines if one.revision]
    assert [(one.service_period.end, one.key.count("split")) for one in again] == [(TENTH, 0)]


def test_a_part_that_is_billed_again_beside_a_rest_that_stands_keeps_its_period(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    first = bill(api, ann, TENTH, "10")
    run.used(ann, "2024-01-01", "14")
    run.all()
    api.ok("POST", f"{INVOICES}/{first['id']}/void", PENDING)
    run.sync()
    [again] = [one for one in run.pending() if one.revision]
    assert (again.service_period.end, again.whole_period and again.whole_period.end) == (TENTH, at("2024-02-01"))


def corrected(api: Api, run: Run, customer: str) -> str:
    """The id of the invoice of 100 units of January, of which 40 were taken back before the last part was read."""
    used_by_day(run, customer, {"2024-01-02": 100})
    run.subscribe(customer, metered())
    first = drafted(api, customer, TENTH)
    run.all(TENTH + AN_HOUR)
    used_by_day(run, customer, {"2024-01-02": 60})
    run.now = AFTER_JANUARY
    run.all()
    last = run.invoices()[-1]
    assert ([one.quantity for one in last.lines], last.totals.total, last.issues) == ([Decimal(0)], Decimal(0), ())
    return first


def test_a_last_part_that_would_take_off_more_than_all_else_books_nothing_and_a_note_gives_back(
    api: Api, run: Run, ann: str
) -> None:
    run.app = FakeApp(payment=Payment(Trigger.PAID))
    first = corrected(api, run, ann)
    for _ in range(2):
        run.all()
    [note] = run.rows("SELECT * FROM credit_notes WHERE namespace = %(namespace)s")
    told = (note["invoice_id"], note["total"], note["refund"], note["is_automatic"])
    assert told == (first, Decimal(20), "credit", True)
    assert sum(invoice.totals.total for invoice in run.invoices()) == Decimal(50)


def test_what_a_last_part_does_not_take_off_is_charged_once_where_the_first_is_billed_again(
    api: Api, run: Run, ann: str
) -> None:
    first = corrected(api, run, ann)
    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    run.all()
    [again] = [line for invoice in run.invoices() for line in invoice.lines if line.revision]
    assert (again.quantity, again.totals.total) == (Decimal(60), Decimal(30))


@pytest.mark.parametrize("is_rated", [True, False])
def test_a_part_that_is_given_up_is_never_billed(api: Api, run: Run, ann: str, *, is_rated: bool) -> None:
    run.subscribe(ann, metered())
    api.without_auto_advance()
    run.used(ann, "2024-01-01", "10")
    run.now = TENTH
    [made] = api.ok("POST", f"{INVOICES}/invoice", {"customerId": ann})
    if is_rated:
        run.collect(TENTH + AN_HOUR)
    api.ok("DELETE", f"{INVOICES}/{made['id']}")
    run.usage.used["usage", at("2024-01-01"), ann] = Decimal(10)
    run.sync()
    if is_rated:
        run.used(ann, "2024-01-01", "14")
    run.collect()
    [rest] = [invoice.lines[0] for invoice in run.invoices() if invoice.state.value != "deleted"]
    assert (rest.totals.total, rest.quantity_before) == (Decimal(2 if is_rated else 0), Decimal(10))
    assert VerifyInvoice(run.begin, run.usage)(run.namespace, made["id"]).is_verified


def test_a_part_after_one_that_was_given_up_keeps_its_amount_when_its_taxes_are_asked_for_again(
    api: Api, run: Run, ann: str
) -> None:
    used_by_day(run, ann, {"2024-01-02": 60, "2024-01-15": 40})
    run.subscribe(ann, metered(price=FIFTY_AT_ONE))
    api.without_auto_advance()
    given_up = drafted(api, ann, TENTH)
    api.ok("DELETE", f"{INVOICES}/{given_up}")
    second = drafted(api, ann, TWENTIETH)
    run.collect(TWENTIETH + AN_HOUR)
    run.advance(TWENTIETH + AN_HOUR)
    before = api.ok("GET", f"{INVOICES}/{second}")
    api.ok("POST", f"{INVOICES}/{second}/taxes/recalculate")
    after = api.ok("GET", f"{INVOICES}/{second}")
    assert (shown(before), before["totals"]["total"]) == (("2024-01-10", "2024-01-20", "60", "40"), "4.00")
    assert (shown(after), after["totals"]) == (shown(before), before["totals"])
    assert line(api.ok("GET", f"{INVOICES}/{given_up}"))["meteredQuantity"] == "60"


def test_a_discarded_part_is_never_billed(api: Api, run: Run, ann: str) -> None:
    run.subscribe(ann, metered())
    first = bill(api, ann, TENTH, "10")
    api.ok("POST", f"{INVOICES}/{first['id']}/void", DISCARD)
    run.used(ann, "2024-01-01", "14")
    run.all()
    assert charged(run) == [Decimal(5), Decimal(2)]


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


def test_a_part_billed_again_after_a_void_takes_no_invoice_below_zero(api: Api, run: Run, ann: str) -> None:
    """Else no run would ever come past that invoice: the later part, in a dearer tier, was charged more than is due."""
    dearer = (Tier(Decimal(20), unit_amount=Decimal(0)), Tier(None, unit_amount=Decimal(1)))
    sold = run.subscribe(ann, metered(price=TieredPrice(TierMode.GRADUATED, dearer)))
    run.change(replace(sold, active_to=at("2024-02-01")))
    used_by_day(run, ann, {"2024-01-05": 21, "2024-01-15": 30})
    api.run.now = TENTH + AN_HOUR
    first = drafted(api, ann, TENTH)
    run.all(TENTH + AN_HOUR)
    drafted(api, ann, TWENTIETH)
    run.all(TWENTIETH + AN_HOUR)
    assert charged(run) == [Decimal(1), Decimal(30)]

    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    used_by_day(run, ann, {"2024-01-15": 30, "2024-01-25": 40})
    run.now = TWENTIETH + AN_HOUR
    assert run.all(run.now).failed == {}
    assert sorted(invoice.totals.total for invoice in run.invoices() if invoice.state.value != "voided") == [0, 30]

    assert run.all(AFTER_JANUARY).failed == {}
    standing = [invoice for invoice in run.invoices() if invoice.state.value != "voided"]
    # 70 units on one line: none of the first 20 at a price
    assert sum(invoice.totals.total for invoice in standing) == 50


def test_what_a_later_part_was_charged_too_much_goes_back_once_it_is_paid(api: Api, run: Run, ann: str) -> None:
    dearer = (Tier(Decimal(20), unit_amount=Decimal(0)), Tier(None, unit_amount=Decimal(1)))
    sold = run.subscribe(ann, metered(price=TieredPrice(TierMode.GRADUATED, dearer)))
    run.change(replace(sold, active_to=at("2024-02-01")))
    used_by_day(run, ann, {"2024-01-05": 21, "2024-01-15": 30})
    first = drafted(api, ann, TENTH)
    run.now = TENTH + AN_HOUR
    run.all(run.now)
    second = drafted(api, ann, TWENTIETH)
    run.now = TWENTIETH + AN_HOUR
    run.all(run.now)
    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    used_by_day(run, ann, {"2024-01-15": 30})
    run.all(run.now)
    paid = PaymentReport("paid", Trigger.PAID, run.now)
    RecordPayment(run.begin, run.apps, lambda: run.now)(run.namespace, second, paid)

    for day in ("2024-02-02", "2024-03-05"):
        run.now = at(day)
        assert run.all(run.now).failed == {}

    standing = [invoice for invoice in run.invoices() if invoice.state.value != "voided"]
    assert sorted(invoice.totals.total for invoice in standing) == [0, 0, 30]
    # 30 units on one line: none of the first 20 at a price
    assert [row["total"] for row in run.rows("SELECT total FROM credit_note_lines")] == [20]
    verify = VerifyInvoice(run.begin, run.usage)
    assert all(verify(run.namespace, invoice.id).is_verified for invoice in standing)
