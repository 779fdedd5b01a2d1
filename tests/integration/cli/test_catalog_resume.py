"""An apply that is stopped at every write, whether the write was done or not, ends where one ends that is not."""

from collections.abc import Callable
from shutil import rmtree

import pytest

from meterhouse.platform.ids import new_id
from meterhouse.platform.namespaces import add_namespace
from meterhouse.platform.postgres import Database
from tests.integration.cli.catalog_given import ADDON, CATALOG, METER, PLAN, SELLING, apply, remove, write
from tests.integration.cli.catalog_house import CatalogHouse
from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import House

STARTER = PLAN.replace("Pro", "Starter").replace("10.00", "1")


class Story:
    """A catalog that is sold, and an edit of nearly every kind; told in a namespace of its own."""

    def __init__(self, database: Database, house: House, terminal: Terminal) -> None:
        namespace = f"test-{new_id().lower()}"
        add_namespace(database, namespace)
        self.shop, self.terminal = CatalogHouse(database, namespace), terminal
        house.before = self.shop.answer
        rmtree(terminal.folder / "catalog", ignore_errors=True)
        write(terminal.folder, {**CATALOG, "plans/old": STARTER, "plans/draft": "draft: true\n" + STARTER})
        write(terminal.folder, {"features/calls": "name: Calls\n", "addons/seats": ADDON, "plans/pro": SELLING})
        apply(terminal)
        self.shop.writes.clear()
        write(
            terminal.folder, {"meters/hours": METER.replace("$.miles", "$.hours"), "meters/miles": METER + "name: M\n"}
        )
        write(terminal.folder, {"features/hours": "name: Hours\nmeterSlug: hours\n"})
        write(terminal.folder, {"features/calls": "name: Phone calls\n"})
        write(terminal.folder, {"plans/pro": SELLING.replace("10.00", "12"), "plans/new": STARTER})
        write(
            terminal.folder, {"plans/draft": STARTER.replace("USD", "EUR"), "addons/seats": ADDON.replace("3}", "4}")}
        )
        remove(terminal.folder, "plans/old")

    def end(self) -> object:
        """What is there, but for ids and instants."""
        plans = self.shop.call("GET", "/api/v1/plans", query="status=draft&status=active&status=archived")["items"]
        addons = self.shop.call("GET", "/api/v1/addons")["items"]
        sales = self.shop.call("GET", "/api/v1/plans/pro/addons")["items"]
        features, meters = self.shop.call("GET", "/api/v1/features"), self.shop.call("GET", "/api/v1/meters")
        names = ("key", "version", "status", "currency", "phases", "rateCards", "slug", "name", "groupBy", "meterSlug")
        sold = [one["addon"] for one in sales]
        return [
            sorted(str({name: thing.get(name) for name in names}) for thing in things)
            for things in (plans, addons, sold, features, meters)
        ]


@pytest.mark.parametrize("how", [True, "after"])
def test_stopped_at_every_write_and_run_again_each_time_it_ends_where_it_would_have(
    terminal: Terminal, house: House, database: Database, how: bool | str
) -> None:
    whole = Story(database, house, terminal)
    apply(terminal)
    story = Story(database, house, terminal)

    for nth in range(len(whole.shop.writes) - (how is True)):
        # of each run one write is done: its answer is lost, or the write behind it
        story.shop.stop = _at(nth + (how is True), how)
        terminal.types("catalog", "apply", "--yes", status=3, METERHOUSE_RETRIES="0")
        assert len(story.shop.writes) == nth + 1, story.shop.writes
    story.shop.stop = _at(-1, how)
    apply(terminal)

    assert story.end() == whole.end()
    assert [method for method, _ in story.shop.writes] == [method for method, _ in whole.shop.writes]
    assert len(whole.shop.writes) >= 15
    assert apply(terminal) == []


def _at(nth: int, how: bool | str) -> Callable[[int], bool | str]:
    return lambda count: how if count == nth else False
