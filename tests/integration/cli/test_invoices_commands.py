"""`meterhouse invoices` against the product's own routes over real stores."""

from datetime import timedelta

import pytest

from meterhouse.platform.clickhouse import ClickHouse
from meterhouse.platform.postgres import Database
from tests.integration.billing.conftest import AFTER_FEBRUARY, Run, metered_house
from tests.integration.billing.test_explanations import FEBRUARY, JANUARY, billed
from tests.integration.cli.conftest import Terminal
from tests.integration.cli.endpoint import Answer, Asked, House
from tests.integration.metering.house import call
from tests.unit.billing.samples import NOW
from tests.unit.platform.requests import CONTEXT, request


@pytest.fixture
def run(house: House, database: Database, namespace: str, usage_store: ClickHouse) -> Run:
    """Two invoices of Ann, and usage that came after the first."""
    run = Run(database, namespace)
    usage = metered_house(run, usage_store)
    api = billed(run, usage)
    usage.sink(call("6", 20, FEBRUARY, "ann", region="de"))
    run.all(AFTER_FEBRUARY)
    usage.clock = NOW + timedelta(hours=1)
    usage.sink(call("7", "1.5", JANUARY, "ann", region="fr"))

    def answered(asked: Asked) -> Answer:
        query = "&".join(f"{name}={value}" for name, [value] in asked.query.items())
        answer = api.handler()(request(asked.method, asked.path, query=query, namespace=namespace), CONTEXT)
        return int(answer["statusCode"]), {"content-type": "application/json"}, answer["body"]

    house.before = answered
    return run


def test_a_line_is_told_with_its_arithmetic_and_the_events_behind_it(terminal: Terminal, run: Run) -> None:
    first, _ = run.invoices()
    [line] = [line for line in first.lines if line.rate_card.is_metered]

    told = terminal.types("invoices", "explain", first.id, line.id).stdout

    assert "15.67 USD" in told
    assert line.trace is not None
    assert str(line.trace["hash"]) in told
    assert "2 x 0.333 = 0.666, rounded 0.67 USD" in told
    assert [words[-1] for row in told.splitlines() if (words := row.split()) and "ann" in words[1:2]] == ["1", "7", "4"]
    assert "not on this line" in told
    assert terminal.types("invoices", "explain", first.id, line.id, "--events", "1").stdout.endswith("and more\n")
    assert len(terminal.reads("invoices", "explain", first.id, line.id, "--events", "3")["events"]["items"]) == 3


def test_an_invoice_that_is_what_it_was_rated_from_ends_well_and_tells_of_late_usage(
    terminal: Terminal, run: Run
) -> None:
    first, _ = run.invoices()

    told = terminal.types("invoices", "verify", first.id).stdout

    assert [row.split()[-1] for row in told.splitlines() if " yes" in row].count("1.5") == 1
    assert f"invoice {first.number}: " in told


def test_an_invoice_that_is_not_what_it_was_rated_from_ends_badly(
    terminal: Terminal, run: Run, unguarded: Database
) -> None:
    first, _ = run.invoices()
    with unguarded.transaction(run.namespace) as transaction:
        sql = "UPDATE invoice_lines SET amount = amount + 1 WHERE namespace = %(namespace)s AND invoice_id = %(id)s"
        transaction.execute(sql, {"id": first.id})
        transaction.commit()

    ended = terminal.types("invoices", "verify", first.id, status=1)

    assert "is not what it was rated from" in ended.stderr
    assert "the line's totals are not what its pinned inputs come to" in ended.stdout


def test_two_invoices_are_told_apart_by_what_changed(terminal: Terminal, run: Run) -> None:
    first, second = run.invoices()

    told = [row.split() for row in terminal.types("invoices", "diff", first.id, second.id).stdout.splitlines()]

    assert told[0] == ["line", "old", "volume", "removed", "new"]
    assert told[-1][-4:] == [f"{first.totals.total:f}", "2.66", "-20.00", f"{second.totals.total:f}"]
