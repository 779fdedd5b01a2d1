"""Discounts, commitments and converted units on the lines of an invoice."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from meterhouse.billing.documents import detailed_from_documents, detailed_to_documents
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice
from meterhouse.billing.invoice_schema import InvoiceExpand
from meterhouse.billing.invoice_wire import invoice_to_wire
from meterhouse.billing.service import Shown
from meterhouse.catalog.discount import Discounts
from meterhouse.catalog.price import Commitments, FlatPrice, UnitPrice
from meterhouse.catalog.rate_card import RateCard
from meterhouse.catalog.unit_config import Operation, UnitConfig, UnitRounding
from tests.unit.billing.samples import metered, rated_draft
from tests.unit.subscriptions.samples import fee

THOUSANDS = UnitConfig(Operation.DIVIDE, Decimal(1000), UnitRounding.CEILING)
BOUNDED = replace(
    metered(price=UnitPrice(Decimal(10), Commitments(Decimal(20), Decimal(50)))),
    discounts=Discounts(Decimal(10), Decimal(2)),
    unit_config=THOUSANDS,
)


def invoice_of(card: RateCard, quantity: str) -> Invoice:
    return rated_draft(card, quantity=quantity).invoice


def line_of(card: RateCard, quantity: str) -> dict[str, Any]:
    invoice = replace(invoice_of(card, quantity), app_id="01HZ000000000000000000000A")
    shown = invoice_to_wire(Shown(invoice, {}), frozenset({InvoiceExpand.LINES}))
    [line, *_] = shown.model_dump(mode="json", by_alias=True)["lines"]
    return dict(line)


def test_a_line_shows_metered_and_charged_units_and_those_that_were_free() -> None:
    line = line_of(BOUNDED, "7400")

    assert (line["meteredQuantity"], line["quantity"]) == ("7400", "6")
    assert (line["meteredPreLinePeriodQuantity"], line["preLinePeriodQuantity"]) == ("0", "0")
    [free] = line["discounts"]["usage"]
    assert (free["quantity"], free["reason"]) == ("2", {"type": "ratecard_usage", "quantity": "2"})
    assert "preLinePeriodQuantity" not in free
    assert line["rateCard"]["discounts"] == {"percentage": {"percentage": 10}, "usage": {"quantity": "2"}}


def test_a_detailed_line_shows_what_was_taken_off_and_why() -> None:
    [usage] = line_of(BOUNDED, "7400")["children"]

    assert [(taken["reason"], taken["amount"]) for taken in usage["discounts"]["amount"]] == [
        ({"type": "ratecard_percentage", "percentage": 10}, "6.00"),
        ({"type": "maximum_spend"}, "4.00"),
    ]
    assert len({taken["id"] for taken in usage["discounts"]["amount"]}) == 2
    totals = {name: Decimal(usage["totals"][name]) for name in ("amount", "discountsTotal", "total")}
    assert totals == {"amount": 60, "discountsTotal": 10, "total": 50}


def test_a_minimum_is_a_detailed_line_of_its_own() -> None:
    [usage, minimum] = line_of(BOUNDED, "2500")["children"]

    assert (usage["category"], usage["totals"]["total"]) == ("regular", "9.00")
    assert (minimum["category"], minimum["name"], minimum["perUnitAmount"]) == (
        "commitment",
        "Usage: minimum spend",
        "11.00",
    )
    assert Decimal(minimum["totals"]["chargesTotal"]) == 11


def test_a_line_without_discounts_shows_none() -> None:
    line = line_of(metered(), "3")

    assert "discounts" not in line
    assert "discounts" not in line["children"][0]
    assert "discounts" not in line["rateCard"]


def test_a_fee_is_discounted_too() -> None:
    monthly = replace(fee(), price=FlatPrice(Decimal(20)), discounts=Discounts(percentage=Decimal(50)))

    line = line_of(monthly, "1")

    assert Decimal(line["totals"]["total"]) == 10
    assert "meteredQuantity" not in line


def test_discounted_lines_keep_the_invariants_and_come_back_as_they_were_stored() -> None:
    for quantity in ("0", "1000", "2500", "7400"):
        invoice = invoice_of(BOUNDED, quantity)

        assert issues_of(invoice) == ()
        for line in invoice.lines:
            assert detailed_from_documents(detailed_to_documents(line.detailed)) == line.detailed


def test_detailed_lines_stored_before_there_were_discounts_have_none() -> None:
    [line, *_] = invoice_of(metered(), "3").lines
    stored = detailed_to_documents(line.detailed)
    for document in stored:
        del document["discounts"], document["service_period"]

    assert detailed_from_documents(stored) == line.detailed


def test_the_trace_names_the_version_of_the_item_whose_price_was_charged() -> None:
    [line, *_] = invoice_of(metered(), "3").lines

    assert line.trace is not None
    inputs = line.trace["inputs"]
    assert isinstance(inputs, dict)
    assert inputs["price_version"] == line.key.partition("/period[")[0]
    assert inputs["price_version"].endswith("/v[0]")
