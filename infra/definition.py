"""Where a workflow is written down."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "workflows"


def definition_of(name: str) -> Path:
    return FOLDER / f"{name}.asl.json"
