"""`meterhouse catalog apply` against the product's own routes: what the files say is what is sold."""

import pytest

from tests.integration.cli.catalog_given import (
    CATALOG,
    FEATURE,
    METER,
    PLAN,
    SUPPORT,
    apply,
    remove,
    subscribe,
    versions,
    write,
)
from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.conftest import Terminal


def test_an_empty_namespace_is_filled_from_below_and_a_repeat_writes_nothing(
    terminal: Terminal, shop: CatalogHouse
) -> None:
    write(terminal.folder, CATALOG)

    done = terminal.types("catalog", "apply", "--yes").stdout.splitlines()[-4:]
    written = list(shop.writes)

    assert done == ["3 to add", "meters/miles: created", "features/miles: created", "plans/pro: published as version 1"]
    assert [path for _, path in written][:3] == ["/api/v1/meters", "/api/v1/features", "/api/v1/plans"]
    assert terminal.types("catalog", "apply", "--yes").stdout == "nothing to change\n"
    assert shop.writes == written
    assert versions(shop) == [("pro", 1, "active")]
    [plan] = shop.call("GET", "/api/v1/plans")["items"]
    fee, miles = plan["phases"][0]["rateCards"]
    assert fee["price"] == {"type": "flat", "amount": "10.00", "paymentTerm": "in_advance"}
    assert miles["price"]["tiers"][0]["unitPrice"]["amount"] == "0.10"


def test_a_change_is_a_new_version_and_subscriptions_stay_on_theirs(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)
    apply(terminal)
    subscription = subscribe(shop, "ann", "pro")
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12") + SUPPORT})

    assert apply(terminal) == [{"thing": "plans/pro", "done": "published as version 2"}]

    assert versions(shop) == [("pro", 1, "archived"), ("pro", 2, "active")]
    assert shop.call("GET", f"/api/v1/subscriptions/{subscription['id']}")["plan"]["version"] == 1


@pytest.mark.parametrize(("typed", "status", "sold"), [(b"y\n", 0, 1), (b"n\n", 2, 0), (b"", 2, 0)])
def test_nothing_is_written_before_a_yes(
    terminal: Terminal, shop: CatalogHouse, typed: bytes, status: int, sold: int
) -> None:
    write(terminal.folder, CATALOG)

    ended = terminal.types("catalog", "apply", stdin=typed, status=status)

    assert "Make these changes? [y/N]" in ended.stderr
    assert len(versions(shop)) == sold
    assert bool(shop.writes) is bool(sold)


def test_a_program_is_not_asked(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)

    assert "give --yes" in terminal.types("catalog", "apply", "--json", status=2).stderr
    assert shop.writes == []


def test_a_draft_is_drafted_until_its_file_says_no_more_that_it_is_one(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, {**CATALOG, "plans/pro": "draft: true\n" + PLAN})
    assert apply(terminal)[-1] == {"thing": "plans/pro", "done": "drafted as version 1"}
    assert apply(terminal) == []
    write(terminal.folder, {"plans/pro": "draft: true\n" + PLAN.replace("10.00", "11")})
    assert apply(terminal)[-1] == {"thing": "plans/pro", "done": "drafted as version 1"}
    assert versions(shop) == [("pro", 1, "draft")]

    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "11")})

    assert apply(terminal) == [{"thing": "plans/pro", "done": "published as version 1"}]
    assert versions(shop) == [("pro", 1, "active")]


def test_a_draft_of_what_is_on_sale_leaves_the_sale_as_it_is(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)
    apply(terminal)
    write(terminal.folder, {"plans/pro": "draft: true\n" + PLAN.replace("10.00", "11")})

    apply(terminal)

    assert versions(shop) == [("pro", 1, "active"), ("pro", 2, "draft")]
    assert apply(terminal) == []


def test_another_currency_is_another_draft(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, {**CATALOG, "plans/pro": "draft: true\n" + PLAN})
    apply(terminal)
    write(terminal.folder, {"plans/pro": PLAN.replace("USD", "EUR")})

    apply(terminal)

    [plan] = shop.call("GET", "/api/v1/plans")["items"]
    assert (plan["currency"], plan["status"]) == ("EUR", "active")


def test_what_is_in_no_file_is_archived_and_meters_stay(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)
    apply(terminal)
    remove(terminal.folder, *CATALOG)

    told = terminal.types("catalog", "apply", "--yes").stdout

    assert "- plans/pro: version 1 archived" in told
    assert "- features/miles: archived" in told
    assert "note: meters/miles is in no file and stays" in told
    assert versions(shop) == [("pro", 1, "archived")]
    assert shop.call("GET", "/api/v1/features") == []
    assert [meter["slug"] for meter in shop.call("GET", "/api/v1/meters")] == ["miles"]
    assert terminal.types("catalog", "plan", "--exit-code").stdout.endswith("nothing to change\n")


def test_a_draft_that_is_in_no_file_is_deleted(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, {**CATALOG, "plans/pro": "draft: true\n" + PLAN})
    apply(terminal)
    remove(terminal.folder, "plans/pro")

    assert apply(terminal) == [{"thing": "plans/pro", "done": "draft of version 1 deleted"}]
    assert versions(shop) == []


def test_what_has_no_folder_is_let_alone(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)
    apply(terminal)
    remove(terminal.folder, "plans/pro", "features/miles")
    for folder in ("plans", "features"):
        (terminal.folder / "catalog" / folder).rmdir()

    told = terminal.types("catalog", "plan").stdout.splitlines()

    assert told == [
        "note: what is there of features (1) is let alone: these files have none",
        "note: what is there of plans (1) is let alone: these files have none",
        "nothing to change",
    ]
    assert versions(shop) == [("pro", 1, "active")]


def test_a_feature_that_is_sold_is_not_archived_and_one_that_is_charged_for_is(
    terminal: Terminal, shop: CatalogHouse
) -> None:
    write(terminal.folder, CATALOG)
    apply(terminal)
    subscribe(shop, "ann", "pro")
    remove(terminal.folder, "features/miles")
    before = list(shop.writes)

    refused = terminal.types("catalog", "apply", "--yes", status=1)

    assert "! features/miles: feature 'miles' is sold by plan pro version 1" in refused.stdout
    assert shop.writes == before
    remove(terminal.folder, "plans/pro")
    assert [one["thing"] for one in apply(terminal)] == ["plans/pro", "features/miles"]


def test_a_feature_that_nobody_sells_is_made_anew_and_one_that_is_sold_is_not(
    terminal: Terminal, shop: CatalogHouse
) -> None:
    write(terminal.folder, {**CATALOG, "features/calls": "name: Calls\n"})
    apply(terminal)
    write(terminal.folder, {"features/calls": "name: Phone calls\n"})

    assert apply(terminal) == [{"thing": "features/calls", "done": "archived and created anew"}]

    write(terminal.folder, {"features/miles": FEATURE.replace("EWR", "JFK")})
    told = terminal.types("catalog", "apply", "--yes", status=1)
    assert "! catalog/features/miles.yaml:1: feature 'miles' is sold by plan pro version 1" in told.stdout
    assert "1 problem(s), and nothing was changed" in told.stderr
    assert sorted(feature["key"] for feature in shop.call("GET", "/api/v1/features")) == ["calls", "miles"]


def test_a_meter_changes_and_loses_what_its_file_has_no_more(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, {"meters/miles": METER + "name: All miles\ndescription: Flown\nmetadata: {team: data}\n"})
    apply(terminal)
    write(terminal.folder, {"meters/miles": METER.replace("origin: $.origin", "origin: $.from")})

    assert apply(terminal) == [{"thing": "meters/miles", "done": "changed"}]

    [meter] = shop.call("GET", "/api/v1/meters")
    assert (meter["name"], meter["metadata"], meter["groupBy"]) == ("miles", {}, {"origin": "$.from"})
    assert apply(terminal) == []


@pytest.mark.parametrize(
    ("was", "now", "field", "told"),
    [
        ("SUM", "MAX", "aggregation: SUM -> MAX", "2: aggregation: "),
        ("eventFrom: 2026-01-01T00:00:00Z\n", "", "eventFrom: 2026-01-01T00:00:00Z -> (none)", "1: "),
        ("valueProperty: $.miles\n", "", "valueProperty: $.miles -> (none)", "1: "),
    ],
)
def test_what_never_changes_of_a_meter_is_told_before_anything_is_written(
    terminal: Terminal, shop: CatalogHouse, was: str, now: str, field: str, told: str
) -> None:
    meter = METER + "eventFrom: 2026-01-01T00:00:00Z\n"
    write(terminal.folder, {"meters/miles": meter})
    apply(terminal)
    before = list(shop.writes)
    write(terminal.folder, {"meters/miles": meter.replace(was, now)})

    shown = terminal.types("catalog", "apply", "--yes", status=1).stdout

    assert field in shown
    assert f"! catalog/meters/miles.yaml:{told}" in shown
    assert shop.writes == before


def test_a_stale_plan_is_refused_and_a_fresh_one_is_not(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)
    apply(terminal)
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12")})
    terminal.types("catalog", "plan", "--out", "plan.json")
    [plan] = shop.call("GET", "/api/v1/plans")["items"]
    shop.call("POST", f"/api/v1/plans/{plan['key']}/next")
    before = list(shop.writes)

    told = terminal.types("catalog", "apply", "--yes", "--plan", "plan.json", status=1).stderr

    assert "the plan plan.json is stale: the endpoint changed since it was made; nothing was changed" in told
    assert shop.writes == before
    terminal.types("catalog", "plan", "--out", "plan.json")
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "13")})
    told = terminal.types("catalog", "apply", "--yes", "--plan", "plan.json", status=1).stderr
    assert "stale: the files changed" in told
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12")})
    terminal.types("catalog", "apply", "--yes", "--plan", "plan.json")
    assert versions(shop) == [("pro", 1, "archived"), ("pro", 2, "active")]


def test_a_file_that_is_no_plan_is_misuse(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, CATALOG)
    terminal.file("plan.json", "[]")

    assert "plan.json is no plan" in terminal.types("catalog", "apply", "--plan", "plan.json", status=2).stderr
    assert "cannot be read" in terminal.types("catalog", "apply", "--plan", "none.json", status=2).stderr
    assert shop.writes == []
