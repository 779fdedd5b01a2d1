"""What the pages promise and no browser is needed to see: contrast, no inline script or style, no markup from data."""

import json
import re

import pytest

from localstack.pages import LOCK, PAGES

OWN = [path for path in sorted(PAGES.rglob("*")) if path.is_file() and "node_modules" not in path.parts]
TOKENS = dict(
    re.findall(r"--([\w-]+): light-dark\((#\w{6}, #\w{6})\);", (PAGES / "kit" / "tokens.css").read_text("utf-8"))
)
TEXT = [
    *((ink, ground) for ink in ("text", "muted", "accent") for ground in ("page", "card", "sunken")),
    *((kind, f"{kind}-soft") for kind in ("good", "warn", "bad")),
    ("on-accent", "accent"),
]
MARKUP = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|DOMParser|srcdoc=")
INLINE = re.compile(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", re.IGNORECASE)


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(ink: str, ground: str, scheme: int) -> float:
    found = sorted(luminance(TOKENS[name].split(", ")[scheme]) for name in (ink, ground))
    return (found[1] + 0.05) / (found[0] + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_and_charts_stand_out_as_wcag_aa_asks(scheme: int) -> None:
    faint = {pair: contrast(*pair, scheme) for pair in TEXT if contrast(*pair, scheme) < 4.5}
    series = {f"series-{index}": contrast(f"series-{index}", "card", scheme) for index in range(1, 7)}
    assert faint == {}
    assert [name for name, found in series.items() if found < 3] == []


def test_no_page_holds_inline_script_or_style_and_no_module_reads_markup() -> None:
    assert [path.name for path in OWN if path.suffix == ".html" and INLINE.search(path.read_text("utf-8"))] == []
    assert [path.name for path in OWN if path.suffix == ".js" and MARKUP.search(path.read_text("utf-8"))] == []


def test_pages_load_their_own_files_alone() -> None:
    links = re.compile(r"""(?:src|href)="([^"#]+)"|from "(\.[^"\n]+)"|@import|url\(""")
    locked = json.loads(LOCK.read_text("utf-8"))["packages"]
    for path in OWN:
        if path.suffix in {".html", ".js", ".css"}:
            for source, module in links.findall(path.read_text("utf-8")):
                name = source or module
                # packages are there once something was deployed
                is_locked = any(package and f"{package}/" in name for package in locked)
                assert name == "data:," or is_locked or (path.parent / name).is_file(), (path.name, name)


def test_modules_stay_small() -> None:
    assert [path.name for path in OWN if path.suffix == ".js" and len(path.read_text("utf-8").splitlines()) > 300] == []
