"""An operator walks through the console, on what really happened in one namespace."""

import re
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import pytest

from localstack.demo.client import Client
from meterhouse.kernel.instant import format_rfc3339
from meterhouse.platform import clock
from meterhouse.platform.ids import new_id
from tests.e2e.browser import CHROMIUM, DESKTOP, PATIENCE, PHONE, Visit, running_browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
Eventually = Callable[[Callable[[], object], object], None]
PEOPLE = {"acme": "Acme Robotics", "globex": "Globex", "initech": "Initech"}
CARDS = [
    {
        "type": "flat_fee",
        "key": "base",
        "name": "Base fee",
        "billingCadence": "P1M",
        "price": {"type": "flat", "amount": "49.00", "paymentTerm": "in_advance"},
    },
    {
        "type": "usage_based",
        "key": "tokens",
        "name": "Tokens",
        "featureKey": "tokens",
        "billingCadence": "P1M",
        "entitlementTemplate": {"type": "metered", "issueAfterReset": 50_000, "isSoftLimit": True},
        "price": {
            "type": "tiered",
            "mode": "graduated",
            "tiers": [
                {"upToAmount": "10000", "unitPrice": {"type": "unit", "amount": "0.0021"}},
                {"unitPrice": {"type": "unit", "amount": "0.0015"}},
            ],
        },
    },
]


def call(number: int, subject: str, at: datetime, **data: object) -> dict[str, Any]:
    event = {"specversion": "1.0", "id": f"call-{number}", "source": "chat-api", "type": "llm.called"}
    return event | {"subject": f"{subject}-app", "time": format_rfc3339(at), "data": data}


def month_of_calls(now: datetime) -> list[dict[str, Any]]:
    """Some a day for each customer, then what an event may be besides counted."""
    who = cycle(PEOPLE)
    models = cycle(["gpt-5", "claude-sonnet-4-5", "gpt-5", "gemini-2.5-pro", "claude-sonnet-4-5"])
    calls = [
        call(n, next(who), now - timedelta(hours=3 * n + 1), tokens=420 + n * 37 % 900, model=next(models))
        for n in range(240)
    ]
    again, otherwise = calls[3], calls[4] | {"data": {"tokens": 1, "model": "gpt-5"}}
    odd = [
        call(900, "acme", now - timedelta(hours=2), tokens="many", model="gpt-5"),
        call(901, "acme", now - timedelta(hours=2)) | {"type": "page.viewed"},
    ]
    return [*calls, again, otherwise, *odd]


def open_shop(client: Client, now: datetime) -> None:
    """Three subscribers and a month of usage."""
    group_by = {"model": "$.model"}
    tokens = {"slug": "tokens", "name": "Tokens", "eventType": "llm.called", "aggregation": "SUM"}
    client.post("/api/v1/meters", tokens | {"valueProperty": "$.tokens", "groupBy": group_by})
    calls = {"slug": "calls", "name": "Calls", "eventType": "llm.called", "aggregation": "COUNT"}
    client.post("/api/v1/meters", calls | {"groupBy": group_by})
    client.post("/api/v1/features", {"key": "tokens", "name": "Tokens", "meterSlug": "tokens"})
    phases = [{"key": "default", "name": "Default", "duration": None, "rateCards": CARDS}]
    plan = {"key": "inference", "name": "Inference", "currency": "USD", "billingCadence": "P1M", "phases": phases}
    client.post(f"/api/v1/plans/{client.post('/api/v1/plans', plan)['id']}/publish", {})
    for key, name in PEOPLE.items():
        about = {"key": key, "name": name, "currency": "USD", "usageAttribution": {"subjectKeys": [f"{key}-app"]}}
        client.post("/api/v1/customers", about)
        since = format_rfc3339(now - timedelta(days=40))
        client.post("/api/v1/subscriptions", {"customerKey": key, "plan": {"key": "inference"}, "timing": since})
    events = month_of_calls(now)
    for batch in (events[:-4], events[-4:]):
        client.post("/api/v1/events", batch, "application/cloudevents-batch+json")


def notify(client: Client) -> None:
    """A message to a receiver that is nowhere."""
    webhook = {"type": "WEBHOOK", "name": "Desk", "url": "https://receiver.invalid/hook"}
    channel = client.post("/api/v1/notification/channels", webhook)["id"]
    rule = {"type": "invoice.created", "name": "New invoices", "channels": [channel]}
    client.post(f"/api/v1/notification/rules/{client.post('/api/v1/notification/rules', rule)['id']}/test", {})


def first_attempts(client: Client) -> set[str]:
    """How the attempts at the only message ended."""
    [event] = client.get("/api/v1/notification/events")["items"]
    return {attempt["state"] for attempt in event["deliveryStatus"][0]["attempts"]}


def invoiced(client: Client, now: datetime) -> dict[str, Any]:
    """An invoice that waits for its approval."""
    [default] = [one for one in client.get("/api/v1/billing/profiles")["items"] if one["default"]]
    supplier = {"name": "Inference Inc.", "addresses": [{"country": "DE"}]}
    apps = dict.fromkeys(("tax", "invoicing", "payment"), default["apps"]["payment"]["id"])
    profile = {"name": "By hand", "supplier": supplier, "default": True, "apps": apps}
    at_once = {"alignment": {"type": "subscription"}, "interval": "PT0S"}
    workflow = {"invoicing": {"autoAdvance": False}, "collection": at_once}
    client.post("/api/v1/billing/profiles", profile | {"workflow": workflow})
    period = {"from": format_rfc3339(now - timedelta(days=20)), "to": format_rfc3339(now - timedelta(days=1))}
    priced = [("Tokens of a pilot", CARDS[1]["price"], {"featureKey": "tokens"}), ("Setup", CARDS[0]["price"], {})]
    lines = [
        {"name": name, "period": period, "invoiceAt": period["to"], "rateCard": {"price": price, **more}}
        for name, price, more in priced
    ]
    customer = client.get("/api/v1/customers/acme")["id"]
    client.post(f"/api/v1/billing/customers/{customer}/invoices/pending-lines", {"currency": "USD", "lines": lines})
    made: list[dict[str, Any]] = client.post("/api/v1/billing/invoices/invoice", {"customerId": customer})
    return made[0]


class Walk:
    """The console as one operator sees it, view by view."""

    def __init__(self, visit: Visit) -> None:
        from playwright.sync_api import expect  # noqa: PLC0415 - loaded where a browser runs

        self.visit = visit
        self.page = visit.page
        self.home = visit.page.url
        self.sees = expect
        expect.set_options(timeout=PATIENCE)

    def shows(self, name: str) -> None:
        """Kept as a picture, wide and light, narrow and dark; nothing is refused, nothing wider than a phone."""
        self.page.wait_for_selector("[aria-busy=true]", state="detached")
        self.visit.shoot(f"console-{name}")
        self.page.set_viewport_size(PHONE)
        self.page.emulate_media(color_scheme="dark")
        self.visit.shoot(f"console-{name}-phone")
        self.visit.check()
        self.page.set_viewport_size(DESKTOP)
        self.page.emulate_media(color_scheme="light")

    def signs_in(self, key: str) -> None:
        self.page.get_by_label("API key").fill("no-key")
        self.page.get_by_role("button", name="Open the console").click()
        self.sees(self.page.get_by_role("alert")).to_have_text("This is no key of this deployment.")
        # the browser logs the answer to a key that is none
        assert ["403" in complaint for complaint in self.visit.complaints] == [True]
        self.visit.complaints.clear()
        self.shows("gate")
        self.page.get_by_label("API key").fill(key)
        self.page.keyboard.press("Enter")
        self.sees(self.page.get_by_role("link", name="Acme Robotics")).to_be_visible()
        assert key not in self.page.url
        self.shows("customers")

    def goes_to(self, view: str) -> None:
        self.page.get_by_role("navigation").get_by_role("link", name=view).click()

    def looks_at_a_customer(self) -> None:
        self.page.get_by_role("link", name="Acme Robotics").click()
        self.sees(self.page.locator("figure .plot canvas")).to_be_visible()
        self.sees(self.page.get_by_role("row", name=re.compile("tokens yes"))).to_be_visible()
        self.shows("customer")

    def follows_events(self) -> None:
        self.goes_to("Events")
        self.sees(self.page.get_by_text("no meter found for event type: page.viewed")).to_be_visible()
        self.shows("events")
        self.page.get_by_label("Source").first.fill("chat-api")
        self.page.get_by_label("Id").first.fill("call-4")
        self.page.keyboard.press("Enter")
        self.sees(self.page.get_by_text("1 later writing(s), which count for nothing")).to_be_visible()
        self.sees(self.page.get_by_role("row", name=re.compile("^Conflict"))).to_be_visible()
        self.sees(self.page.get_by_role("row", name=re.compile("^Calls counts it"))).to_be_visible()
        self.shows("event")
        for event_id, told in (("call-900", "meter tokens: $.tokens is no number"), ("none", "it was never accepted")):
            self.page.goto(f"{self.home}#/events/chat-api/{event_id}")
            self.sees(self.page.get_by_text(told).first).to_be_visible()

    def watches_a_meter(self) -> None:
        self.goes_to("Meters")
        self.page.get_by_role("link", name="Tokens").click()
        self.page.get_by_label("Split by").select_option("model")
        self.sees(self.page.locator(".keys").get_by_text("claude-sonnet-4-5")).to_be_visible()
        self.page.get_by_role("button", name="Live").click()
        self.shows("meter")

    def reads_a_subscription(self) -> None:
        self.goes_to("Subscriptions")
        self.sees(self.page.get_by_role("link", name="Globex")).to_be_visible()
        self.shows("subscriptions")
        self.page.get_by_role("link", name="Inference").first.click()
        self.sees(self.page.get_by_text("$0.0021 a unit up to 10,000")).to_be_visible()
        self.shows("subscription")

    def explains_and_approves(self, number: str) -> None:
        self.goes_to("Invoices")
        self.page.get_by_role("link", name=number).click()
        line = self.page.get_by_role("row", name=re.compile("^Tokens of a pilot"))
        line.get_by_role("button", name="Explain").click()
        self.sees(self.page.get_by_text("Events behind it")).to_be_visible()
        self.sees(self.page.get_by_text("has its hash")).to_be_visible()
        self.page.get_by_role("button", name="Verify").click()
        self.sees(self.page.locator("#toast")).to_contain_text("rated again come to the same hash")
        self.shows("invoice")
        self.page.get_by_role("button", name="Approve").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Approve").click()
        self.sees(self.page.get_by_text("paid", exact=True).first).to_be_visible()

    def sends_a_message_again(self) -> None:
        self.goes_to("Webhooks")
        # the newest are first: the invoice that waits has announced itself since, on a machine that is slow
        self.page.get_by_role("row", name=re.compile("New invoices")).last.get_by_role("button").click()
        self.sees(self.page.get_by_text("its name cannot be resolved").first).to_be_visible()
        self.shows("webhooks")
        self.page.get_by_role("button", name="Send again").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Send again").click()
        self.sees(self.page.locator("#toast")).to_contain_text("under the same message id")

    def accounts_for_events(self) -> None:
        self.goes_to("Conservation")
        self.sees(self.page.get_by_text("Every accepted event is accounted for.")).to_be_visible()
        self.sees(self.page.get_by_role("link", name="call-4")).to_be_visible()
        self.shows("conservation")

    def signs_out(self) -> None:
        self.page.get_by_role("button", name="Sign out").click()
        self.page.reload()
        self.sees(self.page.get_by_label("API key")).to_be_visible()


def test_an_operator_finds_out_what_happened_and_acts(
    stack: dict[str, str],
    new_key: Callable[[str], str],
    relayed: Callable[[], None],
    eventually: Eventually,
) -> None:
    key = new_key(f"console-{new_id().lower()}")
    with closing(Client(stack["METERHOUSE_URL"], key)) as client:
        open_shop(client, now := clock.now())
        eventually(lambda: [row["exactValue"] for row in client.get("/api/v1/meters/calls/query")["data"]], ["241"])
        notify(client)
        relayed()
        eventually(lambda: client.get("/api/v1/meters/tokens/backfill")["status"], "complete")
        eventually(lambda: first_attempts(client), {"FAILED"})
        invoice = invoiced(client, now)
    home = f"{stack['METERHOUSE_URL']}/pages/console.html"
    with running_browser() as browser, browser.visit(home, DESKTOP) as visit:
        walk = Walk(visit)
        walk.signs_in(key)
        walk.looks_at_a_customer()
        walk.follows_events()
        walk.watches_a_meter()
        walk.reads_a_subscription()
        walk.explains_and_approves(invoice["number"])
        walk.sends_a_message_again()
        walk.accounts_for_events()
        walk.signs_out()
        visit.check()
