"""The modelled cost: from the templates, by a dated list, with nothing left out in silence. P13."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from infra.cost.chart import drawn
from infra.cost.fit import shortages
from infra.cost.free import FREE
from infra.cost.model import Cost, cost_of
from infra.cost.prices import FILE, NotPricedError, read_prices
from infra.cost.scenario import read_scenario
from infra.cost.sizes import sizes_of
from infra.cost.standing import CHARGED, calls_a_month
from infra.observed import FUNCTIONS_OF
from localstack.settings import ROOT
from tests.infra.templates import Synthesis

PRICES = read_prices()
Resources = Mapping[str, Mapping[str, Any]]


def resources_of(synthesis: Synthesis) -> Resources:
    from infra.cost.templates import together  # noqa: PLC0415 - loads the CDK

    return together(synthesis.stacks.values())


@pytest.fixture(scope="module")
def standard(aws: Synthesis) -> Resources:
    return resources_of(aws)


@pytest.fixture(scope="module")
def large() -> Resources:
    from infra.cost.templates import synthesised  # noqa: PLC0415 - loads the CDK

    return synthesised({"profile": "large"})


def modelled(resources: Resources, profile: str) -> Cost:
    return cost_of(resources, read_scenario(profile), PRICES)


def part(cost: Cost, name: str) -> Decimal:
    return sum((line.usd for line in [*cost.standing, *cost.flowing] if line.part == name), Decimal(0))


def test_p13_a_hundred_million_events_a_day_cost_at_most_sixty_cents_a_million(standard: Resources) -> None:
    cost = modelled(standard, "standard")

    assert cost.scenario.events == 10**8
    assert cost.shortages == []
    assert cost.per_million <= Decimal("0.60")


def test_p13_ten_thousand_million_events_a_day_cost_at_most_six_cents_a_million(large: Resources) -> None:
    cost = modelled(large, "large")

    assert cost.scenario.events == 10**10
    assert cost.shortages == []
    assert cost.per_million <= Decimal("0.06")


def test_one_event_a_request_costs_more_than_p13_allows_and_the_model_says_so(
    standard: Resources, large: Resources
) -> None:
    for resources, profile, bound in ((standard, "standard", "0.60"), (large, "large", "0.06")):
        scenario = read_scenario(profile).with_requests_of(1)
        assert cost_of(resources, scenario, PRICES).per_million > Decimal(bound)


def test_a_small_deployment_idles_for_less_than_half_of_a_standard_one(
    standard: Resources, aws_with_every_option: Synthesis
) -> None:
    small = cost_of(resources_of(aws_with_every_option), read_scenario("small"), PRICES)

    assert small.idle < modelled(standard, "standard").idle / 2
    assert part(small, "event pollers kept") == 0


def test_the_arithmetic_is_that_of_the_template(standard: Resources) -> None:
    cost = modelled(standard, "standard")

    assert part(cost, "MSK brokers") == 3 * 730 * Decimal("0.204")
    assert part(cost, "event pollers kept") == 730 * Decimal("0.185")
    assert part(cost, "interface endpoints") == 3 * 3 * 730 * Decimal("0.01")
    assert part(cost, "NAT gateway") == 730 * Decimal("0.045")
    of = {kind: [one for one in standard.values() if one["Type"] == kind] for kind in CHARGED}
    metrics = sum(
        sum("MetricStat" in one for one in alarm["Properties"].get("Metrics", ())) or 1
        for alarm in of["AWS::CloudWatch::Alarm"]
    )
    assert part(cost, "alarms") == metrics * Decimal("0.10")
    assert part(cost, "keys") == len(of["AWS::KMS::Key"])
    secrets = len(of["AWS::SecretsManager::Secret"]) + 1  # RDS makes the owner's
    assert part(cost, "secrets") == secrets * Decimal("0.40")


def test_a_metric_is_paid_for_whoever_tells_it(standard: Resources) -> None:
    metrics = 30 + 9 * 5 + 5 * len(FUNCTIONS_OF)

    assert part(modelled(standard, "standard"), "metrics of ours") == metrics * Decimal("0.30")


def test_a_resource_or_a_size_that_nobody_priced_ends_the_reckoning_by_its_name(standard: Resources) -> None:
    robot = {"Robot": {"Type": "AWS::RoboMaker::Fleet"}, "Other": {"Type": "AWS::Neptune::DBCluster"}}
    with pytest.raises(NotPricedError, match="AWS::Neptune::DBCluster, AWS::RoboMaker::Fleet"):
        modelled({**standard, **robot}, "standard")
    volume = {"Volume": {"Type": "AWS::EC2::Volume", "Properties": {"VolumeType": "io3", "Size": 1}}}
    with pytest.raises(NotPricedError, match="'io3', for ClickHouse volume"):
        modelled({**standard, **volume}, "standard")


def test_what_is_free_has_its_reason_and_is_not_charged_too() -> None:
    assert all(len(reason) > 10 for reason in FREE.values())
    assert not FREE.keys() & CHARGED.keys()


def test_every_price_is_dated_and_names_a_page() -> None:
    import tomllib  # noqa: PLC0415 - for the form of the file alone

    document = tomllib.loads(FILE.read_text())
    assert PRICES.noted.year >= 2026
    for name, price in document["price"].items():
        assert document["pages"][price["page"]].startswith("https://aws.amazon.com/"), name
        assert Decimal(price["usd"]) > 0


def test_a_price_that_falls_beyond_so_many_is_taken_by_steps() -> None:
    line = PRICES.line("requests", "http api request", (400_000_000, "requests"))

    assert line.usd == 300 + 90
    assert line.arithmetic == "400,000,000 requests x 0.000001"


def test_what_does_not_fit_is_said(standard: Resources) -> None:
    found = shortages(sizes_of(standard), read_scenario("standard").of_events(10**10))

    told = "; ".join(map(str, found))
    for what in ("GiB on the brokers", "GiB on the ClickHouse node", "through the sink's partitions"):
        assert what in told


@pytest.mark.parametrize(
    ("expression", "calls"),
    [
        ("rate(1 minute)", "43776"),
        ("rate(5 minutes)", "8755.2"),
        ("rate(1 day)", "30.4"),
        ("cron(5 * * * ? *)", "729.6"),
        ("cron(3/15 * * * ? *)", "2918.4"),
        ("cron(35 3 * * ? *)", "30.4"),
    ],
)
def test_schedules_call_so_often(expression: str, calls: str) -> None:
    assert calls_a_month(expression) == Decimal(calls)


def test_a_schedule_that_is_not_read_is_not_free() -> None:
    with pytest.raises(NotPricedError, match="FRI"):
        calls_a_month("cron(0 3 ? * FRI *)")


def test_the_chart_has_a_line_for_each_profile_as_far_as_it_fits(standard: Resources, tmp_path: Path) -> None:
    scenario = read_scenario("standard")
    costs = [cost_of(standard, scenario.of_events(a_day), PRICES) for a_day in (10**6, 10**8, 10**10)]
    picture = drawn({"standard": costs}, "us-east-1")
    (tmp_path / "chart.svg").write_text(picture)

    assert [bool(cost.shortages) for cost in costs] == [False, False, True]
    assert picture.count("<circle") == 2
    assert "at most 0.06" in picture


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--scenario", "nowhere.toml"], "nowhere.toml: No such file or directory"),
        (["--scenario", "torn.toml"], "torn.toml: "),
        (["-c", "pace"], "'pace' is not flag=value"),
    ],
)
def test_what_cannot_be_read_is_misuse_before_anything_is_synthesised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    from infra.cost import __main__ as command  # noqa: PLC0415 - loads the CDK

    (tmp_path / "torn.toml").write_text("[profile\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        command.main(words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_machines_own_node_is_not_asked_where_it_is_too_old(tmp_path: Path) -> None:
    for name in ("node", "npm"):
        (tmp_path / name).write_text("#!/bin/sh\necho v18.0.0\n")
        (tmp_path / name).chmod(0o755)
    path = os.pathsep.join((str(tmp_path), os.environ["PATH"]))
    command = (sys.executable, "-m", "infra.cost", "--profile", "small", "--json")
    done = subprocess.run(  # noqa: S603 - our own words
        command, cwd=ROOT, env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["profiles"]
