"""`python -m infra.cost`: what the profiles cost a month, from their own templates, with the arithmetic."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cost.chart import drawn
from infra.cost.model import Cost, cost_of
from infra.cost.prices import NotPricedError, Prices, read_prices
from infra.cost.report import print_cost, print_volumes
from infra.cost.scenario import FILE, read_scenario
from infra.flags import ContextError
from infra.profiles import PROFILES
from localstack.node import find_node, node_environment
from localstack.pages import ensure_packages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VOLUMES = [scale * 10**power for power in range(5, 10) for scale in (1, 3)] + [10**10, 3 * 10**10]
"""Events a day of the table and the chart."""


def main(arguments: Sequence[str] | None = None) -> int:
    asked = _asked(arguments)
    node = find_node()
    ensure_packages(node)
    os.environ.update(node_environment(node))
    from infra.cost.templates import synthesised  # noqa: PLC0415 - starts the node that is first on the PATH by then

    prices = read_prices()
    flags = dict(asked.context)
    try:
        made = {name: synthesised({**flags, "profile": name}) for name in asked.profile or PROFILES}
        costs = {name: cost_of(found, read_scenario(name, asked.scenario), prices) for name, found in made.items()}
        volumes = {name: _by_volume(found, costs[name], prices) for name, found in made.items()}
    except (ContextError, NotPricedError, KeyError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if asked.chart:
        asked.chart.write_text(drawn(volumes, f"{prices.region}, list prices of {prices.noted}"), encoding="utf-8")
    if asked.json:
        told = {"noted": str(prices.noted), "region": prices.region, "profiles": [c.document() for c in costs.values()]}
        sys.stdout.write(json.dumps(told, indent=2) + "\n")
        return 0
    for name, cost in costs.items():
        print_cost(cost, prices, {size: _of_size(made[name], cost, prices, size) for size in (1, 10, 100, 1000)})
    print_volumes(volumes)
    return 0


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make cost", description=__doc__)
    parser.add_argument("--profile", action="append", choices=tuple(PROFILES), help="this one alone; may be repeated")
    parser.add_argument("--scenario", type=_scenario, default=FILE, help="other assumptions, as in scenario.toml")
    parser.add_argument(
        "-c", "--context", action="append", type=_flag, default=[], metavar="flag=value", help="as cdk's"
    )
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    parser.add_argument("--chart", type=Path, help="where to draw the cost of a million events by volume, as SVG")
    return parser.parse_args(arguments)


def _scenario(text: str) -> Path:
    path = Path(text)
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None
    return path


def _flag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not flag=value")
    return name, value


def _by_volume(found: Mapping[str, Mapping[str, object]], cost: Cost, prices: Prices) -> list[Cost]:
    return [cost_of(found, cost.scenario.of_events(a_day), prices) for a_day in VOLUMES]


def _of_size(found: Mapping[str, Mapping[str, object]], cost: Cost, prices: Prices, size: int) -> Cost:
    return cost_of(found, cost.scenario.with_requests_of(size), prices)


if __name__ == "__main__":
    sys.exit(main())
