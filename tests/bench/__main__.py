"""`python -m tests.bench [--small] [P1 …]` prints what fast means here, measured; JSON goes to `.local/bench.json`."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from tests.bench.cold_start import import_handlers
from tests.bench.decode import decode_and_encode
from tests.bench.ingest import handle_ingest
from tests.bench.measure import Figure
from tests.bench.usage import sum_values

BENCHES: dict[str, Callable[..., list[Figure]]] = {
    "P1": decode_and_encode,
    "P2": handle_ingest,
    "P4": import_handlers,
    "P7": sum_values,
}
OUT = Path(".local/bench.json")


def main(arguments: list[str]) -> None:
    small = "--small" in arguments
    wanted = [name for name in arguments if name in BENCHES] or list(BENCHES)
    figures = [figure for name in wanted for figure in BENCHES[name](small=small)]
    for figure in figures:
        sign = ">=" if figure.is_least else "<="
        verdict = "holds" if figure.holds else "MISSED"
        print(
            f"{figure.name:32} {figure.ratio:7.2f} {figure.unit:2}  {sign} {figure.bound:6.2f} {figure.unit:2}  {verdict:6}  {figure.detail}"
        )
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
