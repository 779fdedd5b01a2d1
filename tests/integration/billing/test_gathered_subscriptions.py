"""Pending lines of subscriptions, of credit and of parts, on gathering invoices that are edited by hand."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.catalog.plan import SettlementMode
from meterhouse.subscriptions.model import Subscription
from tests.integration.billing.audited import audited, kinds
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, Api, problem_fields
from tests.integration.billing.late import AFTER_MARCH, billed_january, known_late, late_total
from tests.integration.billing.parts import TENTH, bill
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_custom_currencies import Mint, units
from tests.integration.billing.test_edits import LINE, chosen, edit_of, put
from tests.integration.billing.test_manual_lines import UNIT, body, usage
from tests.integration.billing.test_manual_lines import lines_of as pending_lines_of
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at, fee

MID_FEBRUARY = at("2024-02-15")
CHEAPER = UNIT | {"amount": "0.25"}


@pytest.fixture
def ann(api: Api) -> str:
    api.run.app = FakeApp()
    api.run.now = MID_FEBRUARY
    return api.run.customer("ann")


def gathered(api: Api) -> dict[str, Any]:
    [found] = api.ok("GET", INVOICES, query="statuses=gathering&expand=lines")["items"]
    shown: dict[str, Any] = found
    return shown


def only(invoice: dict[str, Any]) -> dict[str, Any]:
    [line] = invoice["lines"]
    return chosen(line, LINE)


def taken_back(api: Api) -> None:
    """All that is gathered."""
    invoice = gathered(api)
    api.ok("PUT", f"{INVOICES}/{invoice['id']}", edit_of(invoice, lines=[]))


def refused(api: Api, invoice: dict[str, Any], *lines: dict[str, Any]) -> dict[str, str]:
    stored = api.run.everything()
    status, answer = api("PUT", f"{INVOICES}/{invoice['id']}", edit_of(invoice, *lines))
    assert (status, api.run.everything()) == (400, stored), answer
    return problem_fields(answer)


def february(api: Api, customer: str) -> Subscription:
    """Usage of February is pending; 8 units of it are known."""
    made = api.run.subscribe(customer, metered(), start="2024-02-01")
    api.run.used(customer, "2024-02-01", "8")
    api.run.sync(MID_FEBRUARY)
    return made


def totals(run: Run) -> list[str]:
    return [str(one.totals.total) for one in run.invoices() if one.deleted_at is None]


def test_a_changed_line_of_a_subscription_is_the_callers_and_billed_as_written(api: Api, ann: str) -> None:
    february(api, ann)
    invoice = gathered(api)
    line = only(invoice)
    changed = put(api, invoice, line | {"price": CHEAPER, "rateCard": line["rateCard"] | {"price": CHEAPER}})
    assert (changed["lines"][0]["managedBy"], changed["totals"]["total"]) == ("manual", "2.00")
    assert changed["lines"][0]["subscription"]
    stored = api.run.everything()
    api.run.sync(MID_FEBRUARY)
    assert api.run.everything() == stored
    api.run.now = AFTER_MARCH
    api.run.all(AFTER_FEBRUARY)
    assert totals(api.run) == ["2.00"]


def test_a_line_of_a_subscription_that_is_taken_back_is_never_made_again(api: Api, ann: str) -> None:
    february(api, ann)
    taken_back(api)
    api.run.now = AFTER_MARCH
    api.run.used(ann, "2024-03-01", "4")
    api.run.all(AFTER_FEBRUARY)
    api.run.all(AFTER_MARCH)
    assert totals(api.run) == ["2.00"]
    audited(api.run)
    assert kinds(api.run) == []


def test_a_changed_line_ends_with_its_subscription(api: Api, ann: str) -> None:
    agreed = february(api, ann)
    invoice = gathered(api)
    put(api, invoice, only(invoice) | {"name": "Mine"})
    api.run.change(replace(agreed, active_to=at("2024-02-20"), updated_at=api.run.now))
    api.run.sync(MID_FEBRUARY)
    [line] = api.run.pending()
    assert (line.name, line.service_period.end) == ("Mine", at("2024-02-20"))


@pytest.mark.parametrize("edit", [{"name": "Mine"}, {"price": CHEAPER}])
def test_usage_goes_on_with_a_subscription_that_runs_on_after_the_edit(
    api: Api, ann: str, edit: dict[str, Any]
) -> None:
    agreed = api.run.subscribe(ann, metered(), start="2024-02-01")
    api.run.used(ann, "2024-02-01", "8")
    api.run.change(replace(agreed, active_to=at("2024-02-20"), updated_at=api.run.now))
    api.run.sync(MID_FEBRUARY)
    invoice = gathered(api)
    line = only(invoice)
    priced = edit | ({"rateCard": line["rateCard"] | edit} if "price" in edit else {})
    assert line["period"]["to"] == "2024-02-20T00:00:00Z"
    put(api, invoice, line | priced)
    api.run.change(agreed)
    api.run.sync(MID_FEBRUARY)
    [pending] = api.run.pending()
    assert (pending.service_period.end, pending.invoice_at) == (at("2024-03-01"), at("2024-03-01"))
    api.run.sync(MID_FEBRUARY)
    assert api.run.pending() == [pending]


def test_of_usage_that_goes_on_only_what_was_shown_was_taken_back(api: Api, ann: str) -> None:
    agreed = api.run.subscribe(ann, metered(), start="2024-02-01")
    api.run.change(replace(agreed, active_to=at("2024-02-20"), updated_at=api.run.now))
    api.run.sync(MID_FEBRUARY)
    taken_back(api)
    api.run.change(agreed)
    api.run.sync(MID_FEBRUARY)
    [rest] = api.run.pending()
    assert (rest.service_period.start, rest.service_period.end) == (at("2024-02-20"), at("2024-03-01"))


def test_a_line_charges_for_no_time_that_its_subscription_does_not_ask_for(api: Api, ann: str) -> None:
    february(api, ann)
    invoice = gathered(api)
    line = only(invoice)
    longer = line | {"period": {"from": "2024-01-31T00:00:00Z", "to": "2024-03-02T00:00:00Z"}}
    assert refused(api, invoice, longer | {"invoiceAt": "2024-03-02T00:00:00Z"}) == {
        "/lines/0/period/from": "period_beyond_subscription",
        "/lines/0/period/to": "period_beyond_subscription",
    }
    shorter = put(api, invoice, line | {"period": line["period"] | {"to": "2024-02-20T00:00:00Z"}})
    api.run.sync(MID_FEBRUARY)
    assert gathered(api)["lines"][0]["period"] == shorter["lines"][0]["period"]


def test_a_rest_of_usage_is_taken_back_and_not_charged_otherwise(api: Api, ann: str) -> None:
    api.run.subscribe(ann, metered(price=tiers()))
    assert bill(api, ann, TENTH, "8")["totals"]["total"]
    invoice = gathered(api)
    line = only(invoice)
    other = line | {"price": CHEAPER, "rateCard": line["rateCard"] | {"price": CHEAPER}}
    assert refused(api, invoice, other) == {"/lines/0": "line_is_part_of_a_period"}
    assert put(api, invoice, line | {"name": "The rest"})["lines"][0]["name"] == "The rest"
    taken_back(api)
    billed = totals(api.run)
    api.run.used(ann, "2024-01-01", "13")
    api.run.now = AFTER_MARCH
    api.run.all(AFTER_JANUARY)
    assert totals(api.run) == billed
    audited(api.run)
    assert kinds(api.run) == []


def test_late_usage_that_is_taken_back_is_not_charged_anew_and_later_usage_is(run: Run, api: Api) -> None:
    customer = billed_january(run)
    run.now = AFTER_FEBRUARY
    known_late(run, customer, "10")
    run.sync(AFTER_FEBRUARY)
    run.all(at("2024-02-20"))
    late = [line for line in run.pending() if "/late" in line.key]
    assert len(late) == 1
    invoice = gathered(api)
    kept = [chosen(line, LINE) for line in invoice["lines"] if line["id"] != late[0].id]
    put(api, invoice, *kept)
    run.now = AFTER_MARCH
    run.all(AFTER_FEBRUARY)
    run.all(AFTER_MARCH)
    assert not [line for line in run.pending() if "/late" in line.key]
    assert sum(late_total(one) for one in run.invoices()) == 0
    known_late(run, customer, "11")
    run.all(AFTER_MARCH)
    # one unit more than what was taken back, of the second tier
    on_invoices = [line for one in run.invoices() for line in one.lines]
    [more] = [line for line in (*run.pending(), *on_invoices) if "/late[2]" in line.key]
    assert more.quantity in {None, Decimal(1)}


def test_a_purchase_of_credit_that_is_taken_back_is_never_there_and_never_changed(
    api: Api, ann: str, purse: Purse
) -> None:
    grant = purse.buy(ann, 40, "0.5")
    invoice = gathered(api)
    assert refused(api, invoice, only(invoice) | {"name": "Cheap"}) == {"/lines/0": "credit_purchase"}
    taken_back(api)
    assert purse.shown(grant)["status"] == "voided"
    api.run.now = AFTER_MARCH
    api.run.all(AFTER_MARCH)
    assert (totals(api.run), purse.settled(ann)) == ([], Decimal(0))


def test_what_credit_alone_settles_is_on_no_invoice_to_edit(api: Api, ann: str) -> None:
    api.run.subscribe(ann, metered(), start="2024-02-01", settlement=SettlementMode.CREDIT_ONLY)
    invoice = api.ok("POST", pending_lines_of(ann), body(usage(invoiceAt="2024-07-01T00:00:00Z")))["invoice"]
    api.run.sync(MID_FEBRUARY)
    [settled] = [line for line in api.run.pending() if not line.is_invoiced]
    assert refused(api, invoice, only(invoice) | {"id": settled.id}) == {"/lines/0/id": "line_on_no_invoice"}


def test_what_credit_left_of_units_is_taken_back_for_good(api: Api, ann: str) -> None:
    Mint(api.run).worth("0.5")
    api.run.subscribe(ann, units(), start="2024-01-01")
    api.run.used(ann, "2024-01-01", "8")
    api.run.now = AFTER_FEBRUARY
    api.run.all(AFTER_JANUARY)
    [issued] = api.run.invoices()
    api.ok("POST", f"{INVOICES}/{issued.id}/void", PENDING)
    [again] = [line for line in api.run.pending() if line.overage is not None]
    # four credits at half a dollar
    assert gathered(api)["totals"]["total"] == str(issued.totals.total) == "2.00"
    taken_back(api)
    api.run.all(AFTER_FEBRUARY)
    assert again.id not in {line.id for one in api.run.invoices() for line in one.lines}
    assert not [line for line in api.run.pending() if line.overage is not None]
    audited(api.run)
    assert kinds(api.run) == []


def test_what_credit_left_of_units_nobody_gave_a_worth_is_shown_without_amounts_and_taken_back(
    api: Api, ann: str
) -> None:
    mint = Mint(api.run)
    mint.worth("0.5")
    api.run.subscribe(ann, units(), start="2024-01-01")
    api.run.used(ann, "2024-01-01", "8")
    api.run.now = AFTER_FEBRUARY
    api.run.all(AFTER_JANUARY)
    [issued] = api.run.invoices()
    api.ok("POST", f"{INVOICES}/{issued.id}/void", PENDING)
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute(
            "UPDATE invoice_lines SET rate_card = jsonb_set(rate_card, '{price}', 'null')"
            " WHERE namespace = %(namespace)s AND is_pending AND overage IS NOT NULL"
        )
        transaction.commit()
    invoice = gathered(api)
    [line] = [one for one in invoice["lines"] if one["rateCard"]["price"] is None]
    assert (line["totals"]["total"], put(api, invoice)["lines"]) == ("0", invoice["lines"])
    taken_back(api)


def test_a_fee_that_is_taken_back_is_given_back_to_nobody(api: Api, ann: str) -> None:
    agreed = api.run.subscribe(ann, fee(amount="30"), start="2024-02-01")
    api.run.sync(MID_FEBRUARY)
    taken_back(api)
    api.run.change(replace(agreed, active_to=at("2024-02-16"), updated_at=api.run.now))
    api.run.all(MID_FEBRUARY)
    api.run.all(at("2024-02-15T12:00:00Z"))
    assert (totals(api.run), api.run.rows("SELECT * FROM credit_notes")) == ([], [])
