"""`meterhouse catalog plan`: what would change, what is against it, whom it touches. Nothing is written."""

import pytest

from tests.integration.cli.catalog_given import CATALOG, PLAN, SUPPORT, remove, subscribe, versions, write
from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.conftest import Terminal

USAGE_OF_NOTHING = PLAN.replace("featureKey: miles", "featureKey: kilometres").replace("key: miles", "key: kilometres")


@pytest.fixture
def sold(terminal: Terminal, shop: CatalogHouse) -> CatalogHouse:
    """A catalog that is on sale."""
    write(terminal.folder, CATALOG)
    terminal.types("catalog", "apply", "--yes")
    shop.writes.clear()
    return shop


def test_a_change_is_drawn_with_whom_it_touches(terminal: Terminal, sold: CatalogHouse) -> None:
    one = subscribe(sold, "ann", "pro")
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12").replace("0.10", "0.1") + SUPPORT})

    told = terminal.types("catalog", "plan").stdout

    assert told == (
        "~ plans/pro: a new version takes the place of version 1\n"
        "    phases.default.rateCards.fee.price.amount: 10.00 -> 12\n"
        "  + phases.default.rateCards.support:\n"
        "  +   type: flat_fee\n"
        "  +   key: support\n"
        "  +   name: Support\n"
        "  +   price:\n"
        "  +     type: flat\n"
        "  +     amount: '5'\n"
        "    1 live subscription stays on its version until migrated:\n"
        f"      {one['id']}  customer {one['customerId']}\n"
        "        version 1, active\n"
        "1 to change\n"
    )
    assert all(len(line) <= 80 for line in told.splitlines())
    assert sold.writes == []
    assert versions(sold) == [("pro", 1, "active")]


def test_programs_get_every_field_and_every_subscription(terminal: Terminal, sold: CatalogHouse) -> None:
    subscribed = [subscribe(sold, f"customer_{number}", "pro") for number in range(12)]
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12")})

    document = terminal.reads("catalog", "plan")
    told = terminal.types("catalog", "plan").stdout

    [change] = document["changes"]
    assert (change["thing"], change["action"], change["file"]) == ("plans/pro", "change", "catalog/plans/pro.yaml")
    assert change["fields"] == [
        {"field": "phases.default.rateCards.fee.price.amount", "old": "10.00", "new": "12"},
    ]
    found = [{name: one[name] for name in ("id", "customerId")} for one in change["subscriptions"]]
    assert sorted(found, key=str) == sorted(subscribed, key=str)
    assert "12 live subscriptions stay on their versions until migrated:" in told
    assert "and 2 more, which --json lists" in told


def test_subscriptions_to_every_older_version_are_told_and_ended_ones_are_not(
    terminal: Terminal, sold: CatalogHouse
) -> None:
    first, ended = subscribe(sold, "first", "pro"), subscribe(sold, "ended", "pro")
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "11")})
    terminal.types("catalog", "apply", "--yes")
    second = subscribe(sold, "second", "pro")
    sold.call("POST", f"/api/v1/subscriptions/{ended['id']}/cancel", {"timing": "immediate"})
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12")})

    [change] = terminal.reads("catalog", "plan")["changes"]

    assert {(one["id"], one["version"]) for one in change["subscriptions"]} == {(first["id"], 1), (second["id"], 2)}


def test_a_plan_that_is_archived_tells_who_stays_on_it(terminal: Terminal, sold: CatalogHouse) -> None:
    one = subscribe(sold, "ann", "pro")
    remove(terminal.folder, "plans/pro")

    told = terminal.types("catalog", "plan").stdout

    assert told.startswith("- plans/pro: version 1 archived\n    1 live subscription stays")
    assert one["id"] in told


@pytest.mark.parametrize(("edit", "status"), [("", 0), ("description: More\n", 4)])
def test_the_exit_status_tells_programs_whether_there_is_something_to_change(
    terminal: Terminal, sold: CatalogHouse, edit: str, status: int
) -> None:
    write(terminal.folder, {"plans/pro": PLAN + edit})

    terminal.types("catalog", "plan", "--exit-code", status=status)
    terminal.types("catalog", "plan")
    assert sold.writes == []


@pytest.mark.parametrize(
    ("edited", "told"),
    [
        (PLAN.replace("USD", "USX"), "plans/pro.yaml:3: currency: 'USX' is not an active ISO 4217 currency code"),
        (
            USAGE_OF_NOTHING,
            "plans/pro.yaml:17: phases.default.rateCards.kilometres.featureKey: there is no feature 'kilometres'",
        ),
        (
            PLAN.replace("billingCadence: P1M\nphases", "billingCadence: P5M\nphases"),
            "plans/pro.yaml:4: billingCadence: must be one of P1W, P2W, P4W, P1M, P3M, P6M, P12M, P1Y",
        ),
        (
            PLAN.replace("    name: Default\n", "    name: Default\n    duration: P1M\n"),
            "plans/pro.yaml:8: phases.default.duration: the last phase lasts until the subscription ends",
        ),
        (
            PLAN.replace("amount: 10.00", "amount: -1"),
            "plans/pro.yaml:13: phases.default.rateCards.fee.price.amount: Input should be greater than or equal to 0",
        ),
        (PLAN.replace("key: fee", "key: Fee!"), "plans/pro.yaml:10: phases.default.rateCards.Fee!.key: String should"),
    ],
)
def test_what_the_endpoints_rules_are_against_stands_at_its_line(
    terminal: Terminal, sold: CatalogHouse, edited: str, told: str
) -> None:
    write(terminal.folder, {"plans/pro": edited})

    ended = terminal.types("catalog", "plan", status=1)
    refused = terminal.types("catalog", "apply", "--yes", status=1)

    assert f"! catalog/{told}" in ended.stdout
    assert f"! catalog/{told}" in refused.stdout
    assert sold.writes == []


def test_all_problems_of_all_files_are_told_at_once(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"plans/pro": PLAN.replace("USD", "USX"), "plans/other": USAGE_OF_NOTHING})
    write(terminal.folder, {"features/calls": "name: Calls\nmeterSlug: none\n"})

    problems = terminal.reads("catalog", "plan", status=1)["problems"]

    assert {(problem["file"], problem["line"], problem["field"]) for problem in problems} == {
        ("catalog/features/calls.yaml", 2, "meterSlug"),
        ("catalog/plans/other.yaml", 17, "phases.default.rateCards.kilometres.featureKey"),
        ("catalog/plans/pro.yaml", 3, "currency"),
    }
    assert sold.writes == []


def test_faults_of_the_files_are_told_before_anything_is_asked(terminal: Terminal, shop: CatalogHouse) -> None:
    write(terminal.folder, {**CATALOG, "plans/pro": PLAN.replace("currency", "curency") + "name: Again\n"})
    terminal.house.asked.clear()

    told = terminal.types("catalog", "plan", status=2).stderr

    assert "catalog/plans/pro.yaml:3: curency: is no field here; did you mean currency?" in told
    assert "catalog/plans/pro.yaml:2: currency: is missing" in told
    assert "catalog/plans/pro.yaml:25: name: is there twice, first in line 2" in told
    assert terminal.house.asked == []
    assert shop.writes == []


def test_a_draft_that_no_file_tells_of_is_told(terminal: Terminal, sold: CatalogHouse) -> None:
    sold.call("POST", "/api/v1/plans/pro/next")

    told = terminal.types("catalog", "plan").stdout

    assert "note: plans/pro has a draft, version 2, which no file tells of" in told
    assert told.endswith("nothing to change\n")


def test_no_colour_where_none_is_wanted_and_colours_on_a_terminal(terminal: Terminal, sold: CatalogHouse) -> None:
    write(terminal.folder, {"plans/pro": PLAN.replace("10.00", "12")})

    colours = terminal.types("catalog", "plan", FORCE_COLOR="1", TERM="xterm").stdout
    plain = terminal.types("catalog", "plan", FORCE_COLOR="1", TERM="xterm", NO_COLOR="1").stdout

    assert "\x1b[33m~ plans/pro" in colours
    assert "\x1b[3" not in plain
    assert sold.writes == []


def test_a_catalog_that_is_not_there_is_misuse(terminal: Terminal, shop: CatalogHouse) -> None:
    told = terminal.types("catalog", "plan", "elsewhere", status=2).stderr

    assert "there is no elsewhere: meterhouse catalog pull elsewhere writes what is sold now" in told
    assert shop.writes == []
