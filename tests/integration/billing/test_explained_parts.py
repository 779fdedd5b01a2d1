"""Parts of a period explained: every event that was charged for is counted on the line that charges for it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from meterhouse.catalog.price import UnitPrice
from tests.integration.billing.conftest import AFTER_FEBRUARY, AFTER_JANUARY, Run
from tests.integration.billing.given import DISCARD, INVOICES, Api
from tests.integration.billing.late import mark
from tests.integration.billing.test_explanations import ExplainApi
from tests.integration.billing.test_voids import PENDING
from tests.integration.metering.house import House, call
from tests.unit.billing.samples import FakeApp, metered
from tests.unit.subscriptions.samples import at

FOURTH, TENTH, TWENTIETH = at("2024-01-04"), at("2024-01-10"), at("2024-01-20")
AN_HOUR = timedelta(hours=1, minutes=1)
"""A draft waits an hour for late usage."""


@pytest.fixture
def parts(run: Run, house: House) -> "Parts":
    run.app = FakeApp()
    customer = run.customer("ann")
    run.subscribe(customer, metered("eu", UnitPrice(Decimal(1))))
    return Parts(run, house, customer)


class Parts:
    """Ann's January, billed as it goes on; `came` stores usage at an instant."""

    def __init__(self, run: Run, house: House, customer: str) -> None:
        self.run, self.house, self.customer = run, house, customer
        self.explain = ExplainApi(run, house.store)
        self.api = Api(run)
        self.calls = 0

    def came(self, stored: datetime, *used: tuple[datetime, int]) -> None:
        self.house.clock = stored
        for when, units in used:
            self.calls += 1
            self.house.sink(call(f"{self.calls}", units, when, "ann", region="de"))

    def bill(self, when: datetime) -> str:
        """The path of the line of a part up to `when`, read an hour later."""
        self.run.now = when
        [made] = self.api.ok("POST", f"{INVOICES}/invoice", {"customerId": self.customer})
        self.run.now = when + AN_HOUR
        self.run.collect(self.run.now)
        self.run.advance(self.run.now)
        return self.line(made["id"])

    def line(self, invoice_id: str) -> str:
        [line] = self.api.ok("GET", f"{INVOICES}/{invoice_id}")["lines"]
        return f"{INVOICES}/{invoice_id}/lines/{line['id']}"

    def shown(self, line: str) -> tuple[dict[str, Any], list[str], list[str]]:
        """What was read, and the ids of the events that are counted, and of those that are not."""
        found = self.explain.ok("GET", f"{line}/explain")
        usage, events = found["usage"], found["events"]["items"]
        counted = [one for one in events if one["counted"]]
        assert sum(Decimal(one["value"]) for one in counted) == Decimal(usage["quantity"])
        read = [one for one in events if at(one["storedAt"]) <= at(usage["readAt"])]
        assert sum(Decimal(one["value"]) for one in read) == Decimal(usage["quantity"]) + Decimal(
            usage.get("quantityBefore", 0)
        )
        others = [one["id"] for one in events if not one["counted"]]
        return found, [one["id"] for one in counted], others


def test_late_usage_of_an_earlier_part_is_counted_on_the_part_that_charges_for_it(parts: Parts) -> None:
    parts.came(FOURTH, (FOURTH, 40))
    first = parts.bill(TENTH)
    parts.came(TENTH + timedelta(days=1), (FOURTH, 3), (TENTH, 5))
    second = parts.bill(TWENTIETH)
    parts.came(TWENTIETH + timedelta(days=1), (FOURTH, 7))

    found, counted, others = parts.shown(second)
    assert (found["usage"]["quantity"], found["usage"]["quantityBefore"]) == ("8", "40")
    assert found["meterQuery"]["period"] == {"from": "2024-01-01T00:00:00Z", "to": "2024-01-20T00:00:00Z"}
    assert (counted, sorted(others)) == (["2", "3"], ["1", "4"])
    found, counted, others = parts.shown(first)
    assert found["meterQuery"]["period"] == {"from": "2024-01-01T00:00:00Z", "to": "2024-01-10T00:00:00Z"}
    assert (counted, sorted(others)) == (["1"], ["2", "4"])


def test_a_part_that_is_billed_again_is_read_as_far_as_the_parts_behind_it(parts: Parts) -> None:
    parts.came(FOURTH, (FOURTH, 40))
    first = parts.bill(TENTH)
    parts.came(TENTH + timedelta(days=1), (TENTH, 5))
    second = parts.bill(TWENTIETH)
    parts.came(TWENTIETH + timedelta(hours=2), (TENTH, 2))
    parts.run.now = AFTER_JANUARY
    parts.api.ok("POST", f"{first.partition('/lines')[0]}/void", PENDING)
    parts.run.all()
    [again] = [one for invoice in parts.run.invoices() for one in invoice.lines if one.revision]

    found, counted, others = parts.shown(f"{INVOICES}/{again.invoice_id}/lines/{again.id}")
    assert found["meterQuery"]["period"]["to"] == "2024-01-20T00:00:00Z"
    assert (counted, others) == (["1", "3"], ["2"])
    assert parts.explain.ok("GET", f"{second}/explain")["usage"]["quantity"] == "5"


def test_a_part_that_was_given_up_keeps_its_events(parts: Parts) -> None:
    parts.came(FOURTH, (FOURTH, 40))
    first = parts.bill(TENTH)
    parts.api.ok("POST", f"{first.partition('/lines')[0]}/void", DISCARD)
    parts.came(TENTH + timedelta(days=1), (FOURTH, 3), (TENTH, 5))
    assert parts.shown(parts.bill(TWENTIETH))[1] == ["2", "3"]


def test_usage_that_came_after_its_period_was_billed_is_counted_on_the_line_that_charges_for_it(parts: Parts) -> None:
    run = parts.run
    parts.came(FOURTH, (FOURTH, 40))
    run.now = AFTER_JANUARY
    run.all()
    parts.came(AFTER_JANUARY + timedelta(days=1), (FOURTH, 7))
    with run.begin(run.namespace) as work:
        [feature] = work.store.features.by_keys(["eu"]).values()
    mark(run, meter_id=feature.meter_id)
    run.now = AFTER_FEBRUARY
    run.all(AFTER_FEBRUARY)
    first, second = run.invoices()
    [billed], [late] = first.lines, [line for line in second.lines if "late" in line.key]
    for line, counted in ((billed, ["1"]), (late, ["2"])):
        path = f"{INVOICES}/{line.invoice_id}/lines/{line.id}"
        found, own, _ = parts.shown(path)
        assert (own, found["meterQuery"]["period"]["from"]) == (counted, "2024-01-01T00:00:00Z")
        assert parts.explain.ok("GET", f"{path}/verify")["usage"]["late"] == "0"
