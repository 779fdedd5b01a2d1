"""The operator's console, walked view by view on what happened in the demo's second act."""

import re

from localstack.demo.ai_offer import CALLS, TRIAL
from localstack.demo.assistant import SOURCE
from localstack.demo.model_calls import SEATS
from tests.e2e.browser import DESKTOP, PATIENCE, PHONE, Visit
from tests.e2e.second_act import DRAFTED, ODD, TWICE

NO_NUMBER = "meter input_tokens: $.input_tokens is no number"
NAMES = {seat.key: seat.name for seat in SEATS}


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
        self.sees(self.page.get_by_role("link", name=NAMES[TRIAL])).to_be_visible()
        assert key not in self.page.url
        self.shows("customers")

    def goes_to(self, view: str) -> None:
        self.page.get_by_role("navigation").get_by_role("link", name=view).click()

    def looks_at_a_customer(self) -> None:
        self.page.get_by_role("link", name=NAMES[TRIAL]).click()
        self.sees(self.page.locator("figure .plot canvas")).to_be_visible()
        self.sees(self.page.get_by_role("row", name=re.compile(f"{CALLS} no"))).to_be_visible()
        self.shows("customer")

    def follows_events(self) -> None:
        self.goes_to("Events")
        self.sees(self.page.get_by_text("no meter found for event type: page.viewed")).to_be_visible()
        self.shows("events")
        self.page.get_by_label("Source").first.fill(SOURCE)
        self.page.get_by_label("Id").first.fill(TWICE)
        self.page.keyboard.press("Enter")
        self.sees(self.page.get_by_text("1 later writing(s), which count for nothing")).to_be_visible()
        self.sees(self.page.get_by_role("row", name=re.compile("^Conflict"))).to_be_visible()
        self.sees(self.page.get_by_role("row", name=re.compile("^Calls counts it"))).to_be_visible()
        self.shows("event")
        for event_id, told in (
            (ODD, "meter input_tokens: $.input_tokens is no number"),
            ("none", "it was never accepted"),
        ):
            self.page.goto(f"{self.home}#/events/{SOURCE}/{event_id}")
            self.sees(self.page.get_by_text(told).first).to_be_visible()

    def watches_a_meter(self) -> None:
        self.goes_to("Meters")
        self.page.get_by_role("link", name="Input tokens").click()
        self.page.get_by_label("Split by").select_option("model")
        self.sees(self.page.locator(".keys").get_by_text("claude-sonnet-4-0")).to_be_visible()
        self.page.get_by_role("button", name="Live").click()
        self.shows("meter")

    def reads_a_subscription(self) -> None:
        self.goes_to("Subscriptions")
        self.sees(self.page.get_by_role("link", name=NAMES[DRAFTED])).to_be_visible()
        self.sees(self.page.get_by_role("row")).to_have_count(1 + len(NAMES))
        self.shows("subscriptions")
        self.page.get_by_role("link", name="Writing assistant").first.click()
        self.sees(self.page.get_by_text("$0.000006 a unit up to 1,000,000")).to_be_visible()
        self.shows("subscription")

    def explains_and_approves(self, number: str) -> None:
        self.goes_to("Invoices")
        self.page.get_by_role("link", name=number).click()
        line = self.page.get_by_role("row", name=re.compile("^Input tokens")).first
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
        self.page.get_by_role("row", name=re.compile("The trial is nearly used up")).first.get_by_role("button").click()
        self.sees(self.page.get_by_role("row", name=re.compile("Success 204"))).to_be_visible()
        self.shows("webhooks")
        self.page.get_by_role("button", name="Send again").click()
        self.page.get_by_role("dialog").get_by_role("button", name="Send again").click()
        self.sees(self.page.locator("#toast")).to_contain_text("under the same message id")

    def accounts_for_events(self) -> None:
        self.goes_to("Conservation")
        self.sees(self.page.get_by_text("Every accepted event is accounted for.")).to_be_visible()
        self.sees(self.page.get_by_role("link", name=TWICE)).to_be_visible()
        self.shows("conservation")

    def signs_out(self) -> None:
        self.page.get_by_role("button", name="Sign out").click()
        self.page.reload()
        self.sees(self.page.get_by_label("API key")).to_be_visible()
