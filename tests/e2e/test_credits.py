"""Prepaid credit through the deployed house, in plain HTTP: this SDK has no word for it."""

import json
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
RunWorkflow = Callable[..., dict[str, Any]]
GIFT = {"name": "Welcome", "funding_method": "none", "currency": "USD", "amount": "20"}


def test_credit_is_granted_taken_voided_and_expires_by_the_workflow(
    sdk: Sdk, stack: dict[str, str], run_workflow: RunWorkflow, eventually: Eventually
) -> None:
    customer = sdk.customers.create({"name": "Prepaid", "key": "prepaid"}).id

    def call(method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {stack['METERHOUSE_API_KEY']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        whole = path if path.startswith("/") else f"/customers/{customer}/credits/{path}"
        url = f"{stack['METERHOUSE_URL']}/api/v3/openmeter{whole}"
        with urlopen(Request(url, data, headers, method=method)) as answer:  # noqa: S310 - of the stack
            return json.load(answer)

    def settled() -> str:
        [balance] = call("GET", "balance?filter%5Bcurrency%5D=USD")["balances"]
        told: str = balance["settled"]
        return told

    bought = GIFT | {"funding_method": "external", "purchase": {"currency": "USD", "per_unit_cost_basis": "0.5"}}
    paid = call("POST", "grants", bought | {"key": "order"})
    call("POST", f"grants/{paid['id']}/settlement/external", {"status": "settled"})
    short = call("POST", "grants", GIFT | {"expires_after": "PT5S"})
    voided = call("POST", "grants", GIFT)
    assert call("POST", f"grants/{voided['id']}/void", {})["status"] == "voided"
    assert call("POST", "adjustments", {"name": "Mistake", "currency": "USD", "amount": "-5"}) == {"name": "Mistake"}
    assert settled() in {"35", "20"}

    eventually(settled, "20")
    assert outcome_of_expiry(run_workflow)["failed"] is False
    assert call("GET", f"grants/{short['id']}")["status"] == "expired"
    listed = call("GET", "transactions?page%5Bsize%5D=10")["data"]
    assert sorted((one["type"], one["amount"]) for one in listed) == [
        ("expired", "-15"),
        ("funded", "20"),
        ("funded", "20"),
        ("funded", "20"),
        ("voided", "-20"),
        ("voided", "-5"),
    ]
    # the adjustment took what expires first
    assert listed[0]["available_balance"] == {"before": "35", "after": "20"}
    assert outcome_of_expiry(run_workflow)["outcomes"] == []
    assert call("GET", "transactions?page%5Bsize%5D=10")["data"][0]["created_at"] != listed[0]["booked_at"]

    made = {"name": "Tokens", "code": "TOKENS", "precision": 0, "decimal_mark": ".", "thousand_separator": ","}
    currency = call("POST", "/currencies/custom", made)
    call("POST", f"/currencies/custom/{currency['id']}/cost-bases", {"fiat_code": "USD", "rate": "0.01"})
    units = bought | {"currency": "TOKENS", "amount": "1000", "purchase": {"currency": "USD"}}
    assert call("POST", "grants", units)["purchase"]["amount"] == "10.00"
    code = call("POST", "/tax-codes", {"key": "saas", "name": "Software", "app_mappings": []})
    defaults = {name: {"id": code["id"]} for name in ("invoicing_tax_code", "credit_grant_tax_code")}
    assert call("PUT", "/defaults/tax-codes", defaults).items() >= defaults.items()


def outcome_of_expiry(run_workflow: RunWorkflow) -> dict[str, Any]:
    """One run of the deployed workflow."""
    outcome = run_workflow("credit_expiry")
    assert outcome["status"] == "SUCCEEDED", outcome
    told: dict[str, Any] = json.loads(outcome["output"])
    return told
