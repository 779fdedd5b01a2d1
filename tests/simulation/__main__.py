"""Replays a seed: `python -m tests.simulation HOUSE SEED [--without GUARD]` prints what happened, and what broke."""

import argparse
import sys

from tests.simulation.houses import HOUSES


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("house", choices=HOUSES)
    parser.add_argument("seed", type=int)
    guards = "; ".join(f"{name}: {', '.join(sorted(one.guards))}" for name, one in HOUSES.items())
    parser.add_argument("--without", metavar="GUARD", help=f"a guard that is taken away. {guards}")
    asked = parser.parse_args()
    house = HOUSES[asked.house]
    if asked.without is not None and asked.without not in house.guards:
        parser.error(f"{asked.house} has no guard {asked.without!r}")
    outcome = house.run(asked.seed, house.guards.get(asked.without), traced=True)
    sys.stdout.write("\n".join([*outcome.trace, outcome.fault or "all holds", ""]))
    return bool(outcome.fault)


if __name__ == "__main__":
    sys.exit(main())
