"""Taxes that apps tell, and what apps call tax codes, on the real database."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.app import Accepted, LineTax
from meterhouse.billing.confirm_sync import ConfirmSync
from meterhouse.catalog.postgres_tax_codes import PostgresTaxCodes
from meterhouse.catalog.tax_code import AppMapping, AppType, DefaultTaxCodes, TaxCode, TaxCodeSpec
from meterhouse.kernel.errors import InvalidInput
from meterhouse.platform.ids import new_id
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.given import INVOICES, PROFILES, UNKNOWN, Api, problem_fields
from tests.unit.billing.samples import NOW, FakeApp, metered
from tests.unit.subscriptions.samples import fee

EXCLUSIVE = LineTax(exclusive=Decimal("1.90"))


def tax_code(run: Run, *, is_default: bool = False) -> str:
    mappings = (AppMapping(AppType.STRIPE, "txcd_10103001"), AppMapping(AppType.EXTERNAL_INVOICING, "S-1"))
    code = TaxCode(new_id(), "default" if is_default else "saas", TaxCodeSpec("Software", mappings), NOW, NOW)
    with run.database.transaction(run.namespace) as transaction:
        codes = PostgresTaxCodes(transaction)
        codes.add(code)
        if is_default:
            codes.set_defaults(DefaultTaxCodes(code.id, code.id, NOW, NOW))
        transaction.commit()
    return code.id


def confirm(run: Run, invoice_id: str, taxes: Mapping[str, LineTax]) -> None:
    ConfirmSync(run.begin, run.apps, lambda: run.now).draft(run.namespace, invoice_id, Accepted(taxes=taxes))


def test_taxes_that_an_app_tells_are_on_lines_detailed_lines_and_invoice(run: Run, api: Api) -> None:
    run.app = FakeApp(waits={"sync", "finalize"})
    run.subscribe(run.customer("ann"), replace(fee(), tax_config={"behavior": "exclusive"}))
    run.all()
    [invoice] = run.invoices()
    net = invoice.totals.total

    with pytest.raises(InvalidInput, match="cannot be confirmed"):
        confirm(run, invoice.id, {invoice.lines[0].id: LineTax(exclusive=Decimal(-1))})
    confirm(run, invoice.id, {line.id: EXCLUSIVE for line in invoice.lines})

    shown = api.ok("GET", f"{INVOICES}/{invoice.id}")
    taxes = len(invoice.lines) * EXCLUSIVE.exclusive
    assert shown["statusDetails"]["extendedStatus"] == "issuing.syncing"
    assert Decimal(shown["totals"]["taxesExclusiveTotal"]) == Decimal(shown["totals"]["taxesTotal"]) == taxes
    assert Decimal(shown["totals"]["total"]) == net + taxes
    for line in shown["lines"]:
        assert line["taxes"] == [{"config": {"behavior": "exclusive"}, "behavior": "exclusive"}]
        assert [Decimal(part["totals"]["taxesTotal"]) for part in line["children"]] == [Decimal("1.9")]
    before = run.everything()
    run.all()
    assert run.everything() == before


def test_a_code_that_never_was_is_refused_on_lines_by_hand(run: Run, api: Api) -> None:
    path = f"/api/v1/billing/customers/{run.customer('ann')}/invoices/pending-lines"
    line = {
        "name": "Setup",
        "period": {"from": "2024-01-01T00:00:00Z", "to": "2024-02-01T00:00:00Z"},
        "invoiceAt": "2024-02-01T00:00:00Z",
        "rateCard": {"price": {"type": "flat", "amount": "10"}, "taxConfig": {"taxCodeId": UNKNOWN}},
    }
    status, problem = api("POST", path, {"currency": "USD", "lines": [line]})
    fault = {"/lines/0/rateCard/taxConfig/taxCodeId": "tax_code_not_found"}
    assert (status, problem_fields(problem)) == (400, fault)

    line["rateCard"] = {"price": {"type": "flat", "amount": "10"}, "taxConfig": {"taxCodeId": tax_code(run)}}
    assert api("POST", path, {"currency": "USD", "lines": [line]})[0] == 201


def test_a_profile_names_a_code_that_there_is(run: Run, api: Api) -> None:
    base = api.profile()

    def named(code_id: str) -> dict[str, Any]:
        return {"workflow": {"invoicing": {"defaultTaxConfig": {"taxCodeId": code_id}}}}

    status, problem = api("POST", PROFILES, base | named(UNKNOWN))
    fault = {"/workflow/invoicing/defaultTaxConfig/taxCodeId": "tax_code_not_found"}
    assert (status, problem_fields(problem)) == (400, fault)
    made = api.ok("POST", PROFILES, base | named(tax_code(run)))
    body = {name: base[name] for name in ("name", "supplier", "default")} | named(UNKNOWN)
    status, problem = api("PUT", f"{PROFILES}/{made['id']}", body)
    assert (status, problem_fields(problem)) == (400, fault)


def test_drafts_say_what_apps_call_the_codes_that_lines_name_and_later_changes_leave_them(run: Run) -> None:
    code_id, default_id = tax_code(run), tax_code(run, is_default=True)
    named = {"taxCodeId": code_id, "stripe": {"code": "txcd_99999999"}}
    cards = (replace(fee(), tax_config={"taxCodeId": code_id}), replace(metered(), tax_config=named))
    run.subscribe(run.customer("ann"), *cards)
    run.all()

    [invoice] = run.invoices()
    configs = {line.rate_card.key: line.rate_card.tax_config for line in invoice.lines}
    called = {"stripe": {"code": "txcd_10103001"}, "customInvoicing": {"code": "S-1"}}
    assert configs["fee"] == {"taxCodeId": code_id} | called
    assert configs["usage"] == named | {"customInvoicing": {"code": "S-1"}}
    assert invoice.workflow.default_tax_config == {"taxCodeId": default_id} | called

    with run.database.transaction(run.namespace) as transaction:
        codes = PostgresTaxCodes(transaction)
        codes.update(replace(codes.by_ids([code_id])[code_id], spec=TaxCodeSpec("Software")))
        transaction.commit()
    run.all(AFTER_FEBRUARY)
    assert [one.rate_card.tax_config for one in run.invoices()[0].lines if one.rate_card.key == "fee"] == [
        {"taxCodeId": code_id} | called
    ] * sum(line.rate_card.key == "fee" for line in invoice.lines)
