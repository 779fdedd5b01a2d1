"""The machine's own Chromium, driven by Playwright; what a page complains of fails the test that opened it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localstack.settings import ROOT

CHROMIUM = next((path for path in map(Path, ("/usr/bin/chromium", "/usr/bin/chromium-browser")) if path.exists()), None)
SCREENSHOTS = ROOT / ".local" / "screenshots"
"""What CI keeps of a run."""
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
PATIENCE = 90_000
"""Milliseconds; a cold function on a loaded machine takes some."""
_WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
"""


@dataclass
class Visit:
    """A page in a context of its own, and what it complained of."""

    page: Any
    complaints: list[str] = field(default_factory=list)

    def settled(self) -> None:
        """Waits until every card has what it shows, or says why not."""
        self.page.wait_for_selector("section.card[aria-busy]")
        # a selector, since a predicate would be evaluated, which the policy refuses
        self.page.wait_for_selector("[aria-busy=true]", state="detached")

    def shoot(self, name: str) -> None:
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def check(self) -> None:
        """No error on the console, no script that broke, nothing the policy refused, nothing wider than the window."""
        assert self.complaints == []
        assert self.page.evaluate("window.violations") == []
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


class Browser:
    def __init__(self, chromium: Any) -> None:
        self._chromium = chromium

    @contextmanager
    def visit(self, url: str, size: dict[str, int], **options: Any) -> Iterator[Visit]:
        context = self._chromium.new_context(viewport=size, reduced_motion="reduce", locale="en-US", **options)
        context.add_init_script(_WATCH)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        visit = Visit(page)
        page.on("console", lambda told: visit.complaints.extend([told.text] if told.type == "error" else []))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        try:
            page.goto(url)
            yield visit
        finally:
            context.close()


@contextmanager
def running_browser() -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - loaded where a browser runs

    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            yield Browser(chromium)
        finally:
            chromium.close()
