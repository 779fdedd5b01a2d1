"""The pages in a browser, whose requests are answered here: which token or key they hold, and until when."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from localstack.gateway.pages import Pages
from localstack.pages import PAGES
from tests.e2e.browser import CHROMIUM, running_browser

ORIGIN = "http://pages.test"
PORTAL, CONSOLE = f"{ORIGIN}/pages/portal.html", f"{ORIGIN}/pages/console.html"
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with running_browser() as running:
        yield running._chromium


def opened(browser: Any, answer: Callable[[Any, str], object]) -> Any:
    """A page; `answer` gets each request of the API with its credential."""
    pages = Pages.of(PAGES, "'self'")

    def routed(route: Any) -> object:
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith("/pages/node_modules"):
            return route.fulfill(body="export default class {}", content_type="text/javascript")
        if path.startswith("/pages/"):
            head, _, body = pages.answer(b"GET", path.encode()).partition(b"\r\n\r\n")
            lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            return route.fulfill(body=body, headers=lines)
        return answer(route, route.request.headers["authorization"].removeprefix("Bearer "))

    page = browser.new_page()
    page.set_default_timeout(90_000)
    page.route("**/*", routed)
    return page


def test_a_token_that_comes_while_the_page_is_open_takes_the_place_of_the_one_before(browser: Any) -> None:
    """As when whoever embeds the page renews it: only the fragment of its address changes."""
    asked: list[str] = []

    def answer(route: Any, token: str) -> object:
        asked.append(token)
        if token == "old":
            return route.fulfill(status=401, body="{}")
        session = {"subject": token, "meters": [], "expiresAt": "2026-01-01T00:00:00Z"}
        return route.fulfill(body=json.dumps(session), content_type="application/json")

    page = opened(browser, answer)
    page.goto(f"{PORTAL}#token=old")
    page.wait_for_selector("text=This link has expired")
    page.goto(f"{PORTAL}#token=new")
    page.wait_for_selector("h1:text-is('new')")
    assert (page.url, asked) == (PORTAL, ["old", "new"])
    page.goto(f"{PORTAL}#content")
    assert page.locator("h1").text_content() == "new"


def test_a_late_refusal_of_the_key_before_does_not_forget_the_next_one(browser: Any) -> None:
    held: list[Any] = []

    def answer(route: Any, key: str) -> object:
        if key == "old" and "dead-letters" in route.request.url:
            held.append(route)
            return None
        is_refused = key == "old" and "/meters" not in route.request.url
        return route.fulfill(status=403 if is_refused else 200, body="{}", content_type="application/json")

    page = opened(browser, answer)
    page.goto(f"{CONSOLE}#/conservation")
    for key in ("old", "new"):
        page.fill("input[name=key]", key)
        page.click("text=Open the console")
        page.wait_for_selector("text=The key is not accepted any more." if key == "old" else "#bar:not([hidden])")
    with page.expect_response("**/dead-letters*"):
        held[0].fulfill(status=403, body="{}")
    page.evaluate("new Promise((resolve) => setTimeout(resolve, 50))")

    assert page.evaluate("sessionStorage.getItem('meterhouse.console.key')") == "new"
    assert page.is_visible("#bar")
