"""`meterhouse catalog pull`: what is sold, as files; what people wrote into them stays."""

from pathlib import Path

import pytest

from tests.integration.cli.catalog_given import CATALOG, PLAN, write
from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.conftest import Terminal

PULLED = {
    "features/miles.yaml": "name: Miles\nmeterSlug: miles\nmeterGroupByFilters:\n  origin: EWR\n",
    "meters/miles.yaml": (
        "eventType: flight\naggregation: SUM\nvalueProperty: $.miles\ngroupBy:\n  origin: $.origin\n"
    ),
    "plans/pro.yaml": """\
name: Pro
currency: USD
billingCadence: P1M
phases:
- key: default
  name: Default
  rateCards:
  - type: flat_fee
    key: fee
    name: Fee
    billingCadence: P1M
    price:
      type: flat
      amount: '10.00'
  - type: usage_based
    key: miles
    name: Miles
    featureKey: miles
    billingCadence: P1M
    price:
      type: tiered
      mode: graduated
      tiers:
      - upToAmount: '100'
        unitPrice:
          type: unit
          amount: '0.10'
      - unitPrice:
          type: unit
          amount: '0.05'
""",
}


def contents(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*") if file.is_file()}


@pytest.fixture
def sold(terminal: Terminal, shop: CatalogHouse) -> CatalogHouse:
    """What the files of the catalog say is sold."""
    write(terminal.folder, CATALOG)
    terminal.types("catalog", "apply", "--yes")
    return shop


def test_an_empty_folder_gets_a_file_a_thing_and_a_second_pull_changes_nothing(
    terminal: Terminal, sold: CatalogHouse
) -> None:
    first = terminal.reads("catalog", "pull", "own/shop")
    before = {file: file.stat().st_mtime_ns for file in (terminal.folder / "own").rglob("*.yaml")}
    second = terminal.reads("catalog", "pull", "own/shop")

    assert contents(terminal.folder / "own/shop") == PULLED
    assert sorted(first["written"]) == [f"own/shop/{name}" for name in PULLED]
    assert second == {"written": [], "unchanged": 3, "onlyHere": []}
    assert {file: file.stat().st_mtime_ns for file in (terminal.folder / "own").rglob("*.yaml")} == before
    assert terminal.types("catalog", "plan", "own/shop", "--exit-code").stdout == "nothing to change\n"
    assert len(sold.writes) == 4


def test_comments_and_spellings_stay_where_a_file_says_the_same(terminal: Terminal, sold: CatalogHouse) -> None:
    before = contents(terminal.folder / "catalog")

    assert terminal.types("catalog", "pull").stdout == "3 unchanged\n"
    assert contents(terminal.folder / "catalog") == before
    assert len(sold.writes) == 4


def test_a_file_that_says_something_else_is_written_over_by_force_alone(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12"), "features/calls": "name: Calls\n"})
    before = contents(terminal.folder / "catalog")

    refused = terminal.types("catalog", "pull", status=1).stderr

    assert "  catalog/plans/pro.yaml: plan pro" in refused
    assert contents(terminal.folder / "catalog") == before
    forced = terminal.reads("catalog", "pull", "--force")
    assert forced == {"written": ["catalog/plans/pro.yaml"], "unchanged": 2, "onlyHere": ["features/calls"]}
    after = contents(terminal.folder / "catalog")
    assert after["plans/pro.yaml"] == PULLED["plans/pro.yaml"]
    assert after["features/calls.yaml"] == "name: Calls\n"
    assert after["meters/miles.yaml"] == CATALOG["meters/miles"]
    assert len(sold.writes) == 4


def test_a_broken_file_is_misuse_and_force_mends_it(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"plans/pro": "name: [\n"})

    assert "catalog/plans/pro.yaml:2: " in terminal.types("catalog", "pull", status=2).stderr
    assert terminal.reads("catalog", "pull", "--force")["written"] == ["catalog/plans/pro.yaml"]
    assert terminal.types("catalog", "plan").stdout == "nothing to change\n"
    assert len(sold.writes) == 4


def test_one_file_may_hold_it_all(terminal: Terminal, sold: CatalogHouse) -> None:
    terminal.types("catalog", "pull", "shop.yaml")
    text = (terminal.folder / "shop.yaml").read_text()
    terminal.types("catalog", "pull", "shop.yaml")

    assert (terminal.folder / "shop.yaml").read_text() == text
    assert text.startswith("meters:\n  miles:\n    eventType: flight\n")
    assert terminal.types("catalog", "plan", "shop.yaml", "--exit-code").stdout == "nothing to change\n"
    terminal.file("shop.yaml", text.replace("'10.00'", "12"))
    told = terminal.types("catalog", "apply", "shop.yaml", "--yes").stdout
    assert "phases.default.rateCards.fee.price.amount: 10.00 -> 12" in told
    assert sold.writes[-1][1].endswith("/publish")


def test_a_draft_alone_is_pulled_as_one_and_what_is_on_sale_goes_before_it(
    terminal: Terminal, shop: CatalogHouse
) -> None:
    write(terminal.folder, {**CATALOG, "plans/later": "draft: true\n" + PLAN})
    terminal.types("catalog", "apply", "--yes")
    shop.call("POST", "/api/v1/plans/pro/next")

    terminal.types("catalog", "pull", "own")

    assert (terminal.folder / "own/plans/later.yaml").read_text().startswith("draft: true\nname: Pro\n")
    assert (terminal.folder / "own/plans/pro.yaml").read_text() == PULLED["plans/pro.yaml"]
    assert terminal.types("catalog", "plan", "own", "--exit-code").stdout.endswith("nothing to change\n")


def test_a_field_that_this_command_does_not_know_is_not_lost_in_silence(terminal: Terminal, sold: CatalogHouse) -> None:
    feature = sold.call("GET", "/api/v1/features/miles") | {"colour": "red"}
    terminal.house.before = lambda _: None
    terminal.house.documents |= {("GET", "/api/v1/meters"): [], ("GET", "/api/v1/features"): [feature]}

    told = terminal.types("catalog", "pull", "own", status=1).stderr

    assert "a feature that this command cannot read: /colour is not known here" in told
    assert not (terminal.folder / "own").exists()
