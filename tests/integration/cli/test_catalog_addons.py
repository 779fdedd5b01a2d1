"""Add-ons and what plans sell with them, as files."""

from typing import Any

import pytest

from tests.integration.cli.catalog_given import ADDON, CATALOG, PLAN, SELLING, apply, remove, subscribe, versions, write
from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.conftest import Terminal

WITH_ADDONS = {**CATALOG, "addons/seats": ADDON, "plans/pro": SELLING}


def sales(shop: CatalogHouse) -> list[tuple[str, int, Any]]:
    """Of the plan on sale: add-on, version, terms."""
    found = shop.call("GET", "/api/v1/plans/pro/addons")["items"]
    return [(one["addon"]["key"], one["addon"]["version"], one.get("maxQuantity")) for one in found]


@pytest.fixture
def sold(terminal: Terminal, shop: CatalogHouse) -> CatalogHouse:
    write(terminal.folder, WITH_ADDONS)
    done = apply(terminal)
    assert [one["thing"] for one in done] == ["meters/miles", "features/miles", "addons/seats", "plans/pro"]
    return shop


def test_add_ons_are_published_before_the_plans_that_sell_them_and_a_repeat_writes_nothing(
    terminal: Terminal, sold: CatalogHouse
) -> None:
    written = list(sold.writes)

    assert apply(terminal) == []
    assert sold.writes == written
    assert sales(sold) == [("seats", 1, 10)]
    assert [path.rsplit("/", 1)[-1] for _, path in written[2:]] == ["addons", "publish", "plans", "addons", "publish"]


def test_they_are_pulled_as_they_are_sold(terminal: Terminal, sold: CatalogHouse) -> None:
    terminal.types("catalog", "pull", "own")

    assert (
        (terminal.folder / "own/plans/pro.yaml")
        .read_text()
        .endswith("addons:\n  seats:\n    fromPlanPhase: default\n    maxQuantity: 10\n")
    )
    assert "instanceType: multiple\n" in (terminal.folder / "own/addons/seats.yaml").read_text()
    assert terminal.types("catalog", "plan", "own", "--exit-code").stdout == "nothing to change\n"
    assert sales(sold) == [("seats", 1, 10)]


def test_other_terms_make_no_new_version_of_the_plan(terminal: Terminal, sold: CatalogHouse) -> None:
    subscribe(sold, "ann", "pro")
    write(terminal.folder, {"plans/pro": SELLING.replace("maxQuantity: 10", "maxQuantity: 20")})

    told = terminal.types("catalog", "apply", "--yes").stdout.splitlines()

    assert told == [
        "~ plans/pro: version 1 stays on sale with other add-ons",
        "    addons.seats.maxQuantity: 10 -> 20",
        "1 to change",
        "plans/pro: add-ons assigned",
    ]
    assert (sales(sold), versions(sold)) == ([("seats", 1, 20)], [("pro", 1, "active")])
    assert apply(terminal) == []


def test_a_new_version_of_a_plan_sells_them_too(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"plans/pro": SELLING.replace("10.00", "12")})

    apply(terminal)

    assert (sales(sold), versions(sold)) == ([("seats", 1, 10)], [("pro", 1, "archived"), ("pro", 2, "active")])


def test_plans_go_over_to_the_new_version_of_an_add_on_in_one_apply(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"addons/seats": ADDON.replace("amount: 3", "amount: 4")})

    told = terminal.types("catalog", "apply", "--yes").stdout

    assert (
        "~ addons/seats: a new version takes the place of version 1\n    rateCards.seats.price.amount: 3 -> 4" in told
    )
    assert 'addons.seats.version: 1 -> "the one on sale"' in told
    assert (sales(sold), versions(sold)) == ([("seats", 2, 10)], [("pro", 1, "active")])
    assert apply(terminal) == []


def test_an_add_on_of_a_plans_key_has_not_the_plans_subscriptions(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"addons/pro": ADDON})
    apply(terminal)
    subscribe(sold, "ann", "pro")
    write(terminal.folder, {"addons/pro": ADDON.replace("amount: 3", "amount: 4")})

    [change] = terminal.reads("catalog", "plan")["changes"]

    assert (change["thing"], "subscriptions" in change) == ("addons/pro", False)


def test_an_add_on_that_someone_else_renewed_is_noticed(terminal: Terminal, sold: CatalogHouse) -> None:
    addon = sold.call("GET", "/api/v1/addons/seats")
    names = ("key", "name", "currency", "instanceType", "rateCards")
    drafted = sold.call("POST", "/api/v1/addons", {name: addon[name] for name in names})
    sold.call("POST", f"/api/v1/addons/{drafted['id']}/publish")

    assert apply(terminal) == [{"thing": "plans/pro", "done": "add-ons assigned"}]
    assert sales(sold) == [("seats", 2, 10)]


def test_what_is_sold_no_longer_is_taken_off_and_then_archived(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"plans/pro": PLAN})
    remove(terminal.folder, "addons/seats")

    assert apply(terminal) == [
        {"thing": "plans/pro", "done": "add-ons assigned"},
        {"thing": "addons/seats", "done": "version 1 archived"},
    ]
    assert sales(sold) == []
    assert apply(terminal) == []


def test_an_add_on_that_a_plan_is_to_sell_is_not_archived(terminal: Terminal, sold: CatalogHouse) -> None:
    before = list(sold.writes)
    remove(terminal.folder, "addons/seats")

    told = terminal.types("catalog", "apply", "--yes", status=1).stdout

    assert "! catalog/plans/pro.yaml:26: addons.seats: addon 'seats' not found" in told
    assert sold.writes == before


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (
            ("fromPlanPhase: default", "fromPlanPhase: trial"),
            "plans/pro.yaml:26: addons.seats.fromPlanPhase: the plan has",
        ),
        (("seats: {", "chairs: {"), "plans/pro.yaml:26: addons.chairs: addon 'chairs' not found"),
        (("maxQuantity: 10", "maxQuantity: 0"), "plans/pro.yaml:26: addons.seats.maxQuantity: Input should be greater"),
        (("currency: USD", "currency: EUR"), "plans/pro.yaml:26: addons.seats: the plan is in EUR, the add-on in USD"),
    ],
)
def test_what_does_not_go_together_is_told_at_its_line_before_anything_is_written(
    terminal: Terminal, sold: CatalogHouse, edit: tuple[str, str], told: str
) -> None:
    before = list(sold.writes)
    write(terminal.folder, {"plans/pro": SELLING.replace(*edit)})

    assert f"! catalog/{told}" in terminal.types("catalog", "apply", "--yes", status=1).stdout
    assert sold.writes == before


def test_what_an_add_on_may_not_be_is_told_at_its_line(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"addons/seats": ADDON.replace("P1M", "P1D").replace("amount: 3", "amount: -3")})

    told = terminal.types("catalog", "plan", status=1).stdout

    assert "! catalog/addons/seats.yaml:9: rateCards.seats.price.amount: Input should be greater" in told
    assert sales(sold) == [("seats", 1, 10)]
