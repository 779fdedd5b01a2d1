"""Conventions of rating as a profile's setting, on the real database."""

from decimal import Decimal
from typing import Any

import pytest

from meterhouse.billing.invoice import Line
from meterhouse.rating.rerun import reproduces
from meterhouse.rating.trace import is_genuine
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run
from tests.integration.billing.given import PROFILES, Api, problem_fields
from tests.unit.billing.samples import metered


def of_usage(run: Run, start: str) -> Line:
    [line] = [
        line
        for invoice in run.invoices()
        for line in invoice.lines
        if line.rate_card.is_metered and line.service_period.start.isoformat().startswith(start)
    ]
    return line


def settle(api: Api, **conventions: str) -> dict[str, Any]:
    workflow = {"invoicing": {"conventions": conventions}} if conventions else {}
    [default] = [one for one in api.ok("GET", PROFILES)["items"] if one["default"]]
    kept = {name: default[name] for name in ("name", "supplier")}
    made: dict[str, Any] = api.ok("PUT", f"{PROFILES}/{default['id']}", kept | {"default": True, "workflow": workflow})
    return made


def test_what_a_profile_settles_holds_for_invoices_made_from_then_on_and_stands_in_their_traces(
    run: Run, api: Api
) -> None:
    assert "conventions" not in api.ok("GET", PROFILES)["items"][0]["workflow"]["invoicing"]
    settled = settle(api, fractions="rounded_up")["workflow"]["invoicing"]["conventions"]
    assert (settled["fractions"], settled["roundingPoint"]) == ("rounded_up", "detailed_line")
    ann = run.customer("ann")
    run.subscribe(ann, metered())
    for month in ("01", "02"):
        run.used(ann, f"2024-{month}-01", "2.5")
    run.all()
    january = of_usage(run, "2024-01")

    assert january.totals.amount == 3 * of_price(january)
    assert january.trace is not None
    assert dict(january.trace)["inputs"]["conventions"]["fractions"] == "rounded_up"  # type: ignore[index] # a document

    assert "conventions" not in settle(api)["workflow"]["invoicing"]
    run.all(AFTER_FEBRUARY)
    assert of_usage(run, "2024-01") == january
    assert of_usage(run, "2024-02").totals.amount == Decimal("2.5") * of_price(january)
    assert is_genuine(january.trace)
    assert reproduces(january.trace)


def of_price(line: Line) -> Decimal:
    return line.detailed[0].per_unit_amount


@pytest.mark.parametrize(
    ("conventions", "pointer"),
    [({"fractions": "halved"}, "fractions"), ({"firstTier": "always"}, "firstTier")],
)
def test_a_convention_that_nobody_has_is_refused_at_its_place(
    api: Api, conventions: dict[str, str], pointer: str
) -> None:
    made = api.profile(workflow={"invoicing": {"conventions": conventions}})
    status, problem = api("POST", PROFILES, made)
    assert (status, list(problem_fields(problem))) == (400, [f"/workflow/invoicing/conventions/{pointer}"])
