"""One request of Stripe's API: who asks, what for, and whether it was asked before."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Collection, Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from localstack.stripe import customers, invoices, lines, payments, refunds, sessions, webhooks
from localstack.stripe.account import API_VERSION, Account, Obj
from localstack.stripe.errors import Refusal
from localstack.stripe.form import read_form
from localstack.stripe.idempotency import Answer, Keys
from localstack.stripe.tax import customer_tax
from localstack.stripe.weather import Kind, Weather, after, before, broken

Operation = Callable[..., Obj]


def _get_account(account: Account, _form: Obj) -> Obj:
    return {
        "id": account.id,
        "object": "account",
        "country": "US",
        "default_currency": "usd",
        "charges_enabled": True,
        "details_submitted": True,
        "payouts_enabled": True,
        "type": "standard",
        "business_profile": {"name": "The double's account"},
        "settings": {"dashboard": {"display_name": "The double's account", "timezone": "Etc/UTC"}},
    }


ROUTES: Mapping[str, Operation] = {
    "GET /v1/account": _get_account,
    "POST /v1/customers": customers.create_customer,
    "GET /v1/customers": customers.list_customers,
    "GET /v1/customers/{}": customers.get_customer,
    "POST /v1/customers/{}": customers.update_customer,
    "DELETE /v1/customers/{}": customers.delete_customer,
    "GET /v1/customers/{}/payment_methods": customers.list_payment_methods,
    "POST /v1/payment_methods": customers.create_payment_method,
    "GET /v1/payment_methods/{}": customers.get_payment_method,
    "POST /v1/payment_methods/{}/attach": customers.attach_payment_method,
    "POST /v1/payment_methods/{}/detach": customers.detach_payment_method,
    "POST /v1/setup_intents": customers.create_setup_intent,
    "GET /v1/setup_intents/{}": customers.get_setup_intent,
    "POST /v1/setup_intents/{}/confirm": customers.confirm_setup_intent,
    "POST /v1/invoiceitems": lines.create_item,
    "GET /v1/invoiceitems/{}": lines.get_item,
    "POST /v1/invoiceitems/{}": lines.update_item,
    "DELETE /v1/invoiceitems/{}": lines.delete_item,
    "POST /v1/invoices": invoices.create_invoice,
    "GET /v1/invoices": invoices.list_invoices,
    "GET /v1/invoices/{}": invoices.get_invoice,
    "POST /v1/invoices/{}": invoices.update_invoice,
    "DELETE /v1/invoices/{}": invoices.delete_invoice,
    "GET /v1/invoices/{}/lines": lines.list_lines,
    "POST /v1/invoices/{}/add_lines": lines.add_lines,
    "POST /v1/invoices/{}/update_lines": lines.update_lines,
    "POST /v1/invoices/{}/remove_lines": lines.remove_lines,
    "POST /v1/invoices/{}/finalize": invoices.finalize_invoice,
    "POST /v1/invoices/{}/send": invoices.send_invoice,
    "POST /v1/invoices/{}/void": invoices.void_invoice,
    "POST /v1/invoices/{}/mark_uncollectible": invoices.mark_uncollectible,
    "POST /v1/invoices/{}/pay": payments.pay_invoice,
    "GET /v1/invoice_payments": payments.list_invoice_payments,
    "GET /v1/payment_intents/{}": payments.get_payment_intent,
    "POST /v1/refunds": refunds.create_refund,
    "GET /v1/refunds": refunds.list_refunds,
    "GET /v1/refunds/{}": refunds.get_refund,
    "POST /v1/credit_notes": refunds.create_credit_note,
    "GET /v1/credit_notes": refunds.list_credit_notes,
    "GET /v1/credit_notes/{}": refunds.get_credit_note,
    "POST /v1/checkout/sessions": sessions.create_checkout,
    "GET /v1/checkout/sessions/{}": sessions.get_checkout,
    "POST /v1/billing_portal/sessions": sessions.create_portal,
    "POST /v1/webhook_endpoints": webhooks.create_endpoint,
    "GET /v1/webhook_endpoints": webhooks.list_endpoints,
    "GET /v1/webhook_endpoints/{}": webhooks.get_endpoint,
    "POST /v1/webhook_endpoints/{}": webhooks.update_endpoint,
    "DELETE /v1/webhook_endpoints/{}": webhooks.delete_endpoint,
    "GET /v1/events": webhooks.list_events,
}
_PATTERNS = {re.compile(route.replace("{}", "([^/]+)")): operation for route, operation in ROUTES.items()}


@dataclass(frozen=True, slots=True)
class Request:
    """`query` and `body` are forms; names of `headers` are lower case."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Stripe:
    """The API over one account.

    Attributes:
        calls: "METHOD /path" of all requests so far, in order.
    """

    account: Account = field(default_factory=Account)
    weather: Weather = field(default_factory=Weather)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._keys = Keys(self.account.now)

    def answer(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        """Status, body, headers.

        Raises:
            Lost: there is none, and the connection is to be closed.
        """
        with self.account.lock:
            self.calls.append(f"{request.method} {request.path}")
            (status, document), is_replay = self._worked(request)
            headers = {"Request-Id": self.account.new_id("req"), "Stripe-Version": API_VERSION}
            if is_replay:
                headers["Idempotent-Replayed"] = "true"
            return status, json.dumps(webhooks.public(document)).encode(), headers

    def _worked(self, request: Request) -> tuple[Answer, bool]:
        strike = self.weather.strike(request.method, request.path)
        try:
            before(strike)
            self._authenticate(request)
            answer = self._once(request, strike)
            after(strike)
        except Refusal as refusal:
            return (refusal.status, refusal.document), False
        return answer

    def _once(self, request: Request, strike: Kind | None) -> tuple[Answer, bool]:
        form = read_form(request.query or "") | read_form(request.body or "")
        key = request.headers.get("idempotency-key")
        if key and request.method == "POST":
            return self._keys.once(key, request.path, form, lambda: self._struck(request, form, strike))
        return self._struck(request, form, strike), False

    def _struck(self, request: Request, form: Obj, strike: Kind | None) -> Answer:
        answer = None if strike == "500_kept" else self._done(request, form)
        if answer is None or strike == "500_after":
            return 500, broken().document
        return answer

    def _done(self, request: Request, form: Obj) -> Answer:
        expand = form.pop("expand", [])
        for pattern, operation in _PATTERNS.items():
            if match := pattern.fullmatch(f"{request.method} {request.path}"):
                try:
                    return 200, self._expanded(operation(self.account, form, *match.groups()), expand)
                except Refusal as refusal:
                    return refusal.status, refusal.document
        message = f"Unrecognized request URL ({request.method}: {request.path}); the double does not serve it."
        raise Refusal(404, "invalid_request_error", message)

    def _authenticate(self, request: Request) -> None:
        if _token(request.headers.get("authorization", "")) not in self.account.api_keys:
            raise Refusal(401, "invalid_request_error", "Invalid API Key provided")

    def _expanded(self, answer: Obj, expand: Collection[str]) -> Obj:
        """What is shown on demand: an invoice's payments with their intents, a customer's tax; nothing else is."""
        shown, wanted = deepcopy(answer), set(expand)
        if shown.get("object") == "customer" and "tax" in wanted:
            shown["tax"] = customer_tax(shown)
        if shown.get("object") == "invoice" and any(one.startswith("payments") for one in wanted):
            rows = deepcopy(payments.payments_of(self.account, shown["id"]))
            if "payments.data.payment.payment_intent" in wanted:
                for row in rows:
                    name = row["payment"]["payment_intent"]
                    row["payment"]["payment_intent"] = deepcopy(self.account.get("payment_intent", name))
            shown["payments"] = {"object": "list", "data": rows, "has_more": False, "url": "/v1/invoice_payments"}
        return shown


def _token(header: str) -> str:
    kind, _, value = header.partition(" ")
    if kind != "Basic":
        return value
    try:
        return base64.b64decode(value).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
