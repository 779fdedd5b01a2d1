"""The pages in a browser, on the deployed house, over the data of the demo's second act. Screenshots are kept."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from localstack.demo.ai_offer import TRIAL
from meterhouse.platform.ids import new_id
from tests.e2e.browser import CHROMIUM, DESKTOP, PHONE, Browser, Visit, running_browser
from tests.e2e.console_walk import NAMES, Walk
from tests.e2e.embedding import embedding_page
from tests.e2e.second_act import DRAFTED, EVIL, Stage, staged

Eventually = Callable[[Callable[[], object], object], None]
PageOf = Callable[..., Any]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
LOOKS = {
    "light": ("?theme=light", DESKTOP),
    "dark": ("?theme=dark", DESKTOP),
    "phone": ("", PHONE),
}
PAYS = "parley"


@pytest.fixture(scope="module")
def stage(stack: dict[str, str], new_key: Callable[[str], str], eventually: Eventually) -> Iterator[Stage]:
    with staged(stack, new_key(f"pages-{new_id().lower()}")) as made:
        eventually(lambda: counted(made), ["6"])
        yield made


def counted(stage: Stage) -> list[str]:
    """Tokens of whom the odd events are about."""
    rows = stage.client.get("/api/v1/meters/input_tokens/query", subject=EVIL)["data"]
    return [row["exactValue"] for row in rows]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with running_browser() as browser:
        yield browser


@pytest.fixture
def page_of(stage: Stage, browser: Browser) -> PageOf:
    @contextmanager
    def visit(subject: str, look: str, token: str = "", **options: Any) -> Iterator[Visit]:
        query, size = LOOKS[look]
        token = token or stage.token(subject)["token"]
        with browser.visit(f"{stage.url}/pages/portal.html{query}#token={token}", size, **options) as visited:
            visited.settled()
            yield visited

    return visit


@pytest.mark.parametrize("look", LOOKS)
def test_the_page_tells_a_customer_all_of_its_usage_and_bills(page_of: PageOf, look: str) -> None:
    with page_of(TRIAL, look, color_scheme="dark" if look == "dark" else "light") as visit:
        page = visit.page
        assert page.text_content("h1") == NAMES[TRIAL]
        assert "token" not in page.url
        assert page.text_content("#plan .figure") == "Writing assistant"
        assert page.locator("#invoices tbody > tr:not(.opened)").count() == 1
        assert page.text_content("#upcoming .facts strong").startswith("$")
        assert page.locator("#entitlements meter").count() == 1
        assert "Welcome credit" in page.text_content("#credit")
        visit.shoot(f"customer-{look}")

        page.click("#entitlements summary")
        page.wait_for_selector("#entitlements .u-over")
        page.click("#invoices button[aria-expanded]")
        page.wait_for_selector("#invoices .opened .table")
        page.locator("#invoices .opened tr:not(.opened)", has_text="Input tokens").first.get_by_text("Explain").click()
        page.wait_for_selector("#invoices .steps li")
        page.click("#invoices .opened details summary")
        assert page.text_content("#invoices .opened .badge.good") == "Unchanged since it was billed"
        visit.shoot(f"customer-{look}-explained")
        visit.check()


def test_usage_is_read_by_keyboard_by_window_and_group_and_kept_as_files(page_of: PageOf) -> None:
    with page_of(PAYS, "light") as visit:
        page = visit.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.select_option("#usage select >> nth=0", "output_tokens")
        page.select_option("#usage select >> nth=1", "model")
        week = page.locator("#usage .choices button", has_text="7 days")
        week.focus()
        page.keyboard.press("Enter")
        visit.settled()
        assert week.get_attribute("aria-pressed") == "true"
        assert page.locator("#usage .keys li").count() == 2
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


def test_a_subject_is_shown_its_usage_alone_and_its_name_is_no_markup(page_of: PageOf) -> None:
    with page_of(EVIL, "phone") as visit:
        assert visit.page.text_content("h1") == EVIL
        assert visit.page.locator("section.card").count() == 1
        assert visit.page.title() != "owned"
        visit.shoot("subject-phone")
        visit.check()


def test_a_page_without_a_token_or_with_one_that_is_over_says_so(stage: Stage, browser: Browser) -> None:
    for fragment, words in (("", "Open this page with the link"), ("#token=mhp_gone", "This link has expired")):
        with browser.visit(f"{stage.url}/pages/portal.html{fragment}", DESKTOP) as visit:
            visit.page.wait_for_selector("h1")
            assert words in visit.page.text_content("main")
            visit.shoot(f"gate-{'over' if fragment else 'none'}")


def test_a_card_that_fails_says_why_and_is_tried_again_until_the_token_is_over(stage: Stage, page_of: PageOf) -> None:
    told = stage.token(PAYS)
    with page_of(PAYS, "light", told["token"]) as visit:
        page, asked = visit.page, "**/api/v1/portal/meters/**"
        again, alert = page.locator("#usage").get_by_text("Try again"), page.locator("#usage [role=alert]")
        page.route(asked, lambda route: route.abort())
        page.click("#usage .choices button:has-text('7 days')")
        assert "The server could not be reached." in alert.text_content()
        page.unroute(asked)
        refusal = {"title": "Service Unavailable", "detail": "The usage store does not answer.", "requestId": "r-7"}
        page.route(asked, lambda route: route.fulfill(status=503, json=refusal))
        again.click()
        page.wait_for_selector("#usage [role=alert]:has-text('r-7')")
        assert "The usage store does not answer." in alert.text_content()
        assert page.locator("#invoices [role=alert]").count() == 0
        visit.shoot("customer-error")
        page.unroute(asked)
        again.click()
        page.wait_for_selector("#usage .u-over")
        assert alert.count() == 0
        stage.client.post("/api/v1/portal/tokens/invalidate", {"id": told["id"]})
        page.click("#usage .choices button:has-text('30 days')")
        page.wait_for_selector("h1:has-text('This link has expired')")
        page.reload()
        page.wait_for_selector("h1:has-text('Usage and billing')")
        # what the browser says of answers that are no success, and of one that did not come
        assert [text for text in visit.complaints if "Failed to load resource" not in text] == []


def test_another_origin_embeds_the_page_with_a_theme_only_where_the_deployment_lets_it(
    stage: Stage, browser: Browser, eventually: Eventually
) -> None:
    token = stage.token(PAYS)["token"]
    with embedding_page(f"{stage.url}/pages/portal.html?theme=dark#token={token}") as at:
        with browser.visit(at("localhost"), DESKTOP) as visit:
            frame = visit.page.frame_locator("iframe")
            frame.locator("#usage .u-over").wait_for()
            assert frame.locator("h1").text_content() == NAMES[PAYS]
            assert frame.locator(":root").get_attribute("data-theme") == "dark"
            visit.shoot("customer-embedded")
            visit.check()
        with browser.visit(at("127.0.0.1"), DESKTOP) as visit:
            assert visit.page.frame_locator("iframe").locator(".card, .masthead").count() == 0

            def refused() -> list[bool]:
                # asking the page lets in what it told
                visit.page.title()
                return ["frame-ancestors" in text for text in visit.complaints][:1]

            eventually(refused, [True])


def test_amounts_are_text_from_the_wire_to_the_page(stage: Stage, browser: Browser) -> None:
    with browser.visit(f"{stage.url}/pages/portal.html", DESKTOP) as visit:
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


def test_an_operator_finds_out_what_happened_and_acts(stage: Stage, browser: Browser) -> None:
    [draft] = stage.act.drafts[DRAFTED]
    with browser.visit(f"{stage.url}/pages/console.html", DESKTOP) as visit:
        walk = Walk(visit)
        walk.signs_in(stage.key)
        walk.looks_at_a_customer()
        walk.follows_events()
        walk.watches_a_meter()
        walk.reads_a_subscription()
        walk.explains_and_approves(draft["number"])
        walk.sends_a_message_again()
        walk.accounts_for_events()
        walk.signs_out()
        visit.check()
