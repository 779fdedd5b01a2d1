"""The gateway serves the pages below /pages/ with the headers they have in AWS."""

import pytest

from localstack.gateway.pages import Pages
from localstack.pages import PAGES


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages.of(PAGES, "https://app.example.com")


def told(pages: Pages, target: bytes, method: bytes = b"GET") -> tuple[bytes, dict[str, str], bytes]:
    head, _, body = pages.answer(method, target).partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, dict(line.decode().split(": ", 1) for line in lines), body


def test_a_page_comes_with_its_type_and_policy_and_only_the_customers_may_be_framed(pages: Pages) -> None:
    status, headers, body = told(pages, b"/pages/portal.html?theme=dark")
    assert (status, headers["Content-Type"]) == (b"HTTP/1.1 200 OK", "text/html; charset=utf-8")
    assert headers["Content-Length"] == str(len(body))
    assert headers["Content-Security-Policy"].endswith("frame-ancestors https://app.example.com")
    _, script, _ = told(pages, b"/pages/kit/api.js")
    assert script["Content-Type"] == "text/javascript; charset=utf-8"
    assert script["Content-Security-Policy"].endswith("frame-ancestors 'none'")
    assert told(pages, b"/pages/portal.html", b"HEAD")[2] == b""


@pytest.mark.parametrize(
    "target",
    [b"/pages/", b"/pages/kit", b"/pages/none.html", b"/pages/../README.md", b"/pages/%2e%2e/README.md", b"/pages/%00"],
)
def test_what_is_no_file_of_the_pages_is_not_served(pages: Pages, target: bytes) -> None:
    assert told(pages, target)[0] == b"HTTP/1.1 404 Not Found"
