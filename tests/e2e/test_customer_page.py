"""The customer's page in a browser on the deployed house: usage, a plan, invoices, credit. Screenshots are kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from openmeter import Client

from meterhouse.platform import clock
from tests.e2e.browser import CHROMIUM, DESKTOP, PHONE, Browser, Visit, running_browser
from tests.e2e.customer_page import EVIL, House, furnish

Eventually = Callable[[Callable[[], object], object], None]
RunInvoices = Callable[[str, str, str], None]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
LOOKS = {
    "light": ("?theme=light", DESKTOP),
    "dark": ("?theme=dark", DESKTOP),
    "phone": ("", PHONE),
}


@pytest.fixture(scope="module")
def house(
    stack: dict[str, str],
    new_key: Callable[[str], str],
    eventually: Eventually,
    relayed: Callable[[], None],
    run_invoices: RunInvoices,
) -> House:
    key, now = new_key("pages"), clock.now()
    made = House(stack["METERHOUSE_URL"], key, Client(endpoint=stack["METERHOUSE_URL"], token=key))
    furnish(made, now, eventually)
    relayed()
    run_invoices("customer-page", now.isoformat(), "pages")
    return made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def page_of(house: House, browser: Browser) -> Callable[..., Any]:
    @contextmanager
    def visit(subject: str, look: str, **options: Any) -> Iterator[Visit]:
        query, size = LOOKS[look]
        with browser.visit(
            f"{house.url}/pages/portal.html{query}#token={house.token(subject)}", size, **options
        ) as visited:
            visited.settled()
            yield visited

    return visit


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_tells_a_customer_all_of_its_usage_and_bills(page_of: Callable[..., Any], look: str) -> None:
    with page_of("acme", look, color_scheme="dark" if look == "dark" else "light") as visit:
        page = visit.page
        assert page.text_content("h1") == "Acme Söhne & Co"
        assert "token" not in page.url
        assert page.text_content("#plan .figure") == "scale"
        assert page.locator("#invoices tbody > tr:not(.opened)").count() == 1
        assert page.text_content("#upcoming .facts strong").startswith("$")
        assert page.locator("#entitlements meter").count() == 1
        assert "Welcome credit" in page.text_content("#credit")
        visit.shoot(f"customer-{look}")

        page.click("#entitlements summary")
        page.wait_for_selector("#entitlements .u-over")
        page.click("#invoices button[aria-expanded]")
        page.wait_for_selector("#invoices .opened .table")
        page.locator("#invoices .opened tr:not(.opened) button", has_text="Explain").nth(1).click()
        page.wait_for_selector("#invoices .steps li")
        page.click("#invoices .opened details summary")
        assert page.text_content("#invoices .opened .badge.good") == "Unchanged since it was billed"
        visit.shoot(f"customer-{look}-explained")
        visit.check()


def test_usage_is_read_by_keyboard_by_window_and_group_and_kept_as_files(page_of: Callable[..., Any]) -> None:
    with page_of("acme", "light") as visit:
        page = visit.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.select_option("#usage select >> nth=0", "tokens")
        page.select_option("#usage select >> nth=1", "model")
        week = page.locator("#usage .choices button", has_text="7 days")
        week.focus()
        page.keyboard.press("Enter")
        visit.settled()
        assert week.get_attribute("aria-pressed") == "true"
        assert page.locator("#usage .keys li").count() == 3
        page.focus("#usage .plot")
        page.keyboard.press("Home")
        first = page.text_content("#usage .reading")
        page.keyboard.press("ArrowRight")
        assert "gpt-5-mini" in first
        assert page.text_content("#usage .reading") != first
        page.click("#usage figure summary")
        assert page.locator("#usage tbody tr").count() == 7
        visit.shoot("customer-usage")
        with page.expect_download() as csv:
            page.click("#usage button:has-text('CSV')")
        assert csv.value.path().read_text().startswith("window_start,window_end,")
        page.click("#invoices button[aria-expanded]")
        with page.expect_download() as pdf:
            page.click("#invoices button:has-text('PDF')")
        assert pdf.value.path().read_bytes().startswith(b"%PDF-")
        visit.check()


def test_a_subject_is_shown_its_usage_alone_and_its_name_is_no_markup(page_of: Callable[..., Any]) -> None:
    with page_of(EVIL, "phone") as visit:
        assert visit.page.text_content("h1") == EVIL
        assert visit.page.locator("section.card").count() == 1
        assert visit.page.title() != "owned"
        visit.shoot("subject-phone")
        visit.check()


def test_a_page_without_a_token_or_with_one_that_is_over_says_so(house: House, browser: Browser) -> None:
    for fragment, words in (("", "Open this page with the link"), ("#token=mhp_gone", "This link has expired")):
        with browser.visit(f"{house.url}/pages/portal.html{fragment}", DESKTOP) as visit:
            visit.page.wait_for_selector("h1")
            assert words in visit.page.text_content("main")
            visit.shoot(f"gate-{'over' if fragment else 'none'}")


def test_amounts_are_text_from_the_wire_to_the_page(house: House, browser: Browser) -> None:
    with browser.visit(f"{house.url}/pages/portal.html", DESKTOP) as visit:
        told = visit.page.evaluate(
            """async () => {
              const { readJson } = await import("/pages/kit/api.js");
              const { sum } = await import("/pages/kit/decimal.js");
              const { money, number } = await import("/pages/kit/format.js");
              const read = readJson('{"a": 12345678901234567890.10, "b": "0.1"}');
              const sums = [sum("0.1", "0.2"), sum("-1", "0.25"), sum()];
              const amounts = [money("1234567890123456789.5", "USD"), money("0.0009", "USD")];
              return [read.a, ...sums, number("9007199254740993.000000000000000001"), ...amounts];
            }"""
        )
    assert told == [
        "12345678901234567890.10",
        "0.3",
        "-0.75",
        "0",
        "9,007,199,254,740,993.000000000000000001",
        "$1,234,567,890,123,456,789.50",
        "$0.0009",
    ]
