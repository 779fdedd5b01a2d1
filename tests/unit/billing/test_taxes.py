from collections.abc import Collection, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meterhouse.billing.app import LineTax
from meterhouse.billing.drive import Driven, drive
from meterhouse.billing.invariants import issues_of
from meterhouse.billing.invoice import Invoice, Line
from meterhouse.billing.profile import Workflow
from meterhouse.billing.tax_codes import coded
from meterhouse.billing.taxes import tax_config_of, tax_faults, tax_issues, taxable, taxed
from meterhouse.catalog.price import UnitPrice
from meterhouse.catalog.tax_code import AppMapping, AppType, DefaultTaxCodes, TaxCode, TaxCodeSpec
from meterhouse.rating.line import totals_of
from tests.unit.billing.samples import FakeApp, metered, profile_with, rated_draft, tiers
from tests.unit.subscriptions.samples import at, fee

AS_OF = at("2024-02-01T02:00:00Z")


def tax(inclusive: object = 0, exclusive: object = 0) -> LineTax:
    return LineTax(Decimal(str(inclusive)), Decimal(str(exclusive)))


def drafted(**workflow: object) -> Invoice:
    """A fee of one detailed line, and usage of three: 5 + 10 x 1 + 2 x 0.333, that is 15.67."""
    return rated_draft(fee(), metered(price=tiers()), profile=profile_with(**workflow)).invoice


def usage_of(invoice: Invoice) -> Line:
    [line] = [line for line in invoice.lines if line.rate_card.is_metered]
    return line


def test_what_comes_on_top_is_in_the_total_and_what_is_held_already_is_not() -> None:
    invoice = drafted()
    line = usage_of(invoice)
    assert line.totals.total == Decimal("15.67")

    told = taxed(invoice, {line.id: tax("2.50", "1.57")})

    assert usage_of(told).totals.total == Decimal("17.24")
    assert told.totals.total == invoice.totals.total + Decimal("1.57")
    assert (told.totals.taxes_inclusive_total, told.totals.taxes_total) == (Decimal("2.50"), Decimal("4.07"))
    assert issues_of(told) == ()


def test_taxes_are_shared_by_largest_remainder_and_sum_to_what_was_told() -> None:
    invoice = drafted()
    line = usage_of(taxed(invoice, {usage_of(invoice).id: tax(exclusive="1.57")}))
    assert [part.taxes_exclusive for part in line.detailed] == [Decimal("1.00"), Decimal("0.50"), Decimal("0.07")]


def test_no_amount_has_too_many_digits_to_tell_that_its_tax_is_a_cent_too_much() -> None:
    invoice = rated_draft(metered(price=UnitPrice(Decimal("1e14"))), quantity="1e15").invoice
    line, base = usage_of(invoice), Decimal(f"{10**29}.00")
    assert list(tax_faults(invoice, {line.id: tax(base)})) == []
    assert [line_id for line_id, _ in tax_faults(invoice, {line.id: tax(f"{10**29}.01")})] == [line.id]


@given(credit=st.integers(0, 1567), inclusive=st.integers(0, 1567), exclusive=st.integers(0, 500))
def test_no_share_is_lost_whatever_credit_bears(credit: int, inclusive: int, exclusive: int) -> None:
    invoice = drafted()
    line, left, detailed = usage_of(invoice), Decimal(credit) / 100, []
    for part in line.detailed:
        borne = min(left, part.net)
        left -= borne
        detailed.append(part._replace(credits=borne))
    borne_line = replace(line, detailed=tuple(detailed), totals=totals_of(detailed))
    told = tax(Decimal(inclusive) / 100, Decimal(exclusive) / 100)

    known = taxed(replace(invoice, lines=(borne_line,)), {line.id: told})

    [after] = known.lines
    assert after.totals == totals_of(after.detailed) == known.totals
    assert (after.totals.taxes_inclusive_total, after.totals.taxes_exclusive_total) == (told.inclusive, told.exclusive)
    assert after.totals.total == taxable(borne_line) + told.exclusive


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        (tax(exclusive="0.001"), "USD has 2 digits after the point"),
        (tax(exclusive="NaN"), "USD has 2 digits after the point"),
        (tax(exclusive="-1"), "there is no tax of -1 on 15.67"),
        (tax(inclusive="15.68"), "15.67 cannot hold 15.68 of tax"),
    ],
)
def test_what_no_line_can_have_is_a_fault(told: LineTax, reason: str) -> None:
    invoice = drafted()
    line = usage_of(invoice)
    assert list(tax_faults(invoice, {line.id: told})) == [(line.id, reason)]


def test_taxes_of_strangers_and_of_profiles_without_taxes_are_faults() -> None:
    invoice = drafted(tax_enabled=False)
    line = usage_of(invoice)
    assert list(tax_faults(invoice, {line.id: tax(exclusive=1)})) == [(line.id, "the profile has no taxes")]
    assert list(tax_faults(invoice, {line.id: tax(), "x": tax()})) == [("x", "it is no line of the invoice")]


def test_an_invoice_whose_app_tells_impossible_taxes_fails_its_sync_and_keeps_what_it_had() -> None:
    invoice = drafted()
    failed = drive(Driven(invoice), FakeApp(taxes={usage_of(invoice).id: tax(exclusive="-1")}), AS_OF).invoice
    assert (failed.state.value, failed.issues[0].code) == ("draft.sync_failed", "tax_impossible")
    assert failed.totals == invoice.totals


def test_enforced_tax_that_nobody_worked_out_holds_the_invoice_up() -> None:
    invoice = drafted(tax_enforced=True)
    failed = drive(Driven(invoice), FakeApp(), AS_OF).invoice
    assert failed.state.value == "draft.sync_failed"
    assert [(issue.severity.value, issue.code, issue.field) for issue in failed.issues] == [
        ("critical", "tax_not_determined", f"/lines/{number}") for number in range(len(invoice.lines))
    ]

    app = FakeApp(taxes={line.id: tax() for line in invoice.lines})
    assert drive(Driven(invoice), app, AS_OF).invoice.state.value == "payment_processing.pending"


def test_an_app_that_leaves_a_line_out_is_worth_a_warning_and_one_without_taxes_is_not() -> None:
    invoice = drafted()
    partly = drive(Driven(invoice), FakeApp(taxes={usage_of(invoice).id: tax(exclusive=1)}), AS_OF).invoice
    assert partly.state.value == "payment_processing.pending"
    assert {(issue.severity.value, issue.code) for issue in partly.issues} == {("warning", "tax_not_determined")}
    assert len(partly.issues) == len(invoice.lines) - 1
    assert drive(Driven(invoice), FakeApp(), AS_OF).invoice.issues == ()
    assert tax_issues(drafted(tax_enabled=False, tax_enforced=True)) == ()


def test_a_line_rated_again_has_no_taxes_until_they_are_told_again() -> None:
    invoice = drafted()
    [told] = [line for line in taxed(invoice, {usage_of(invoice).id: tax(exclusive=1)}).lines if line.is_taxed]
    again = usage_of(drafted())
    assert (told.id, again.is_taxed, again.totals.taxes_total) == (again.id, False, Decimal(0))


@pytest.mark.parametrize(
    ("own", "default", "effective"),
    [
        ({"behavior": "inclusive"}, {"behavior": "exclusive"}, {"behavior": "inclusive"}),
        (None, {"behavior": "exclusive"}, {"behavior": "exclusive"}),
        ({"taxCodeId": "c"}, {"behavior": "exclusive"}, {"behavior": "exclusive", "taxCodeId": "c"}),
        (None, None, {}),
        ({"behavior": None, "taxCodeId": None}, {"behavior": "exclusive"}, {"behavior": "exclusive"}),
        (
            {"taxCodeId": "c"},
            {"taxCodeId": "d", "stripe": {"code": "txcd_00000000"}, "behavior": "inclusive"},
            {"taxCodeId": "c", "behavior": "inclusive"},
        ),
    ],
)
def test_a_lines_settings_come_before_the_profiles(own: Any, default: Any, effective: Any) -> None:
    line = usage_of(drafted())
    line = replace(line, rate_card=replace(line.rate_card, tax_config=own))
    assert tax_config_of(line, Workflow(default_tax_config=default)) == effective


class Codes:
    """`meterhouse.billing.ports.TaxCodes` of two codes, both of them defaults."""

    def by_ids(self, code_ids: Collection[str]) -> Mapping[str, TaxCode]:
        codes = (TaxCode(id_, id_, TaxCodeSpec(id_, (AppMapping(AppType.STRIPE, id_),)), AS_OF, AS_OF) for id_ in "ig")
        return {code.id: code for code in codes if code.id in code_ids}

    def defaults(self) -> DefaultTaxCodes:
        return DefaultTaxCodes("i", "g", AS_OF, AS_OF)


def test_what_names_no_code_has_the_default_of_its_kind_and_what_names_one_in_any_way_keeps_it() -> None:
    plain, stripe, granting = drafted().lines[:3]
    card = replace(stripe.rate_card, tax_config={"stripe": {"code": "own"}})
    lines = (plain, replace(stripe, rate_card=card), replace(granting, grant_id="grant"))
    given = replace(drafted(), lines=lines)

    after = coded([given], Codes())[given.id]

    assert after.workflow.default_tax_config == {"taxCodeId": "i", "stripe": {"code": "i"}}
    assert [line.rate_card.tax_config for line in after.lines] == [
        None,
        {"stripe": {"code": "own"}},
        {"taxCodeId": "g", "stripe": {"code": "g"}},
    ]
    kept = profile_with(default_tax_config={"customInvoicing": {"code": "own"}}).spec.workflow
    assert coded([replace(given, workflow=kept)], Codes())[given.id].workflow == kept
