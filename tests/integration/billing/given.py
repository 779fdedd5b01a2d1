"""Billing over HTTP on the real database, as its tests call it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from meterhouse.billing.act_on_invoice import InvoiceActions
from meterhouse.billing.api import routes
from meterhouse.billing.credit_notes import CreditNoteService
from meterhouse.billing.edit_invoice import EditInvoice
from meterhouse.billing.findings import FindingService
from meterhouse.billing.invoice_pending_lines import InvoicePendingLines
from meterhouse.billing.manual_lines import ManualLines
from meterhouse.billing.overrides import OverrideService
from meterhouse.billing.postgres import PostgresBilling
from meterhouse.billing.profiles import ProfileService
from meterhouse.billing.service import InvoiceService
from meterhouse.platform.http import HttpHandler, http_handler
from meterhouse.platform.ids import new_id
from meterhouse.platform.postgres import begins
from tests.problems import faults_of
from tests.unit.platform.requests import CONTEXT, request

if TYPE_CHECKING:
    from tests.integration.billing.conftest import Run


INVOICES = "/api/v1/billing/invoices"
PROFILES = "/api/v1/billing/profiles"
UNKNOWN = "01HZ0000000000000000000000"
DISCARD = {"action": {"percentage": 100, "action": {"type": "discard"}}, "reason": "mistake"}


@dataclass
class Api:
    run: "Run"

    def routers(self) -> Sequence[Router]:
        run = self.run

        def now() -> Any:
            return run.now

        begin, usage, apps = run.begin, run.usage, run.apps
        profiles = ProfileService(begin, run.directory, now, new_id)
        reading = InvoiceService(begin, usage, run.directory, now)
        acting = InvoiceActions(begin, usage, apps, now, run.database.afterwards, run.database.otherwise)
        edit = EditInvoice(begin, usage, apps, now, new_id)
        due = InvoicePendingLines(begin, usage, apps, now, run.database.afterwards)
        overrides = OverrideService(begin, run.directory, now, new_id)
        lines = ManualLines(begin, usage, now, new_id)
        notes = CreditNoteService(begin, apps, now, new_id, run.database.afterwards)
        findings = FindingService(begins(run.database, PostgresBilling), now)
        return routes(profiles, overrides, lines, reading, acting, due, edit, notes, findings)

    def handler(self) -> HttpHandler:
        return http_handler(*self.routers(), database=self.run.database)

    def __call__(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: str = "",
        namespace: str | None = None,
        key: str | None = None,
    ) -> tuple[int, Any]:
        headers = {"content-type": "application/json"} | ({} if key is None else {"idempotency-key": key})
        event = request(method, path, body, query=query, headers=headers, namespace=namespace or self.run.namespace)
        answer = self.handler()(event, CONTEXT)
        text = answer.get("body")
        return int(answer["statusCode"]), json.loads(text, parse_float=Decimal) if text else None

    def ok(self, method: str, path: str, body: object = None, *, query: str = "") -> Any:
        status, answer = self(method, path, body, query=query)
        assert status in {200, 201, 204}, answer
        return answer

    def profile(self, **changes: object) -> dict[str, Any]:
        [default] = self.ok("GET", PROFILES)["items"]
        supplier = {"name": "House", "addresses": [{"country": "DE"}]}
        apps = {task: app["id"] for task, app in default["apps"].items()}
        return {"name": "Own", "supplier": supplier, "default": False, "workflow": {}, "apps": apps} | changes

    def without_auto_advance(self) -> None:
        made = self.profile(default=True, workflow={"invoicing": {"autoAdvance": False}})
        self.ok("POST", PROFILES, made)


def problem_fields(answer: dict[str, Any]) -> dict[str, str]:
    return dict(faults_of(answer))


def problem_codes(answer: dict[str, Any]) -> list[str]:
    return [code for _, code in faults_of(answer)]
