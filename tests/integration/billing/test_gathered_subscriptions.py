"""Pending lines that are not by hand, on gathering invoices that are edited: they stay as they are."""

from collections.abc import Callable
from typing import Any

import pytest

from meterhouse.catalog.plan import SettlementMode
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import INVOICES, Api, problem_fields
from tests.integration.billing.late import billed_january, known_late
from tests.integration.billing.parts import TENTH, bill
from tests.integration.billing.purse import Purse
from tests.integration.billing.test_custom_currencies import Mint, units
from tests.integration.billing.test_edits import LINE, chosen, edit_of, put
from tests.integration.billing.test_manual_lines import FLAT, body, usage
from tests.integration.billing.test_manual_lines import fee as by_hand
from tests.integration.billing.test_manual_lines import lines_of as pending_lines_of
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered, tiers
from tests.unit.subscriptions.samples import at

MID_FEBRUARY = at("2024-02-15")


@pytest.fixture
def ann(api: Api) -> str:
    api.run.app = FakeApp()
    api.run.now = MID_FEBRUARY
    return api.run.customer("ann")


def of_a_subscription(api: Api, customer: str, _purse: Purse) -> None:
    api.run.subscribe(customer, metered(), start="2024-02-01")
    api.run.sync(MID_FEBRUARY)


def a_rest(api: Api, customer: str, _purse: Purse) -> None:
    api.run.subscribe(customer, metered(price=tiers()))
    bill(api, customer, TENTH, "8")


def a_rest_by_hand(api: Api, customer: str, _purse: Purse) -> None:
    api.ok("POST", pending_lines_of(customer), body(usage()))
    bill(api, customer, TENTH, "8")


def a_purchase(_api: Api, customer: str, purse: Purse) -> None:
    purse.buy(customer, 40, "0.5")


def an_overage(api: Api, customer: str, _purse: Purse) -> None:
    Mint(api.run).worth("0.5")
    api.run.subscribe(customer, units(), start="2024-01-01")
    api.run.used(customer, "2024-01-01", "8")
    api.run.now = AFTER_FEBRUARY
    api.run.all(AFTER_JANUARY)
    [issued] = api.run.invoices()
    api.ok("POST", f"{INVOICES}/{issued.id}/void", PENDING)


def gathered(api: Api) -> dict[str, Any]:
    [found] = api.ok("GET", INVOICES, query="statuses=gathering&expand=lines")["items"]
    shown: dict[str, Any] = found
    return shown


def refused(api: Api, invoice: dict[str, Any], *lines: dict[str, Any], **changes: object) -> dict[str, str]:
    stored = api.run.everything()
    status, answer = api("PUT", f"{INVOICES}/{invoice['id']}", edit_of(invoice, *lines, **changes))
    assert (status, api.run.everything()) == (400, stored), answer
    return problem_fields(answer)


@pytest.mark.parametrize("given", [of_a_subscription, a_rest, a_rest_by_hand, a_purchase, an_overage])
def test_what_is_not_by_hand_is_neither_changed_nor_taken_back(
    api: Api, ann: str, purse: Purse, given: Callable[[Api, str, Purse], None]
) -> None:
    given(api, ann, purse)
    invoice = gathered(api)
    shown = [chosen(line, LINE) for line in invoice["lines"]]
    assert refused(api, invoice, lines=[]) == {"/lines": "line_not_by_hand"}
    renamed = [shown[0] | {"name": "Mine"}, *shown[1:]]
    assert refused(api, invoice, *renamed)["/lines/0"] == "line_not_by_hand"
    assert put(api, invoice, *shown)["lines"] == invoice["lines"]


def test_beside_what_stays_lines_by_hand_are_changed_added_and_taken_back(api: Api, ann: str, purse: Purse) -> None:
    of_a_subscription(api, ann, purse)
    api.ok("POST", pending_lines_of(ann), body(by_hand(name="Dear"), by_hand(name="Gone")))
    invoice = gathered(api)
    lines = {line["name"]: chosen(line, LINE) for line in invoice["lines"]}
    price = FLAT | {"amount": "25"}
    cheaper = lines.pop("Dear") | {"rateCard": {"price": price}, "price": price}
    assert lines.pop("Gone")
    [stays] = lines.values()
    changed = put(api, invoice, cheaper, stays, by_hand(name="New"))
    assert sorted(line["name"] for line in changed["lines"]) == sorted(["Dear", "New", stays["name"]])
    api.run.used(ann, "2024-02-01", "8")
    api.run.now = AFTER_FEBRUARY
    api.run.all(AFTER_FEBRUARY)
    totals = sorted(str(line.totals.total) for one in api.run.invoices() for line in one.lines)
    assert totals == ["25.00", "4.00", "40.00"]


def test_late_usage_stays(run: Run, api: Api) -> None:
    customer = billed_january(run)
    run.now = AFTER_FEBRUARY
    known_late(run, customer, "10")
    run.sync(AFTER_FEBRUARY)
    run.all(at("2024-02-20"))
    [late] = [line for line in run.pending() if "/late" in line.key]
    invoice = gathered(api)
    kept = [chosen(line, LINE) for line in invoice["lines"] if line["id"] != late.id]
    assert refused(api, invoice, *kept) == {"/lines": "line_not_by_hand"}


def test_a_line_that_a_run_added_meanwhile_is_not_taken_back_unseen(api: Api, ann: str, purse: Purse) -> None:
    before = api.ok("POST", pending_lines_of(ann), body(by_hand()))["invoice"]
    of_a_subscription(api, ann, purse)
    assert refused(api, before, *[chosen(line, LINE) for line in before["lines"]]) == {"/lines": "line_not_by_hand"}


def test_what_credit_alone_settles_is_on_no_invoice_to_edit(api: Api, ann: str) -> None:
    api.run.subscribe(ann, metered(), start="2024-02-01", settlement=SettlementMode.CREDIT_ONLY)
    invoice = api.ok("POST", pending_lines_of(ann), body(usage(invoiceAt="2024-07-01T00:00:00Z")))["invoice"]
    api.run.sync(MID_FEBRUARY)
    [settled] = [line for line in api.run.pending() if not line.is_invoiced]
    [line] = invoice["lines"]
    assert refused(api, invoice, chosen(line, LINE) | {"id": settled.id}) == {"/lines/0/id": "line_on_no_invoice"}


def test_what_credit_left_of_units_is_shown_with_all_of_them(api: Api, ann: str, purse: Purse) -> None:
    an_overage(api, ann, purse)
    [issued] = api.run.invoices()
    # four credits at half a dollar
    assert gathered(api)["totals"]["total"] == str(issued.totals.total) == "2.00"


def test_what_credit_left_of_units_nobody_gave_a_worth_is_shown_without_amounts(
    api: Api, ann: str, purse: Purse
) -> None:
    an_overage(api, ann, purse)
    with api.run.database.transaction(api.run.namespace) as transaction:
        transaction.execute(
            "UPDATE invoice_lines SET rate_card = jsonb_set(rate_card, '{price}', 'null')"
            " WHERE namespace = %(namespace)s AND is_pending AND overage IS NOT NULL"
        )
        transaction.commit()
    invoice = gathered(api)
    [line] = [one for one in invoice["lines"] if one["rateCard"]["price"] is None]
    assert (line["totals"]["total"], put(api, invoice)["lines"]) == ("0", invoice["lines"])
