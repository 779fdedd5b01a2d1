"""Replays a seed: `python -m tests.simulation SEED [--without GUARD]` prints what happened, and what does not hold."""

import argparse
import sys

from tests.simulation.guards import GUARDS
from tests.simulation.run import run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument(
        "--without", choices=sorted(GUARDS), metavar="GUARD", help=f"one of {', '.join(sorted(GUARDS))}"
    )
    asked = parser.parse_args()
    outcome = run(asked.seed, GUARDS.get(asked.without), traced=True)
    sys.stdout.write("\n".join([*outcome.trace, outcome.fault or "all holds", ""]))
    return bool(outcome.fault)


if __name__ == "__main__":
    sys.exit(main())
