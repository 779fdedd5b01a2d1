"""Lines of subscriptions that were edited on a draft and wait again: no time is paid for twice, and none given away."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.profile import EndProration
from meterhouse.catalog.price import UnitPrice
from meterhouse.subscriptions.patch import AddItem
from tests.integration.billing.audited import audited, kinds
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.test_edits import LINE, chosen, put
from tests.integration.billing.test_edits_after_the_invoice import NEXT, SECOND, edit, given_back, invoiced
from tests.integration.billing.test_fees_in_units import said
from tests.integration.billing.test_manual_lines import FLAT
from tests.integration.billing.test_voids import PENDING
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at, fee

FIRST = at("2024-04-01T02:00:00Z")


def drafted(api: Api) -> dict[str, Any]:
    [draft] = api.ok("GET", INVOICES, query="statuses=draft&expand=lines")["items"]
    shown: dict[str, Any] = draft
    return shown


def priced(line: dict[str, Any], amount: str) -> dict[str, Any]:
    price = line["rateCard"]["price"] | {"amount": amount}
    return chosen(line, LINE) | {"rateCard": line["rateCard"] | {"price": price}, "price": price}


def approved(api: Api, invoice: dict[str, Any]) -> None:
    api.ok("POST", f"{INVOICES}/{invoice['id']}/approve")


def standing(run: Run) -> list[tuple[str, str, Decimal]]:
    """From when until when what is invoiced and stands charges how much."""
    lines = [
        line
        for invoice in run.invoices()
        if invoice.voided_at is None and invoice.deleted_at is None
        for line in invoice.lines
    ]
    periods = [(f"{line.service_period.start:%m-%d}", f"{line.service_period.end:%m-%d}") for line in lines]
    return sorted((*period, line.totals.total) for period, line in zip(periods, lines, strict=True))


@pytest.mark.parametrize(
    ("moved", "rest"),
    [
        ({}, ("05-01", "07-01", Decimal(50))),
        ({"from": "2024-05-15T00:00:00Z"}, ("05-15", "07-01", Decimal(50))),
        ({"to": "2024-06-15T00:00:00Z"}, ("05-01", "06-15", Decimal(50))),
    ],
)
def test_a_first_part_that_is_billed_again_charges_for_nothing_of_a_rest_that_was_priced_by_hand(
    api: Api, run: Run, moved: dict[str, str], rest: tuple[str, str, Decimal]
) -> None:
    run.app, run.now = FakeApp(), FIRST
    api.without_auto_advance()
    quarter = run.subscribe(run.customer("ann"), fee(amount="91", cadence="P3M"), start="2024-04-01")
    run.change(replace(quarter, active_to=at("2024-05-01"), updated_at=run.now))
    run.all(run.now)
    april = drafted(api)
    approved(api, april)
    run.change(quarter)
    run.all(run.now)
    draft = drafted(api)
    [line] = draft["lines"]
    approved(api, put(api, draft, priced(line, "50") | {"period": line["period"] | moved}))
    assert standing(run) == [("04-01", "05-01", Decimal(30)), rest]
    api.ok("POST", f"{INVOICES}/{april['id']}/void", PENDING)
    for _ in range(2):
        run.now = at("2024-04-02T02:00:00Z")
        run.all(run.now)
        assert standing(run) == [("04-01", "05-01", Decimal(30)), rest]
    audited(run)
    assert kinds(run) == []


def test_a_renamed_difference_that_waits_again_gives_nothing_back_of_what_it_is_the_difference_to(
    api: Api, run: Run
) -> None:
    before = invoiced(run)
    api.without_auto_advance()
    run.app, run.now = FakeApp(), SECOND
    edit(run, before, AddItem("default", fee(amount="50")))
    run.all(SECOND)
    draft = drafted(api)
    [line] = draft["lines"]
    put(api, draft, chosen(line, LINE) | {"name": "Upgrade"})
    approved(api, draft)
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", PENDING)
    for when in (SECOND, SECOND, NEXT):
        run.now = when
        run.sync(when)
        assert given_back(run) == []
        run.all(when)
        assert given_back(run) == []
    assert standing(run) == [
        ("04-01", "05-01", Decimal(30)),
        ("04-16", "05-01", Decimal(10)),
        ("05-01", "06-01", Decimal(50)),
    ]
    assert "Upgrade" in [line.name for invoice in run.invoices() for line in invoice.lines]
    audited(run)
    assert kinds(run) == []


def repriced(api: Api, draft: dict[str, Any]) -> None:
    [line] = draft["lines"]
    approved(api, put(api, draft, priced(line, "15")))


def taken_off(api: Api, draft: dict[str, Any]) -> None:
    other = {name: draft["lines"][0][name] for name in ("period", "invoiceAt", "rateCard")}
    approved(api, put(api, draft, other | {"name": "Instead"}))


def deleted(api: Api, draft: dict[str, Any]) -> None:
    api.ok("DELETE", f"{INVOICES}/{draft['id']}")


def discarded(api: Api, draft: dict[str, Any]) -> None:
    approved(api, draft)
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", DISCARD)


@pytest.mark.parametrize("give_up", [repriced, taken_off, deleted, discarded])
def test_a_difference_that_is_priced_by_hand_or_given_up_gives_nothing_back_of_what_it_is_the_difference_to(
    api: Api, run: Run, give_up: Callable[[Api, dict[str, Any]], None]
) -> None:
    before = invoiced(run)
    api.without_auto_advance()
    run.app, run.now = FakeApp(), SECOND
    edit(run, before, AddItem("default", fee(amount="50")))
    run.all(SECOND)
    give_up(api, drafted(api))
    for when in (SECOND, SECOND, NEXT):
        run.now = when
        run.all(when)
        assert given_back(run) == []
    audited(run)
    assert kinds(run) == []


@pytest.mark.parametrize(
    ("end", "charged"), [("04-25", ("04-20", "04-25", "13.64")), ("04-10", ("04-01", "04-10", "9"))]
)
def test_a_line_that_was_moved_by_hand_and_waits_again_charges_for_nothing_after_its_subscription_ended(
    api: Api, run: Run, end: str, charged: tuple[str, str, str]
) -> None:
    api.without_auto_advance()
    run.app, run.now = FakeApp(), FIRST
    agreed = run.subscribe(run.customer("ann"), fee(amount="30"), start="2024-04-01")
    run.all(run.now)
    draft = drafted(api)
    [line] = draft["lines"]
    moved = {"period": line["period"] | {"from": "2024-04-20T00:00:00Z"}}
    approved(api, put(api, draft, chosen(line, LINE) | moved))
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", PENDING)
    run.change(replace(agreed, active_to=at(f"2024-{end}"), updated_at=run.now))
    for _ in range(2):
        run.now = at("2024-04-26")
        run.all(run.now)
        assert standing(run) == [(*charged[:2], Decimal(charged[2]))]


def test_a_line_that_was_moved_behind_its_period_by_hand_and_waits_again_is_charged_as_it_was_written(
    api: Api, run: Run
) -> None:
    api.without_auto_advance()
    run.app, run.now = FakeApp(), FIRST
    run.subscribe(run.customer("ann"), fee(amount="30"), start="2024-04-01")
    run.all(run.now)
    draft = drafted(api)
    [line] = draft["lines"]
    moved = {"period": {"from": "2024-05-01T00:00:00Z", "to": "2024-05-11T00:00:00Z"}}
    approved(api, put(api, draft, priced(line, "5") | moved))
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", PENDING)
    for _ in range(2):
        run.now = at("2024-04-26")
        run.all(run.now)
        assert standing(run) == [("05-01", "05-11", Decimal(5))]


@pytest.mark.parametrize("moved", [{}, {"from": "2024-04-10T00:00:00Z"}])
def test_what_a_difference_that_was_priced_by_hand_rests_on_is_not_billed_again_before_it_is_voided(
    api: Api, run: Run, moved: dict[str, str]
) -> None:
    run.app = FakeApp()
    before = invoiced(run)
    api.without_auto_advance()
    run.now = SECOND
    edit(run, before, AddItem("default", fee(amount="50")))
    run.all(SECOND)
    draft = drafted(api)
    [line] = draft["lines"]
    approved(api, put(api, draft, priced(line, "15") | {"period": line["period"] | moved}))
    [first] = [one.id for one in run.invoices() if one.id != draft["id"]]
    status, answer = api("POST", f"{INVOICES}/{first}/void", PENDING)
    assert (status, answer["code"]) == (409, "difference_charged")
    api.ok("POST", f"{INVOICES}/{draft['id']}/void", DISCARD)
    api.ok("POST", f"{INVOICES}/{first}/void", PENDING)
    run.all(SECOND)
    assert standing(run) == [("04-01", "04-16", Decimal(15))]


@pytest.mark.parametrize("is_voided", [False, True])
@pytest.mark.parametrize(
    ("end_proration", "canceled", "moved", "charged"),
    [
        (EndProration.BILL_ACTUAL_PERIOD, True, {}, [("04-01", "05-01", "25"), ("05-01", "07-01", "61")]),
        (
            EndProration.BILL_ACTUAL_PERIOD,
            True,
            {"to": "2024-04-20T00:00:00Z"},
            [("04-01", "04-20", "25"), ("05-01", "07-01", "61")],
        ),
        (EndProration.BILL_ACTUAL_PERIOD, False, {"to": "2024-06-15T00:00:00Z"}, [("04-01", "06-15", "25")]),
        (EndProration.BILL_FULL_PERIOD, True, {}, [("04-01", "05-01", "25")]),
    ],
)
def test_after_a_part_that_was_priced_by_hand_its_rest_is_billed_once_its_subscription_goes_on(
    api: Api,
    run: Run,
    end_proration: EndProration,
    moved: dict[str, str],
    charged: list[tuple[str, str, str]],
    *,
    canceled: bool,
    is_voided: bool,
) -> None:
    api.without_auto_advance()
    said(run, end_proration)
    run.app, run.now = FakeApp(), FIRST
    quarter = run.subscribe(run.customer("ann"), fee(amount="91", cadence="P3M"), start="2024-04-01")
    if canceled:
        run.change(replace(quarter, active_to=at("2024-05-01"), updated_at=run.now))
    run.all(run.now)
    draft = drafted(api)
    [line] = draft["lines"]
    for amount in ("26", "25"):
        [line] = put(api, draft, priced(line, amount) | {"period": line["period"] | moved})["lines"]
    approved(api, draft)
    run.change(quarter)
    if is_voided:
        api.ok("POST", f"{INVOICES}/{draft['id']}/void", PENDING)
    for _ in range(2):
        run.now = at("2024-04-02T02:00:00Z")
        run.all(run.now)
        assert standing(run) == [(start, end, Decimal(amount)) for start, end, amount in charged]
    audited(run)
    assert kinds(run) == []


def test_usage_that_was_made_a_fee_by_hand_is_charged_once_however_often_it_was_edited(api: Api, run: Run) -> None:
    api.without_auto_advance()
    ann = run.customer("ann")
    run.subscribe(ann, metered(price=UnitPrice(Decimal(1))))
    run.used(ann, "2024-01-01", "80")
    run.all()
    draft = drafted(api)
    [line] = draft["lines"]
    flat = chosen(line, LINE) | {"rateCard": line["rateCard"] | {"price": FLAT}, "price": FLAT}
    for end in ("2024-01-20T00:00:00Z", "2024-01-10T00:00:00Z"):
        put(api, draft, flat | {"period": line["period"] | {"to": end}})
    approved(api, draft)
    for run.now in (AFTER_JANUARY, AFTER_FEBRUARY):
        run.all(run.now)
    charged = [line for invoice in run.invoices() for line in invoice.lines if line.totals.charged]
    assert [(line.service_period.end, line.totals.charged) for line in charged] == [(at("2024-01-10"), Decimal(40))]
    audited(run)
    assert kinds(run) == []


def test_a_fee_of_which_nobody_kept_what_was_agreed_stands_for_all_of_it_however_often_it_was_edited(
    api: Api, run: Run
) -> None:
    run.app, run.now = FakeApp(), FIRST
    api.without_auto_advance()
    run.subscribe(run.customer("ann"), fee(amount="91", cadence="P3M"), start="2024-04-01")
    run.all(run.now)
    draft = drafted(api)
    for end in ("2024-05-01T00:00:00Z", "2024-05-10T00:00:00Z"):
        [line] = drafted(api)["lines"]
        put(api, draft, priced(line, "50") | {"period": line["period"] | {"to": end}})
        with run.database.transaction(run.namespace) as transaction:
            # as it was edited before migration 0880
            transaction.execute(
                "UPDATE invoice_lines SET agreed_end = NULL"
                " WHERE namespace = %(namespace)s AND service_end < '2024-05-10'"
            )
            transaction.commit()
    approved(api, draft)
    for _ in range(2):
        run.now = at("2024-04-02T02:00:00Z")
        run.all(run.now)
        assert standing(run) == [("04-01", "05-10", Decimal(50))]
