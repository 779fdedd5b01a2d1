"""The worked examples of credits: cases of OpenMeter's own tests, each with the file it comes from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("worked_examples.json")


@dataclass(frozen=True)
class Example:
    id: str
    area: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]


def examples() -> dict[str, Example]:
    cases = json.loads(_FILE.read_text(encoding="utf-8"), parse_float=Decimal)
    return {case["id"]: Example(case["id"], case["area"], case["inputs"], case["expected"]) for case in cases}
