"""Prepaid credit through the deployed house, in plain HTTP: this SDK has no word for it."""

import json
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.request import Request, urlopen

from meterhouse.platform import clock

Sdk = Any
Eventually = Callable[[Callable[[], object], object], None]
GIFT = {"name": "Welcome", "funding_method": "none", "currency": "USD", "amount": "20"}


def test_credit_is_granted_taken_voided_expires_by_the_workflow_and_bears_an_invoice(
    sdk: Sdk, stack: dict[str, str], cloud: Callable[[str], Any], eventually: Eventually
) -> None:
    customer = sdk.customers.create({"name": "Prepaid", "key": "prepaid"}).id

    def call(method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {stack['METERHOUSE_API_KEY']}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        below = path if path.startswith("/") else f"/customers/{customer}/credits/{path}"
        url = stack["METERHOUSE_URL"] + (below if below.startswith("/api/") else f"/api/v3/openmeter{below}")
        with urlopen(Request(url, data, headers, method=method)) as answer:  # noqa: S310 - of the stack
            return json.load(answer)

    def balances() -> dict[str, str]:
        [balance] = call("GET", "balance?filter%5Bcurrency%5D=USD")["balances"]
        told: dict[str, str] = balance
        return told

    def settled() -> str:
        return balances()["settled"]

    bought = GIFT | {"funding_method": "external", "purchase": {"currency": "USD", "per_unit_cost_basis": "0.5"}}
    paid = call("POST", "grants", bought | {"key": "order"})
    call("POST", f"grants/{paid['id']}/settlement/external", {"status": "settled"})
    voided = call("POST", "grants", GIFT)
    assert call("POST", f"grants/{voided['id']}/void", {})["status"] == "voided"
    short = call("POST", "grants", GIFT | {"expires_after": "PT20S"})
    assert call("POST", "adjustments", {"name": "Mistake", "currency": "USD", "amount": "-5"}) == {"name": "Mistake"}
    assert settled() in {"35", "20"}

    eventually(settled, "20")
    assert outcome_of(cloud("stepfunctions"), "credit_expiry")["failed"] is False
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
    assert outcome_of(cloud("stepfunctions"), "credit_expiry")["outcomes"] == []
    assert call("GET", "transactions?page%5Bsize%5D=10")["data"][0]["created_at"] != listed[0]["booked_at"]

    now = clock.now()
    period = {"from": now.isoformat(), "to": (now + timedelta(days=30)).isoformat()}
    price = {"type": "flat", "amount": "32", "paymentTerm": "in_advance"}
    line = {"name": "Seats", "period": period, "invoiceAt": now.isoformat(), "price": price}
    billing = "/api/v1/billing"
    call("POST", f"{billing}/customers/{customer}/invoices/pending-lines", {"currency": "USD", "lines": [line]})
    assert balances()["live"] == "0"
    [invoice] = call("POST", f"{billing}/invoices/invoice", {"customerId": customer})
    totals = {name: float(invoice["totals"][name]) for name in ("amount", "creditsTotal", "taxesTotal", "total")}
    assert totals == {"amount": 32, "creditsTotal": 20, "taxesTotal": 0, "total": 12}
    assert (invoice["status"], settled()) == ("paid", "0")

    made = {"name": "Tokens", "code": "TOKENS", "precision": 0, "decimal_mark": ".", "thousand_separator": ","}
    currency = call("POST", "/currencies/custom", made)
    call("POST", f"/currencies/custom/{currency['id']}/cost-bases", {"fiat_code": "USD", "rate": "0.01"})
    overage_is_invoiced(call, customer, bought, now)
    # the nightly audit of all that the journeys made so far: it came to the end, and found nothing of this customer
    assert outcome_of(cloud("stepfunctions"), "book_audit")["audited"]["after"] is None
    found = call("GET", f"{billing}/audit-findings?pageSize=100")["items"]
    assert [one for one in found if one["customerId"] == customer] == []
    code = call("POST", "/tax-codes", {"key": "saas", "name": "Software", "app_mappings": []})
    defaults = {name: {"id": code["id"]} for name in ("invoicing_tax_code", "credit_grant_tax_code")}
    assert call("PUT", "/defaults/tax-codes", defaults).items() >= defaults.items()


def overage_is_invoiced(call: Callable[..., Any], customer: str, bought: dict[str, Any], now: datetime) -> None:
    """What credit in units leaves of what is priced in them is on an invoice, by what they are worth."""
    begun = (now - timedelta(days=40)).isoformat()
    units = bought | {"currency": "TOKENS", "amount": "1000", "purchase": {"currency": "USD"}, "effective_at": begun}
    assert call("POST", "grants", units)["purchase"]["amount"] == "10.00"
    price = {"type": "flat", "amount": "1500", "paymentTerm": "in_arrears"}
    card = {"type": "flat_fee", "key": "batch", "name": "Batch", "billingCadence": "P4W", "price": price}
    phase = {"key": "only", "name": "Only", "duration": None, "rateCards": [card | {"currency": "TOKENS"}]}
    plan = {"name": "Own", "currency": "USD", "billingCadence": "P4W", "phases": [phase]}
    agreed = {"customerId": customer, "customPlan": plan, "timing": begun, "costBasisMode": "pinned"}
    assert len(call("POST", "/api/v1/subscriptions", agreed)["costBasisPins"]) == 1
    [invoice] = call("POST", "/api/v1/billing/invoices/invoice", {"customerId": customer})
    assert (invoice["currency"], float(invoice["totals"]["total"]), invoice["status"]) == ("USD", 5, "paid")
    explained = call("GET", f"/api/v1/billing/invoices/{invoice['id']}/lines/{invoice['lines'][0]['id']}/explain")[
        "units"
    ]
    assert [explained[name] for name in ("charged", "credit", "units")] == ["1500", "1000", "500"]


def outcome_of(workflows: Any, name: str) -> dict[str, Any]:
    """One run of the deployed workflow."""
    [machine] = [
        one["stateMachineArn"]
        for one in workflows.list_state_machines()["stateMachines"]
        if one["name"] == f"meterhouse-{name}"
    ]
    arn = workflows.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    while (outcome := workflows.describe_execution(executionArn=arn))["status"] == "RUNNING":
        time.sleep(0.2)
    assert outcome["status"] == "SUCCEEDED", outcome
    told: dict[str, Any] = json.loads(outcome["output"])
    return told
