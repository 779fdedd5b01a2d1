"""The customer's page takes its token out of the address, whenever it comes there."""

import json
from typing import Any

import pytest

from localstack.gateway.pages import Pages
from localstack.pages import PAGES
from tests.e2e.browser import CHROMIUM, running_browser

ORIGIN = "http://pages.test"
PAGE = f"{ORIGIN}/pages/portal.html"


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_a_token_that_comes_while_the_page_is_open_takes_the_place_of_the_one_before() -> None:
    """As when whoever embeds the page renews it: only the fragment of its address changes."""
    pages = Pages.of(PAGES, "'self'")
    asked: list[str] = []

    def answer(route: Any) -> object:
        path = route.request.url.removeprefix(ORIGIN)
        if path.startswith("/pages/node_modules"):
            return route.fulfill(body="export default class {}", content_type="text/javascript")
        if path.startswith("/pages/"):
            head, _, body = pages.answer(b"GET", path.encode()).partition(b"\r\n\r\n")
            lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
            return route.fulfill(body=body, headers=lines)
        token = route.request.headers["authorization"].removeprefix("Bearer ")
        asked.append(token)
        if token == "old":
            return route.fulfill(status=401, body="{}")
        session = {"subject": token, "meters": [], "expiresAt": "2026-01-01T00:00:00Z"}
        return route.fulfill(body=json.dumps(session), content_type="application/json")

    with running_browser() as browser:
        page = browser._chromium.new_page()
        page.set_default_timeout(20_000)
        page.route("**/*", answer)
        page.goto(f"{PAGE}#token=old")
        page.wait_for_selector("text=This link has expired")
        page.goto(f"{PAGE}#token=new")
        page.wait_for_selector("h1:text-is('new')")
        assert (page.url, asked) == (PAGE, ["old", "new"])
        page.goto(f"{PAGE}#content")
        assert page.locator("h1").text_content() == "new"
